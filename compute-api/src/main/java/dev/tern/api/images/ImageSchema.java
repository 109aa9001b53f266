package dev.tern.api.images;

import dev.tern.api.request.Json;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an image looks like, for clients that ask before they read one, as {@code glance} and
 * Horizon do.
 */
final class ImageSchema {
  private static final List<String> FORMATS = List.of("aki", "ari", "qcow2", "raw");
  private static final List<String> CONTAINERS = List.of("aki", "ari", "bare");
  private static final List<String> VISIBLE =
      List.of("community", "public", "private", "shared", "all");
  private static final List<String> STATUSES = List.of("queued", "saving", "active", "deleted");

  private ImageSchema() {}

  /** Of one image; fields beside these are its properties, which are texts. */
  static ObjectNode one() {
    ObjectNode schema = Json.object().put("name", "image");
    schema.set("properties", properties());
    schema.putObject("additionalProperties").put("type", "string");
    ObjectNode self = schema.putArray("links").addObject();
    self.put("rel", "self").put("href", "{self}");
    return schema;
  }

  /** Of a list of them. */
  static ObjectNode list() {
    ObjectNode schema = Json.object().put("name", "images");
    ObjectNode properties = schema.putObject("properties");
    ObjectNode images = properties.putObject("images").put("type", "array");
    images.set("items", one());
    for (String link : List.of("first", "next", "schema")) {
      properties.putObject(link).put("type", "string");
    }
    ObjectNode first = schema.putArray("links").addObject();
    first.put("rel", "first").put("href", "{first}");
    return schema;
  }

  private static ObjectNode properties() {
    ObjectNode all = Json.object();
    text(all, "id", false, true);
    text(all, "name", true, false);
    chosen(all, "status", STATUSES, false).put("readOnly", true);
    chosen(all, "disk_format", FORMATS, true);
    chosen(all, "container_format", CONTAINERS, true);
    chosen(all, "visibility", VISIBLE, false);
    text(all, "owner", true, false);
    all.putObject("min_disk").put("type", "integer");
    all.putObject("min_ram").put("type", "integer");
    all.putObject("protected").put("type", "boolean");
    all.putObject("os_hidden").put("type", "boolean");
    for (String size : List.of("size", "virtual_size")) {
      ObjectNode field = all.putObject(size);
      field.putArray("type").add("null").add("integer");
      field.put("readOnly", true);
    }
    for (String made : List.of("checksum", "os_hash_algo", "os_hash_value")) {
      text(all, made, true, true);
    }
    for (String made : List.of("created_at", "updated_at", "self", "file", "schema")) {
      text(all, made, false, true);
    }
    ObjectNode tags = all.putObject("tags").put("type", "array");
    tags.putObject("items").put("type", "string").put("maxLength", 255);
    return all;
  }

  private static ObjectNode text(ObjectNode all, String name, boolean mayBeNull, boolean readOnly) {
    ObjectNode field = all.putObject(name);
    if (mayBeNull) {
      field.putArray("type").add("null").add("string");
    } else {
      field.put("type", "string");
    }
    return readOnly ? field.put("readOnly", true) : field;
  }

  private static ObjectNode chosen(
      ObjectNode all, String name, List<String> values, boolean mayBeNull) {
    ObjectNode field = text(all, name, mayBeNull, false);
    var known = field.putArray("enum");
    if (mayBeNull) {
      known.addNull();
    }
    values.forEach(known::add);
    return field;
  }
}
