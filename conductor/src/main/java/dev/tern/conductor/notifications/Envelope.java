package dev.tern.conductor.notifications;

import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * A message as oslo.messaging has it since its version 2: the notification as text within an
 * envelope. Sent again it has the same id.
 *
 * @param priority the last part of the routing key
 */
record Envelope(String id, String priority, String body) {
  private static final JsonMapper MAPPER = JsonMapper.shared();
  private static final DateTimeFormatter MICROS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSSSSS").withZone(ZoneOffset.UTC);

  /**
   * Which of those of its change an occasion is, is part of its id.
   *
   * @param place counted from 0
   */
  static Envelope of(Change change, Occasion occasion, int place) {
    String id =
        UUID.nameUUIDFromBytes(
                "%d/%s/%s/%d"
                    .formatted(change.number(), change.at(), occasion.event(), place)
                    .getBytes(StandardCharsets.UTF_8))
            .toString();
    Map<String, @Nullable Object> message = new LinkedHashMap<>();
    message.put("message_id", id);
    message.put("publisher_id", occasion.publisher() + ":" + occasion.host());
    message.put("event_type", occasion.event());
    message.put("priority", occasion.error() ? "ERROR" : "INFO");
    message.put("timestamp", MICROS.format(change.at()));
    message.put("payload", Payloads.of(change, occasion));
    return new Envelope(
        id,
        occasion.error() ? "error" : "info",
        MAPPER.writeValueAsString(
            Map.of("oslo.version", "2.0", "oslo.message", MAPPER.writeValueAsString(message))));
  }
}
