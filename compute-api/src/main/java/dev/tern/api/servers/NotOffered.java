package dev.tern.api.servers;

import dev.tern.api.request.JsonBody;
import dev.tern.contract.ComputeException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Parts of Nova's create that do not exist here: asking for them is refused, never ignored. Saying
 * that one does not want them is fine.
 */
final class NotOffered {
  private static final List<String> MUST_BE_EMPTY =
      List.of("block_device_mapping", "personality", "trusted_image_certificates");

  private NotOffered() {}

  static void refuse(JsonBody server) {
    for (String field : MUST_BE_EMPTY) {
      if (!empty(server.get(field))) {
        throw notOffered(server, field);
      }
    }
    refuseSecurityGroups(server);
  }

  private static void refuseSecurityGroups(JsonBody server) {
    JsonNode groups = server.get("security_groups");
    if (groups == null) {
      return;
    }
    if (!groups.isArray()) {
      throw server.wrongType("security_groups", "array");
    }
    for (JsonNode group : groups) {
      JsonNode name = group.get("name");
      if (name == null || !name.isString() || !name.stringValue().equals("default")) {
        throw notOffered(server, "security_groups");
      }
    }
  }

  private static boolean empty(@Nullable JsonNode value) {
    return value == null
        || value.isNull()
        || (value.isContainer() && value.isEmpty())
        || (value.isString() && value.stringValue().isEmpty());
  }

  private static ComputeException notOffered(JsonBody object, String field) {
    return object.invalid(field, "'%s' is not offered by this cloud.".formatted(field));
  }
}
