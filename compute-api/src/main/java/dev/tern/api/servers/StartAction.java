package dev.tern.api.servers;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerRecord;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** {@code os-start}; the value does not matter, as in Nova. */
@Component
final class StartAction implements ServerAction {
  private final ServerStore servers;
  private final ServerAccess access;

  StartAction(ServerStore servers, ServerAccess access) {
    this.servers = servers;
    this.access = access;
  }

  @Override
  public String key() {
    return "os-start";
  }

  @Override
  public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request) {
    ServerRecord server = access.find(serverId, request);
    request.caller().require(Role.MEMBER, "servers:start");
    ServerAccess.requireUnlocked(server, request);
    return request.once(() -> {
      servers.requestStart(server.id(), request.by());
      return Json.empty(202);
    });
  }
}
