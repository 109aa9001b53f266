package dev.tern.contract.amqp;

import dev.tern.contract.amqp.MalformedMessageException.Reason;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.exc.InvalidTypeIdException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Messages as bytes: {@code {"version":1,"kind":"AgentRequest","message":{…}}}. The reader says
 * which kind it expects; the types it can become are the permitted records of that kind, so that no
 * name from outside ever chooses a class.
 *
 * <p>Fields nobody knows are ignored and absent {@code Optional}s are empty, so that a field can be
 * added without a new version; any other absent or null field is refused.
 */
public final class Wire {
  /** Rises when an older reader would misunderstand a message. */
  public static final int VERSION = 1;

  /** Larger messages are refused unread. */
  public static final int MAX_BYTES = 4 << 20;

  private static final int MAX_DEPTH = 32;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxDocumentLength(MAX_BYTES)
                          .maxNestingDepth(MAX_DEPTH)
                          .maxStringLength(MAX_BYTES)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(
              DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES,
              DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
              DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
          .disable(
              DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
              DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .disable(
              DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS,
              DateTimeFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
          .build();

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_]{1,64}");

  private Wire() {}

  /**
   * @param kind the message's sealed interface, or its record when it has none
   */
  public static <T> byte[] write(Class<T> kind, T message) {
    ObjectNode envelope = MAPPER.createObjectNode();
    envelope.put("version", VERSION);
    envelope.put("kind", kind.getSimpleName());
    envelope.set("message", MAPPER.readTree(MAPPER.writerFor(kind).writeValueAsBytes(message)));
    return MAPPER.writeValueAsBytes(envelope);
  }

  /**
   * @throws MalformedMessageException when the bytes are not a message of that kind; its reason
   *     says why, and nothing of them is kept
   */
  public static <T> T read(Class<T> kind, byte[] bytes) throws MalformedMessageException {
    JsonNode message = open(kind, bytes);
    try {
      return MAPPER.readerFor(kind).readValue(message);
    } catch (InvalidTypeIdException e) {
      throw malformed(Reason.UNKNOWN_TYPE, "no such " + kind.getSimpleName(), e);
    } catch (JacksonException e) {
      throw malformed(Reason.INVALID_CONTENT, "not a valid " + kind.getSimpleName(), e);
    }
  }

  /**
   * Reads a message that stands without its envelope, as the database keeps it.
   *
   * @throws MalformedMessageException when it is not a message of that kind
   */
  static <T> T readBare(Class<T> kind, String json) throws MalformedMessageException {
    try {
      return MAPPER.readerFor(kind).readValue(json);
    } catch (JacksonException e) {
      throw malformed(Reason.INVALID_CONTENT, "not a valid " + kind.getSimpleName(), e);
    }
  }

  /** Kind and type of a message that may be unreadable otherwise, as far as they can be seen. */
  static Optional<String> typeOf(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      return Optional.empty();
    }
    JsonNode envelope;
    try {
      envelope = MAPPER.readTree(bytes);
    } catch (JacksonException e) {
      return Optional.empty();
    }
    return Stream.of(envelope.path("kind"), envelope.path("message").path("type"))
        .filter(JsonNode::isString)
        .map(JsonNode::stringValue)
        .filter(name -> NAME.matcher(name).matches())
        .reduce((kind, type) -> kind + "." + type);
  }

  private static JsonNode open(Class<?> kind, byte[] bytes) throws MalformedMessageException {
    if (bytes.length > MAX_BYTES) {
      throw malformed(Reason.TOO_LARGE, "%d bytes".formatted(bytes.length), null);
    }
    JsonNode envelope;
    try {
      envelope = MAPPER.readTree(bytes);
    } catch (StreamReadException e) {
      throw malformed(Reason.NOT_JSON, "not JSON", e);
    } catch (JacksonException e) {
      throw malformed(Reason.NOT_JSON, "not JSON within the bounds", e);
    }
    JsonNode version = envelope.path("version");
    JsonNode message = envelope.path("message");
    if (!version.isInt() || !envelope.path("kind").isString() || !message.isObject()) {
      throw malformed(Reason.NO_ENVELOPE, "version, kind or message is missing", null);
    }
    if (version.intValue() > VERSION) {
      throw malformed(
          Reason.NEWER_VERSION,
          "version %d, and this process knows up to %d".formatted(version.intValue(), VERSION),
          null);
    }
    if (!kind.getSimpleName().equals(envelope.path("kind").stringValue())) {
      throw malformed(Reason.WRONG_KIND, "not a " + kind.getSimpleName(), null);
    }
    return message;
  }

  private static MalformedMessageException malformed(
      Reason reason, String what, @Nullable Throwable cause) {
    return new MalformedMessageException(reason, what, cause);
  }
}
