package dev.tern.api.life;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.servers.ServerFields;
import dev.tern.api.version.Offered;
import dev.tern.store.ServerEditStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/** {@code /servers/{id}/tags}: words that lists of servers are filtered by. */
@RestController
final class TagsController {
  private final ServerEditStore edits;
  private final ServerAccess access;

  TagsController(ServerEditStore edits, ServerAccess access) {
    this.edits = edits;
    this.access = access;
  }

  @Offered(from = 26)
  @GetMapping("/v2.1/servers/{id}/tags")
  ResponseEntity<JsonNode> list(@PathVariable String id, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.READER, "os-server-tags:index");
    return all(server);
  }

  /** Nothing else is left. */
  @Offered(from = 26)
  @PutMapping("/v2.1/servers/{id}/tags")
  ResponseEntity<JsonNode> replace(@PathVariable String id, ApiRequest request, JsonBody body) {
    body.refuseOthers(Set.of("tags"));
    JsonNode _ = body.required("tags");
    SortedSet<String> tags = ServerFields.tags(body);
    ServerRecord server = changeable(id, request, "os-server-tags:update_all");
    return all(edits.changeTags(server.id(), "update tags", _ -> tags));
  }

  @Offered(from = 26)
  @DeleteMapping("/v2.1/servers/{id}/tags")
  ResponseEntity<JsonNode> deleteAll(@PathVariable String id, ApiRequest request) {
    ServerRecord server = changeable(id, request, "os-server-tags:delete_all");
    ServerRecord _ = edits.changeTags(server.id(), "delete tags", _ -> new TreeSet<>());
    return Json.empty(204);
  }

  @Offered(from = 26)
  @GetMapping("/v2.1/servers/{id}/tags/{tag}")
  ResponseEntity<JsonNode> show(
      @PathVariable String id, @PathVariable String tag, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.READER, "os-server-tags:show");
    requireTag(server, server.labels().tags(), tag);
    return Json.empty(204);
  }

  /** 201 when the server did not have it. */
  @Offered(from = 26)
  @PutMapping("/v2.1/servers/{id}/tags/{tag}")
  ResponseEntity<JsonNode> add(
      @PathVariable String id, @PathVariable String tag, ApiRequest request) {
    if (!ServerFields.isTag(tag)) {
      throw Refusals.invalid(
          "Tag '%s' is invalid. It must be a non empty string without characters '/' and ',', of at most 60 characters."
              .formatted(Refusals.shortened(tag)));
    }
    ServerRecord server = changeable(id, request, "os-server-tags:update");
    boolean[] isNew = {false};
    UnaryOperator<SortedSet<String>> adding =
        tags -> {
          isNew[0] = tags.add(tag);
          if (tags.size() > ServerFields.MAX_TAGS) {
            throw Refusals.invalid(
                "The number of tags exceeded the per-server limit %d"
                    .formatted(ServerFields.MAX_TAGS));
          }
          return tags;
        };
    ServerRecord _ = edits.changeTags(server.id(), "update tag", adding);
    if (!isNew[0]) {
      return Json.empty(204);
    }
    String path = "servers/%s/tags/%s".formatted(server.id(), tag);
    return ResponseEntity.status(201)
        .header(HttpHeaders.LOCATION, request.links().self(path))
        .build();
  }

  @Offered(from = 26)
  @DeleteMapping("/v2.1/servers/{id}/tags/{tag}")
  ResponseEntity<JsonNode> delete(
      @PathVariable String id, @PathVariable String tag, ApiRequest request) {
    ServerRecord server = changeable(id, request, "os-server-tags:delete");
    ServerRecord _ =
        edits.changeTags(
            server.id(),
            "delete tag",
            tags -> {
              requireTag(server, tags, tag);
              tags.remove(tag);
              return tags;
            });
    return Json.empty(204);
  }

  private ServerRecord changeable(String id, ApiRequest request, String rule) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.MEMBER, rule);
    return server;
  }

  private static void requireTag(ServerRecord server, Set<String> tags, String tag) {
    if (!tags.contains(tag)) {
      throw new HttpFailure(
          404, "Server %s has no tag '%s'".formatted(server.id(), Refusals.shortened(tag)));
    }
  }

  private static ResponseEntity<JsonNode> all(ServerRecord server) {
    ArrayNode tags = Json.array();
    server.labels().tags().forEach(tags::add);
    return Json.ok("tags", tags);
  }
}
