package dev.tern.api.cold;

import dev.tern.api.errors.Refusals;
import dev.tern.api.flavors.FlavorAccess;
import dev.tern.api.quotas.Limits;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.BootImage;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.servers.ServerAction;
import dev.tern.api.servers.ServerFields;
import dev.tern.contract.ComputeException;
import dev.tern.contract.VmState;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.FlavorStore;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/**
 * {@code resize}: a cold migration by which a server becomes one of another flavor. Made durable
 * with the server locked for it and what it grows by counted, and answered then.
 */
@Component
final class ResizeAction implements ServerAction {
  private final ServerAccess access;
  private final FlavorStore flavors;
  private final BootImage images;
  private final ColdMigrationStore migrations;
  private final ColdGuards guards;
  private final Limits limits;
  private final Supplier<UUID> newIds;

  ResizeAction(
      ServerAccess access,
      FlavorStore flavors,
      BootImage images,
      ColdMigrationStore migrations,
      ColdGuards guards,
      Limits limits,
      Supplier<UUID> newIds) {
    this.access = access;
    this.flavors = flavors;
    this.images = images;
    this.migrations = migrations;
    this.guards = guards;
    this.limits = limits;
    this.newIds = newIds;
  }

  @Override
  public String key() {
    return "resize";
  }

  @Override
  public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request) {
    JsonBody action = body.object(key());
    action.refuseOthers(Set.of("flavorRef", "OS-DCF:diskConfig"));
    String flavorId = FlavorAccess.referred(action);
    Optional<Boolean> autoDisk = ServerFields.autoDisk(action);
    ServerRecord server = access.find(serverId, request);
    request.caller().require(Role.MEMBER, "servers:resize");
    ServerAccess.requireUnlocked(server, request);
    ColdGuards.requireState(server, key(), Set.of(VmState.ACTIVE, VmState.STOPPED));
    server.host().ifPresent(guards::requireUp);
    FlavorRecord flavor = FlavorAccess.usable(flavors, flavorId, request);
    requireFits(server, flavor);
    return request.once(() -> {
      ColdMigrationRecord _ =
          migrations.request(
              new NewColdMigration(
                  newIds.get(),
                  server.id(),
                  Optional.empty(),
                  Optional.of(flavor),
                  limits.usual(),
                  autoDisk),
              request.by());
      return Json.empty(202);
    });
  }

  /** That it is another flavor is for the store to say, under its lock. */
  private void requireFits(ServerRecord server, FlavorRecord wanted) {
    FlavorRecord now = server.flavor();
    if (wanted.diskGib() == 0 && now.diskGib() != 0) {
      throw unable("Resize to zero disk flavor is not allowed.");
    }
    if (wanted.diskGib() < now.diskGib()) {
      throw unable("Unable to resize disk down.");
    }
    if (wanted.ephemeralGib() != now.ephemeralGib()) {
      throw unable("Ephemeral disks keep their size.");
    }
    images.requireFits(server.image(), wanted);
  }

  private static ComputeException unable(String why) {
    return Refusals.invalid("Server disk was unable to be resized because: " + why);
  }
}
