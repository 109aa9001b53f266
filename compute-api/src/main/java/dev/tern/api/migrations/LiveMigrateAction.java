package dev.tern.api.migrations;

import dev.tern.api.ApiSettings;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.servers.ServerAction;
import dev.tern.api.version.Change;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.move.DiskPlace;
import dev.tern.contract.move.PolicyParts;
import dev.tern.contract.move.StreamParts;
import dev.tern.store.HostStore;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/**
 * {@code os-migrateLive}. The request is made durable with the server locked for it; below 2.34 the
 * answer waits until the conductor's checks are over, and is their failure if they fail.
 */
@Component
final class LiveMigrateAction implements ServerAction {
  static final String KEY = "os-migrateLive";

  private final ServerAccess access;
  private final HostStore hosts;
  private final MigrationStore migrations;
  private final CheckWait checkWait;
  private final ApiSettings settings;
  private final Supplier<UUID> newIds;

  LiveMigrateAction(
      ServerAccess access,
      HostStore hosts,
      MigrationStore migrations,
      CheckWait checkWait,
      ApiSettings settings,
      Supplier<UUID> newIds) {
    this.access = access;
    this.hosts = hosts;
    this.migrations = migrations;
    this.checkWait = checkWait;
    this.settings = settings;
    this.newIds = newIds;
  }

  @Override
  public String key() {
    return KEY;
  }

  @Override
  public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request)
      throws InterruptedException {
    LiveMigrateBody asked = LiveMigrateBody.read(body, request);
    ServerRecord server = access.find(serverId, request);
    Wish wish =
        new Wish(
            asked.blockMigration(),
            asked.diskOverCommit(),
            PolicyParts.NONE,
            StreamParts.NONE,
            Optional.empty(),
            Map.of());
    MigrationId id = new MigrationId(newIds.get());
    ResponseEntity<JsonNode> accepted =
        accept(id, server, asked.host(), wish, request, _ -> Json.empty(202));
    if (request.version().before(Change.LIVE_MIGRATE_IN_BACKGROUND)) {
      checkWait.untilChecked(id);
    }
    return accepted;
  }

  /**
   * How a server is to be migrated.
   *
   * @param disks the way of each disk to be copied; empty leaves them to their usual ways
   * @param places where disks are put on the destination, by their ids
   */
  record Wish(
      BlockMigration blockMigration,
      Optional<Boolean> diskOverCommit,
      PolicyParts policy,
      StreamParts streams,
      Optional<Map<String, Way>> disks,
      Map<String, DiskPlace> places) {}

  /**
   * Refuses early, in Nova's order; what counts is the store's compare-and-set.
   *
   * @return the host, when one is named
   */
  Optional<HostName> check(ServerRecord server, Optional<String> named, ApiRequest request) {
    if (named.isPresent()) {
      request.caller().require(Role.ADMIN, "os-migrate-server:migrate_live:host");
    } else {
      request.caller().require(Role.MANAGER, "os-migrate-server:migrate_live");
    }
    requireMovable(server, request);
    Optional<HostName> host = named.map(this::existing);
    if (host.isPresent() && host.equals(server.host())) {
      throw Refusals.toSelf(server.id(), host.get());
    }
    return host;
  }

  /** Makes the request durable, with the server locked for it. */
  ResponseEntity<JsonNode> accept(
      ServerRecord server,
      Optional<String> named,
      Wish wish,
      ApiRequest request,
      Function<MigrationRecord, ResponseEntity<JsonNode>> answer) {
    return accept(new MigrationId(newIds.get()), server, named, wish, request, answer);
  }

  private ResponseEntity<JsonNode> accept(
      MigrationId id,
      ServerRecord server,
      Optional<String> named,
      Wish wish,
      ApiRequest request,
      Function<MigrationRecord, ResponseEntity<JsonNode>> answer) {
    NewMigration asked =
        new NewMigration(
            id,
            server.id(),
            check(server, named, request),
            wish.blockMigration(),
            wish.diskOverCommit(),
            wish.policy(),
            wish.streams(),
            wish.disks(),
            wish.places());
    return request.once(() -> answer.apply(migrations.requestLiveMigration(asked, request.by())));
  }

  private static void requireMovable(ServerRecord server, ApiRequest request) {
    ServerAccess.requireUnlocked(server, request);
    if (server.vmState() != VmState.ACTIVE && server.vmState() != VmState.PAUSED) {
      throw Refusals.wrongState(KEY, server.id(), "vm_state", server.vmState().wire());
    }
    Optional<TaskState> task = server.task();
    if (task.isPresent()) {
      throw Refusals.wrongState(KEY, server.id(), "task_state", task.get().wire());
    }
  }

  private HostName existing(String name) {
    HostName host = new HostName(name);
    if (hosts.find(host, settings.serviceDownAfter()).isEmpty()) {
      throw Refusals.noComputeHost(name);
    }
    return host;
  }
}
