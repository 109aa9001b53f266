package dev.tern.virt.qmp;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Commands to JSON and back. */
final class QmpJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE)
          .changeDefaultPropertyInclusion(
              inclusion -> inclusion.withValueInclusion(JsonInclude.Include.NON_NULL))
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();
  private static final Set<String> UNDERSCORED =
      Set.of(
          "qmp-capabilities",
          "device-add",
          "device-del",
          "system-powerdown",
          "migrate-cancel",
          "block-set-io-throttle");
  private static final ConcurrentHashMap<Class<?>, JavaType> ANSWERS = new ConcurrentHashMap<>();

  private QmpJson() {}

  /** QEMU's name of a command: a few old ones are spelled with an underscore. */
  static String commandName(Class<?> command) {
    String name = kebab(command.getSimpleName());
    return UNDERSCORED.contains(name) ? name.replace('-', '_') : name;
  }

  private static String kebab(String camel) {
    return camel.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
  }

  /** One value as QEMU reads it on its command line or in a command. */
  static String text(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  static String request(QmpCommand<?> command, long id, boolean outOfBand) {
    ObjectNode line = MAPPER.createObjectNode();
    line.put(outOfBand ? "exec-oob" : "execute", command.command());
    JsonNode arguments = MAPPER.valueToTree(command);
    if (!arguments.isEmpty()) {
      line.set("arguments", arguments);
    }
    line.put("id", id);
    return MAPPER.writeValueAsString(line);
  }

  /**
   * @throws JacksonException when it is not JSON
   */
  static JsonNode parse(byte[] bytes, int length) {
    return MAPPER.readTree(bytes, 0, length);
  }

  /**
   * @throws JacksonException when the answer does not have the shape the command expects
   */
  @SuppressWarnings("unchecked") // The answer's type is read from the command's own declaration.
  static <R> @Nullable R answer(QmpCommand<R> command, JsonNode returned) {
    JavaType type = ANSWERS.computeIfAbsent(command.getClass(), QmpJson::answerType);
    return type.hasRawClass(Void.class) ? null : (R) MAPPER.treeToValue(returned, type);
  }

  private static JavaType answerType(Class<?> command) {
    for (Type face : command.getGenericInterfaces()) {
      if (face instanceof ParameterizedType generic
          && generic.getRawType() instanceof Class<?> raw
          && QmpCommand.class.isAssignableFrom(raw)) {
        return MAPPER.getTypeFactory().constructType(generic.getActualTypeArguments()[0]);
      }
    }
    throw new IllegalStateException(command + " does not say what QEMU returns.");
  }
}
