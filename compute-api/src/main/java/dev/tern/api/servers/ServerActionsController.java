package dev.tern.api.servers;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.JsonBody;
import java.util.List;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/** {@code POST /servers/{id}/action}: the body's only key says what to do. */
@RestController
final class ServerActionsController {
  /** Nova's, that are not offered here: clients send them, and look first whether the server is. */
  private static final Set<String> NOVAS =
      Set.of(
          "addFixedIp",
          "addFloatingIp",
          "addSecurityGroup",
          "changePassword",
          "createBackup",
          "forceDelete",
          "injectNetworkInfo",
          "os-getRDPConsole",
          "os-getSPICEConsole",
          "os-getSerialConsole",
          "os-getVNCConsole",
          "rebuild",
          "removeFixedIp",
          "removeFloatingIp",
          "removeSecurityGroup",
          "rescue",
          "resetNetwork",
          "restore",
          "shelve",
          "shelveOffload",
          "trigger_crash_dump",
          "unrescue",
          "unshelve");

  private final List<ServerAction> actions;
  private final ServerAccess access;

  ServerActionsController(List<ServerAction> actions, ServerAccess access) {
    this.actions = List.copyOf(actions);
    this.access = access;
  }

  @PostMapping("/v2.1/servers/{id}/action")
  ResponseEntity<JsonNode> act(@PathVariable String id, JsonBody body, ApiRequest request)
      throws InterruptedException {
    String key = body.onlyKey();
    for (ServerAction action : actions) {
      if (action.key().equals(key)) {
        return action.perform(id, body, request);
      }
    }
    if (NOVAS.contains(key)) {
      var _ = access.find(id, request);
      throw Refusals.invalid("The action %s is not offered by this cloud.".formatted(key));
    }
    throw Refusals.invalid("There is no such action: %s".formatted(Refusals.shortened(key)));
  }
}
