package dev.tern.api.evacuate;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.AdminPasswords;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.servers.ServerAction;
import dev.tern.api.version.Change;
import dev.tern.contract.ComputeException;
import dev.tern.contract.HostName;
import dev.tern.store.EvacuationStore;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.EvacuationStore.NewEvacuation;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/**
 * {@code evacuate}: the server of a fenced host is made anew from its image on another host. What
 * only the old host's disks held stays on them.
 */
@Component
final class EvacuateAction implements ServerAction {
  static final String KEY = "evacuate";

  private final EvacuationStore evacuations;
  private final Rebuilding rebuilding;
  private final Fence fence;
  private final ServerAccess access;
  private final Supplier<UUID> newIds;
  private final AdminPasswords passwords;

  EvacuateAction(
      EvacuationStore evacuations,
      Rebuilding rebuilding,
      Fence fence,
      ServerAccess access,
      AdminPasswords passwords,
      Supplier<UUID> newIds) {
    this.evacuations = evacuations;
    this.rebuilding = rebuilding;
    this.fence = fence;
    this.access = access;
    this.passwords = passwords;
    this.newIds = newIds;
  }

  @Override
  public String key() {
    return KEY;
  }

  @Override
  public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request)
      throws InterruptedException {
    EvacuateBody wish = EvacuateBody.read(body, request);
    ServerRecord server = access.find(serverId, request);
    request.caller().require(Role.ADMIN, "os-evacuate");
    Optional<HostName> host = wish.host().map(name -> destination(name, server));
    Optional<ComputeException> objection = rebuilding.objection(server);
    if (objection.isPresent()) {
      throw objection.get();
    }
    if (server.host().isPresent()) {
      fence.require(server.host().get(), server.id(), server.epoch(), request.id());
    }
    if (wish.onSharedStorage()) {
      throw Refusals.invalid(
          "Invalid state of instance files on shared storage: those of instance %s are on the disks of its host."
              .formatted(server.id()));
    }
    boolean leaveStopped = request.has(Change.EVACUATE_STOPPED);
    return request.once(() -> {
      EvacuationRecord _ =
          evacuations.request(
              new NewEvacuation(newIds.get(), server.id(), host, leaveStopped, false),
              request.by());
      return request.version().before(Change.EVACUATE_FINDS_STORAGE)
          ? Json.ok(Json.object().put("adminPass", wish.password().orElseGet(passwords::next)))
          : Json.empty(200);
    });
  }

  private HostName destination(String name, ServerRecord server) {
    HostName host =
        fence
            .find(name)
            .map(HostRecord::report)
            .map(report -> report.host())
            .orElseThrow(() ->
                new HttpFailure(
                    404,
                    "Compute host %s could not be found.".formatted(Refusals.shortened(name))));
    if (server.host().equals(Optional.of(host))) {
      throw Refusals.invalid("The target host can't be the same one.");
    }
    return host;
  }
}
