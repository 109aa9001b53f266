package dev.tern.api.console;

import dev.tern.api.disks.AskHost;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.servers.ServerAction;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.ReadConsole;
import dev.tern.contract.agent.AgentResult.ConsoleOutput;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Optional;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/**
 * {@code os-getConsoleOutput}: the last lines that the guest said on its serial console, on all
 * hosts it has been on.
 */
@Component
final class ConsoleOutputAction implements ServerAction {
  private static final String KEY = "os-getConsoleOutput";

  /** Nova's word for all there is. */
  private static final int UNLIMITED = -1;

  private final ServerAccess access;
  private final AskHost host;

  ConsoleOutputAction(ServerAccess access, AskHost host) {
    this.access = access;
    this.host = host;
  }

  @Override
  public String key() {
    return KEY;
  }

  @Override
  public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request)
      throws InterruptedException {
    JsonBody wanted = body.object(KEY);
    wanted.refuseOthers(Set.of("length"));
    Optional<Integer> lines =
        wanted.given("length")
            ? Optional.of(wanted.integer("length", UNLIMITED, Integer.MAX_VALUE))
            : Optional.empty();
    ServerRecord server = access.find(serverId, request);
    request.caller().require(Role.MEMBER, "os-console-output");
    ConsoleOutput output =
        host.ask(
                server,
                new ReadConsole(
                    AskHost.header(server, request), lines.filter(most -> most != UNLIMITED)),
                ConsoleOutput.class)
            .orElseThrow(() ->
                new ComputeException(
                    ErrorCode.AGENT_NO_ANSWER,
                    "The host of instance %s is still at it; try again later.".formatted(serverId),
                    null));
    return ResponseEntity.ok(Json.object().put("output", output.text()));
  }
}
