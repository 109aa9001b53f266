package dev.tern.api.servers;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.version.Change;
import dev.tern.store.ServerEditStore;
import dev.tern.store.ServerEditStore.Edit;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/** {@code PUT /servers/{id}}: what its owner calls a server. */
@RestController
final class UpdateController {
  private final ServerEditStore edits;
  private final ServerAccess access;
  private final ServerViews views;

  UpdateController(ServerEditStore edits, ServerAccess access, ServerViews views) {
    this.edits = edits;
    this.access = access;
    this.views = views;
  }

  @PutMapping("/v2.1/servers/{id}")
  ResponseEntity<JsonNode> update(@PathVariable String id, ApiRequest request, JsonBody body) {
    body.refuseOthers(Set.of("server"));
    Edit edit = edit(body.object("server"), request);
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.MEMBER, "servers:update");
    ServerRecord updated = edits.edit(server.id(), edit);
    ServerView view = views.of(request, List.of(updated));
    return Json.ok(
        "server", request.has(Change.STRICT) ? view.shown(updated) : view.updated(updated));
  }

  private static Edit edit(JsonBody server, ApiRequest request) {
    Set<String> known =
        new HashSet<>(Set.of("name", "accessIPv4", "accessIPv6", "OS-DCF:diskConfig"));
    if (request.has(Change.SERVER_DESCRIPTION)) {
      known.add("description");
    }
    if (request.has(Change.HOSTNAME)) {
      known.add("hostname");
    }
    server.refuseOthers(known);
    return new Edit(
        server.has("name") ? Optional.of(ServerFields.name(server)) : Optional.empty(),
        server.has("description")
            ? Optional.of(ServerFields.description(server, request))
            : Optional.empty(),
        ServerFields.hostname(server, request),
        ServerFields.address(server, "accessIPv4", false),
        ServerFields.address(server, "accessIPv6", true),
        ServerFields.autoDisk(server));
  }
}
