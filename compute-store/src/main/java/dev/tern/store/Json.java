package dev.tern.store;

import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.move.DiskPlace;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON in columns. Fields that an older version of Tern does not know are passed over. */
final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  private static final TypeReference<Map<String, String>> TEXTS = new TypeReference<>() {};

  private static final TypeReference<Map<String, Way>> WAYS = new TypeReference<>() {};

  private static final TypeReference<Map<String, DiskPlace>> PLACES = new TypeReference<>() {};

  private static final int MOST_REMEMBERED = 256;

  private record Column(Class<?> type, String text) {}

  private static final Map<Column, Object> READ = new ConcurrentHashMap<>();

  private Json() {}

  static String of(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  static String ofTexts(Map<String, String> texts) {
    return MAPPER.writeValueAsString(new TreeMap<>(texts));
  }

  /**
   * What a text says. Rows are read far more often than they change, so the newest answers are
   * remembered; all of them are values.
   */
  static <T> T read(Class<T> type, String json) {
    Column column = new Column(type, json);
    Object known = READ.get(column);
    if (known == null) {
      known = MAPPER.readValue(json, type);
      if (READ.size() >= MOST_REMEMBERED) {
        READ.clear();
      }
      READ.put(column, known);
    }
    return type.cast(known);
  }

  static String ofWays(Map<String, Way> ways) {
    return MAPPER.writeValueAsString(new TreeMap<>(ways));
  }

  static Map<String, Way> ways(String json) {
    return MAPPER.readValue(json, WAYS);
  }

  static String ofPlaces(Map<String, DiskPlace> places) {
    return MAPPER.writeValueAsString(new TreeMap<>(places));
  }

  static Map<String, DiskPlace> places(String json) {
    return MAPPER.readValue(json, PLACES);
  }

  static Map<String, String> texts(String json) {
    return MAPPER.readValue(json, TEXTS);
  }
}
