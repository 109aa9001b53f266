package dev.tern.api.servers;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.request.Page;
import dev.tern.api.version.Offered;
import dev.tern.store.ImageStore;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.NewServer;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /servers}. */
@RestController
final class ServersController {
  private final ServerStore servers;
  private final ServerAccess access;
  private final ServerListing listing;
  private final CreateServer create;
  private final ImageStore images;
  private final HostStatus hostStatus;

  ServersController(
      ServerStore servers,
      ServerAccess access,
      ServerListing listing,
      CreateServer create,
      ImageStore images,
      HostStatus hostStatus) {
    this.servers = servers;
    this.access = access;
    this.listing = listing;
    this.create = create;
    this.images = images;
    this.hostStatus = hostStatus;
  }

  @GetMapping("/v2.1/servers")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    ServerView view = view(request);
    return listed(request, view::brief);
  }

  @GetMapping("/v2.1/servers/detail")
  ResponseEntity<JsonNode> detail(ApiRequest request) {
    ServerView view = view(request);
    return listed(request, view::detail);
  }

  private ResponseEntity<JsonNode> listed(
      ApiRequest request, java.util.function.Function<ServerRecord, ObjectNode> view) {
    Page page = request.page();
    List<ServerRecord> found = listing.list(request, page);
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("servers");
    found.forEach(server -> items.add(view.apply(server)));
    page.linkNext(body, "servers_links", found, server -> server.id().toString(), request);
    return Json.ok(body);
  }

  @GetMapping("/v2.1/servers/{id}")
  ResponseEntity<JsonNode> show(@PathVariable String id, ApiRequest request) {
    return Json.ok("server", view(request).shown(access.find(id, request)));
  }

  @PostMapping("/v2.1/servers")
  ResponseEntity<JsonNode> create(ApiRequest request, JsonBody body) {
    request.caller().require(Role.MEMBER, "servers:create");
    List<NewServer> asked = create.read(body, request);
    List<ServerRecord> made =
        asked.stream().map(server -> servers.requestCreate(server, request.by())).toList();
    String path = "servers/" + made.getFirst().id();
    ObjectNode server = Json.object().put("id", made.getFirst().id().toString());
    server.set("links", request.links().both(path));
    server.put("OS-DCF:diskConfig", "AUTO");
    server.putArray("security_groups").addObject().put("name", "default");
    ObjectNode reply = Json.object();
    reply.set("server", server);
    return ResponseEntity.status(202)
        .contentType(MediaType.APPLICATION_JSON)
        .header(HttpHeaders.LOCATION, request.links().self(path))
        .body(reply);
  }

  @DeleteMapping("/v2.1/servers/{id}")
  ResponseEntity<JsonNode> delete(@PathVariable String id, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.MEMBER, "servers:delete");
    servers.requestDelete(server.id(), request.by());
    return Json.empty(204);
  }

  // ---- parts of a server that are always empty here, and that clients read to show it
  // ---------------------------------------

  @GetMapping("/v2.1/servers/{id}/os-volume_attachments")
  ResponseEntity<JsonNode> volumes(@PathVariable String id, ApiRequest request) {
    return emptyList("volumeAttachments", id, request);
  }

  @GetMapping("/v2.1/servers/{id}/os-interface")
  ResponseEntity<JsonNode> interfaces(@PathVariable String id, ApiRequest request) {
    return emptyList("interfaceAttachments", id, request);
  }

  @Offered(from = 26)
  @GetMapping("/v2.1/servers/{id}/tags")
  ResponseEntity<JsonNode> tags(@PathVariable String id, ApiRequest request) {
    return emptyList("tags", id, request);
  }

  @GetMapping("/v2.1/servers/{id}/ips")
  ResponseEntity<JsonNode> addresses(@PathVariable String id, ApiRequest request) {
    access.find(id, request);
    return Json.ok("addresses", Json.object());
  }

  @GetMapping("/v2.1/servers/{id}/metadata")
  ResponseEntity<JsonNode> metadata(@PathVariable String id, ApiRequest request) {
    ObjectNode metadata = Json.object();
    access.find(id, request).metadata().forEach(metadata::put);
    return Json.ok("metadata", metadata);
  }

  private ResponseEntity<JsonNode> emptyList(String key, String id, ApiRequest request) {
    access.find(id, request);
    return Json.ok(key, Json.array());
  }

  private ServerView view(ApiRequest request) {
    return new ServerView(request, hostStatus::of, images);
  }
}
