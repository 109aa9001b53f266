package dev.tern.api.servers;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.request.Page;
import dev.tern.store.BootTerms;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.List;
import java.util.function.Function;
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
  private final ServerViews views;
  private final BootWishes wishes;

  ServersController(
      ServerStore servers,
      ServerAccess access,
      ServerListing listing,
      CreateServer create,
      ServerViews views,
      BootWishes wishes) {
    this.servers = servers;
    this.access = access;
    this.listing = listing;
    this.create = create;
    this.views = views;
    this.wishes = wishes;
  }

  @GetMapping("/v2.1/servers")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    request.caller().require(Role.READER, "servers:index");
    return listed(request, _ -> views.of(request, List.of())::brief);
  }

  @GetMapping("/v2.1/servers/detail")
  ResponseEntity<JsonNode> detail(ApiRequest request) {
    request.caller().require(Role.READER, "servers:detail");
    return listed(request, found -> views.of(request, found)::detail);
  }

  private ResponseEntity<JsonNode> listed(
      ApiRequest request, Function<List<ServerRecord>, Function<ServerRecord, ObjectNode>> views) {
    Page page = request.page();
    List<ServerRecord> found = listing.list(request, page);
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("servers");
    Function<ServerRecord, ObjectNode> view = views.apply(found);
    found.forEach(server -> items.add(view.apply(server)));
    page.linkNext(body, "servers_links", found, server -> server.id().toString(), request);
    return Json.ok(body);
  }

  @GetMapping("/v2.1/servers/{id}")
  ResponseEntity<JsonNode> show(@PathVariable String id, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.READER, "servers:show");
    return Json.ok("server", views.of(request, List.of(server)).shown(server));
  }

  @PostMapping("/v2.1/servers")
  ResponseEntity<JsonNode> create(ApiRequest request, JsonBody body) {
    request.caller().require(Role.MEMBER, "servers:create");
    CreateServer.Asked asked = create.read(body, request);
    boolean byReservation = CreateServer.wantsReservation(body);
    BootTerms terms = wishes.terms(body, request);
    return request.once(() -> {
      List<ServerRecord> made = servers.requestCreate(asked.servers(), terms, request.by());
      return byReservation
          ? Json.status(
              202, Json.object().put("reservation_id", ServerView.reservation(made.getFirst())))
          : accepted(made.getFirst(), asked.adminPass(), request);
    });
  }

  private static ResponseEntity<JsonNode> accepted(
      ServerRecord first, String adminPass, ApiRequest request) {
    String path = "servers/" + first.id();
    ObjectNode server = Json.object().put("id", first.id().toString());
    server.set("links", request.links().both(path));
    server.put("OS-DCF:diskConfig", ServerView.diskConfig(first));
    server.putArray("security_groups").addObject().put("name", "default");
    server.put("adminPass", adminPass);
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
    ServerAccess.requireUnlocked(server, request);
    servers.requestDelete(server.id(), request.by());
    return Json.empty(204);
  }

  // ---- parts of a server that are always empty here, and that clients read to show it
  // ---------------------------------------

  @GetMapping("/v2.1/servers/{id}/os-interface")
  ResponseEntity<JsonNode> interfaces(@PathVariable String id, ApiRequest request) {
    return emptyList("interfaceAttachments", "os-attach-interfaces:list", id, request);
  }

  @GetMapping("/v2.1/servers/{id}/ips")
  ResponseEntity<JsonNode> addresses(@PathVariable String id, ApiRequest request) {
    access.find(id, request);
    request.caller().require(Role.READER, "ips:index");
    return Json.ok("addresses", Json.object());
  }

  private ResponseEntity<JsonNode> emptyList(
      String key, String rule, String id, ApiRequest request) {
    access.find(id, request);
    request.caller().require(Role.READER, rule);
    return Json.ok(key, Json.array());
  }
}
