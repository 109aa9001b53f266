package dev.tern.api.life;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.servers.ServerAction;
import dev.tern.contract.VmState;
import dev.tern.store.ServerEditStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/**
 * {@code os-resetState}: an administrator says what a server is. Not while something is being done
 * to it: that ends by itself, and what is said meanwhile would be of no effect.
 */
@Component
final class ResetStateAction implements ServerAction {
  private final ServerEditStore edits;
  private final ServerAccess access;

  ResetStateAction(ServerEditStore edits, ServerAccess access) {
    this.edits = edits;
    this.access = access;
  }

  @Override
  public String key() {
    return "os-resetState";
  }

  @Override
  public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request) {
    VmState state = state(body.object(key()));
    ServerRecord server = access.find(serverId, request);
    request.caller().require(Role.ADMIN, "os-admin-actions:reset_state");
    return request.once(() -> {
      edits.resetState(server.id(), state, request.by());
      return Json.empty(202);
    });
  }

  private static VmState state(JsonBody body) {
    body.refuseOthers(Set.of("state"));
    return switch (body.text("state", 1, 255)) {
      case "active" -> VmState.ACTIVE;
      case "error" -> VmState.ERROR;
      default ->
          throw body.invalid(
              "state",
              "'%s' is not one of ['active', 'error']"
                  .formatted(Refusals.shortened(body.get("state"))));
    };
  }
}
