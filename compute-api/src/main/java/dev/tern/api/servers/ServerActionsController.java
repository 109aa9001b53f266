package dev.tern.api.servers;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.JsonBody;
import java.util.List;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/** {@code POST /servers/{id}/action}: the body's only key says what to do. */
@RestController
final class ServerActionsController {
  private final List<ServerAction> actions;

  ServerActionsController(List<ServerAction> actions) {
    this.actions = List.copyOf(actions);
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
    throw Refusals.invalid("There is no such action: %s".formatted(Refusals.shortened(key)));
  }
}
