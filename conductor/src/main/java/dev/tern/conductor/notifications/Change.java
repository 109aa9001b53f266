package dev.tern.conductor.notifications;

import dev.tern.store.NotificationStore.Cause;
import dev.tern.store.NotificationStore.Noted;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/** A {@link Noted} whose rows can be asked for their columns. */
record Change(
    long number,
    Cause cause,
    Instant at,
    JsonNode was,
    JsonNode becomes,
    JsonNode server,
    JsonNode action) {
  private static final JsonMapper MAPPER = JsonMapper.shared();

  static Change of(Noted noted) {
    return new Change(
        noted.number(),
        noted.cause(),
        noted.at(),
        tree(noted.was()),
        MAPPER.readTree(noted.becomes()),
        MAPPER.readTree(noted.server()),
        tree(noted.action()));
  }

  private static JsonNode tree(Optional<String> json) {
    return json.<JsonNode>map(MAPPER::readTree).orElse(MissingNode.getInstance());
  }

  /** Whether a column has another value than before. */
  boolean differs(String column) {
    return !was.path(column).equals(becomes.path(column));
  }

  static @Nullable String text(JsonNode row, String column) {
    JsonNode value = row.path(column);
    return value.isMissingNode() || value.isNull() ? null : value.asString();
  }

  static String textOr(JsonNode row, String column, String otherwise) {
    String value = text(row, column);
    return value == null ? otherwise : value;
  }
}
