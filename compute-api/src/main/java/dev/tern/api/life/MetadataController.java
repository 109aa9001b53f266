package dev.tern.api.life;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.quotas.Limits;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.servers.ServerFields;
import dev.tern.store.ServerEditStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /servers/{id}/metadata}: words about a server, for its owner and its config drive. */
@RestController
final class MetadataController {
  private static final String UPDATE = "update metadata";
  private static final String DELETE = "delete metadata";

  private final ServerEditStore edits;
  private final ServerAccess access;
  private final Limits limits;

  MetadataController(ServerEditStore edits, ServerAccess access, Limits limits) {
    this.edits = edits;
    this.access = access;
    this.limits = limits;
  }

  @GetMapping("/v2.1/servers/{id}/metadata")
  ResponseEntity<JsonNode> list(@PathVariable String id, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.READER, "server-metadata:index");
    return all(server);
  }

  /** What is named is added or replaced. */
  @PostMapping("/v2.1/servers/{id}/metadata")
  ResponseEntity<JsonNode> add(@PathVariable String id, ApiRequest request, JsonBody body) {
    Map<String, String> items = items(body, "metadata");
    ServerRecord server = changeable(id, request, "server-metadata:create");
    return request.once(() -> all(change(server, UPDATE, adding(server, items))));
  }

  /** Nothing else is left. */
  @PutMapping("/v2.1/servers/{id}/metadata")
  ResponseEntity<JsonNode> replace(@PathVariable String id, ApiRequest request, JsonBody body) {
    Map<String, String> items = items(body, "metadata");
    ServerRecord server = changeable(id, request, "server-metadata:update_all");
    limits.requireMetadata(server.project(), items.size());
    return all(change(server, UPDATE, _ -> items));
  }

  @GetMapping("/v2.1/servers/{id}/metadata/{key}")
  ResponseEntity<JsonNode> show(
      @PathVariable String id, @PathVariable String key, ApiRequest request) {
    Map<String, String> metadata = access.find(id, request).metadata();
    request.caller().require(Role.READER, "server-metadata:show");
    requireItem(metadata, key);
    return item(key, metadata);
  }

  @PutMapping("/v2.1/servers/{id}/metadata/{key}")
  ResponseEntity<JsonNode> put(
      @PathVariable String id, @PathVariable String key, ApiRequest request, JsonBody body) {
    Map<String, String> items = items(body, "meta");
    if (items.size() != 1) {
      throw Refusals.invalidField("meta", body.get("meta"), "It has to have one item.");
    }
    if (!items.containsKey(key)) {
      throw Refusals.invalid("Request body and URI mismatch");
    }
    ServerRecord server = changeable(id, request, "server-metadata:update");
    ServerRecord _ = change(server, UPDATE, adding(server, items));
    return item(key, items);
  }

  @DeleteMapping("/v2.1/servers/{id}/metadata/{key}")
  ResponseEntity<JsonNode> delete(
      @PathVariable String id, @PathVariable String key, ApiRequest request) {
    ServerRecord server = changeable(id, request, "server-metadata:delete");
    ServerRecord _ =
        change(
            server,
            DELETE,
            metadata -> {
              requireItem(metadata, key);
              metadata.remove(key);
              return metadata;
            });
    return Json.empty(204);
  }

  private static Map<String, String> items(JsonBody body, String name) {
    body.refuseOthers(Set.of(name));
    return ServerFields.metadata(body.object(name));
  }

  private UnaryOperator<Map<String, String>> adding(
      ServerRecord server, Map<String, String> items) {
    return metadata -> {
      metadata.putAll(items);
      limits.requireMetadata(server.project(), metadata.size());
      return metadata;
    };
  }

  private ServerRecord changeable(String id, ApiRequest request, String rule) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.MEMBER, rule);
    ServerAccess.requireUnlocked(server, request);
    return server;
  }

  private ServerRecord change(
      ServerRecord server, String action, UnaryOperator<Map<String, String>> change) {
    return edits.changeMetadata(server.id(), action, change);
  }

  private static void requireItem(Map<String, String> metadata, String key) {
    if (!metadata.containsKey(key)) {
      throw new HttpFailure(404, "Metadata item was not found");
    }
  }

  private static ResponseEntity<JsonNode> all(ServerRecord server) {
    ObjectNode metadata = Json.object();
    new TreeMap<>(server.metadata()).forEach(metadata::put);
    return Json.ok("metadata", metadata);
  }

  private static ResponseEntity<JsonNode> item(String key, Map<String, String> metadata) {
    return Json.ok("meta", Json.object().put(key, metadata.get(key)));
  }
}
