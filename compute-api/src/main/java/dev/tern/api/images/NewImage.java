package dev.tern.api.images;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.JsonBody;
import dev.tern.contract.ImageId;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import tools.jackson.databind.JsonNode;

/**
 * Reads the body that makes an image. Every field that Glance does not know is a property, and
 * text.
 */
final class NewImage {
  private static final Set<String> FIELDS =
      Set.of(
          "id",
          "name",
          "disk_format",
          "container_format",
          "visibility",
          "min_disk",
          "min_ram",
          "protected",
          "tags",
          "os_hidden",
          "owner");
  private static final Set<String> READ_ONLY =
      Set.of(
          "status",
          "size",
          "virtual_size",
          "checksum",
          "created_at",
          "updated_at",
          "self",
          "file",
          "schema",
          "direct_url",
          "locations",
          "os_hash_algo",
          "os_hash_value");
  private static final Set<String> DISK_FORMATS = Set.of("qcow2", "raw", "aki", "ari");
  private static final Set<String> CONTAINERS = Set.of("bare", "aki", "ari");
  private static final Set<String> VISIBILITIES =
      Set.of("public", "private", "shared", "community");
  private static final int MAX_PROPERTIES = 128;

  private NewImage() {}

  static ImageRecord read(JsonBody body, ApiRequest request, UUID fresh, Instant now) {
    for (String field : body.node().propertyNames()) {
      if (READ_ONLY.contains(field)) {
        throw Refusals.forbidden("images:%s is read-only:".formatted(field));
      }
    }
    refuseWhatIsNotKept(body, request);
    String format = oneOf(body, "disk_format", DISK_FORMATS);
    String container =
        body.given("container_format") ? oneOf(body, "container_format", CONTAINERS) : "bare";
    String visibility =
        body.given("visibility") ? oneOf(body, "visibility", VISIBILITIES) : "shared";
    if (visibility.equals("public")) {
      request.caller().require(Role.ADMIN, "images:publicize_image");
    }
    ImageId id = body.given("id") ? id(body) : new ImageId(fresh);
    return new ImageRecord(
        id,
        body.optionalText("name", 0, 255).orElse(""),
        request.caller().project(),
        format,
        container,
        visibility,
        ImageStatus.QUEUED,
        body.given("min_disk") ? body.integer("min_disk", 0, Integer.MAX_VALUE) : 0,
        body.given("min_ram") ? body.integer("min_ram", 0, Integer.MAX_VALUE) : 0,
        body.flagOr("protected", false),
        properties(body),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        now,
        now);
  }

  /** Fields of Glance's that would be left out without a word. */
  private static void refuseWhatIsNotKept(JsonBody body, ApiRequest request) {
    JsonNode tags = body.get("tags");
    if (tags != null && !tags.isNull() && !(tags.isArray() && tags.isEmpty())) {
      throw body.invalid("tags", "Images have no tags here: a property says the same.");
    }
    if (body.given("os_hidden") && body.flag("os_hidden")) {
      throw body.invalid("os_hidden", "No image can be hidden here.");
    }
    if (body.given("owner") && !body.text("owner", 0, 255).equals(request.caller().project())) {
      throw body.invalid("owner", "An image is its maker's project's.");
    }
  }

  private static ImageId id(JsonBody body) {
    try {
      return ImageId.parse(body.text("id", 1, 36));
    } catch (IllegalArgumentException e) {
      throw body.invalid("id", "It is not a UUID.");
    }
  }

  private static String oneOf(JsonBody body, String field, Set<String> values) {
    String value = body.text(field, 1, 255);
    if (!values.contains(value)) {
      throw body.invalid(
          field, "It is not one of %s.".formatted(values.stream().sorted().toList()));
    }
    return value;
  }

  private static Map<String, String> properties(JsonBody body) {
    Map<String, String> properties = new LinkedHashMap<>();
    for (String field : body.node().propertyNames()) {
      if (FIELDS.contains(field)) {
        continue;
      }
      JsonNode value = body.required(field);
      if (value.isNull()) {
        continue;
      }
      if (field.isEmpty() || field.length() > 255) {
        throw Refusals.invalid("Names of properties have 1 to 255 characters.");
      }
      properties.put(field, body.text(field, 0, 4096));
    }
    if (properties.size() > MAX_PROPERTIES) {
      throw new dev.tern.api.errors.HttpFailure(
          413, "An image has at most %d properties.".formatted(MAX_PROPERTIES));
    }
    return properties;
  }
}
