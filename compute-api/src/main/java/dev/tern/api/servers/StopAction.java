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

/** {@code os-stop}; the value does not matter, as in Nova. */
@Component
final class StopAction implements ServerAction {
  private final ServerStore servers;
  private final ServerAccess access;

  StopAction(ServerStore servers, ServerAccess access) {
    this.servers = servers;
    this.access = access;
  }

  @Override
  public String key() {
    return "os-stop";
  }

  @Override
  public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request) {
    ServerRecord server = access.find(serverId, request);
    request.caller().require(Role.MEMBER, "servers:stop");
    ServerAccess.requireUnlocked(server, request);
    return request.once(() -> {
      servers.requestStop(server.id(), request.by());
      return Json.empty(202);
    });
  }
}
