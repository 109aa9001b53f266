package dev.tern.api.request;

import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Answers. The type is always said, so that no Accept header turns an answer into a refusal. */
public final class Json {
  private Json() {}

  public static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  public static ArrayNode array() {
    return JsonNodeFactory.instance.arrayNode();
  }

  /** {@code {"<key>": value}}. */
  public static ResponseEntity<JsonNode> ok(String key, JsonNode value) {
    ObjectNode body = object();
    body.set(key, value);
    return ok(body);
  }

  public static ResponseEntity<JsonNode> ok(JsonNode body) {
    return status(200, body);
  }

  public static ResponseEntity<JsonNode> status(int status, JsonNode body) {
    return ResponseEntity.status(status).contentType(MediaType.APPLICATION_JSON).body(body);
  }

  /** 202 and 204 have no body. */
  public static ResponseEntity<JsonNode> empty(int status) {
    return ResponseEntity.status(status).build();
  }

  public static void putOrNull(ObjectNode object, String key, @Nullable Object value) {
    if (value == null) {
      object.putNull(key);
    } else {
      object.put(key, value.toString());
    }
  }
}
