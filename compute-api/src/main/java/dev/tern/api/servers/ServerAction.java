package dev.tern.api.servers;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.JsonBody;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.JsonNode;

/** One thing that {@code POST /servers/{id}/action} can do. */
public interface ServerAction {
  /** The key of the body that asks for it. */
  String key();

  /** Checks the body, finds the server, and does it. */
  ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request)
      throws InterruptedException;
}
