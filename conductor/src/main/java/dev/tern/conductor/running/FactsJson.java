package dev.tern.conductor.running;

import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Facts as they stand in the database. Fields unknown here are ignored: a newer conductor may have
 * written them.
 */
final class FactsJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .disable(
              DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
              DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .disable(
              DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS,
              DateTimeFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
          .build();

  private FactsJson() {}

  static String write(Object facts) {
    return MAPPER.writeValueAsString(facts);
  }

  static <F> F read(Class<F> type, String json) {
    return MAPPER.readValue(json, type);
  }
}
