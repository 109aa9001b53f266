package dev.tern.api.migrations;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.request.Page;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.version.Change;
import dev.tern.api.version.Offered;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/** {@code /servers/{id}/migrations}: live migrations in progress, and no others. */
@RestController
final class ServerMigrationsController {
  private static final String FORCE_COMPLETE = "force_complete";

  private final ServerAccess access;
  private final MigrationStore migrations;

  ServerMigrationsController(ServerAccess access, MigrationStore migrations) {
    this.access = access;
    this.migrations = migrations;
  }

  @Offered(from = 23)
  @GetMapping("/v2.1/servers/{id}/migrations")
  ResponseEntity<JsonNode> list(@PathVariable String id, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.MANAGER, "servers:migrations:index");
    ArrayNode items = Json.array();
    for (MigrationRecord migration :
        migrations.list(
            new MigrationQuery(
                Optional.of(server.id()),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                true,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Page.MAX))) {
      items.add(MigrationView.ofServer(migration, request));
    }
    return Json.ok("migrations", items);
  }

  @Offered(from = 23)
  @GetMapping("/v2.1/servers/{id}/migrations/{number}")
  ResponseEntity<JsonNode> show(
      @PathVariable String id, @PathVariable String number, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.ADMIN, "servers:migrations:show");
    MigrationRecord migration = find(server, number);
    if (!MigrationView.inProgress(migration)) {
      throw notInProgress(migration);
    }
    return Json.ok("migration", MigrationView.ofServer(migration, request));
  }

  @Offered(from = 24)
  @DeleteMapping("/v2.1/servers/{id}/migrations/{number}")
  ResponseEntity<JsonNode> abort(
      @PathVariable String id, @PathVariable String number, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.MANAGER, "servers:migrations:delete");
    MigrationRecord migration = find(server, number);
    if (server.task().filter(task -> task == TaskState.MIGRATING).isEmpty()) {
      throw Refusals.wrongState(
          "live_migration_abort",
          server.id(),
          "task_state",
          server.task().map(TaskState::wire).orElse("None"));
    }
    List<MigrationStatus> stoppable =
        request.has(Change.ABORT_BEFORE_RUNNING)
            ? List.of(MigrationStatus.QUEUED, MigrationStatus.PREPARING, MigrationStatus.RUNNING)
            : List.of(MigrationStatus.RUNNING);
    if (!stoppable.contains(migration.status())) {
      throw cannotAbort(migration);
    }
    migrations.requestAbort(server.id(), migration.number(), request.by());
    return Json.empty(202);
  }

  /** {@code force_complete}; Nova answers 400 also when there is no such migration. */
  @Offered(from = 22)
  @PostMapping("/v2.1/servers/{id}/migrations/{number}/action")
  ResponseEntity<JsonNode> act(
      @PathVariable String id, @PathVariable String number, JsonBody body, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.MANAGER, "servers:migrations:force_complete");
    body.refuseOthers(Set.of(FORCE_COMPLETE));
    if (!body.required(FORCE_COMPLETE).isNull()) {
      throw body.wrongType(FORCE_COMPLETE, "null");
    }
    if (server.vmState() != VmState.ACTIVE) {
      throw Refusals.wrongState(
          "live_migration_force_complete", server.id(), "vm_state", server.vmState().wire());
    }
    if (server.task().filter(task -> task == TaskState.MIGRATING).isEmpty()) {
      throw Refusals.wrongState(
          "live_migration_force_complete",
          server.id(),
          "task_state",
          server.task().map(TaskState::wire).orElse("None"));
    }
    long known;
    try {
      known = find(server, number).number();
    } catch (ComputeException e) {
      throw Refusals.invalid(e.explanation());
    }
    return request.once(() -> {
      migrations.requestForceComplete(server.id(), known, request.by());
      return Json.empty(202);
    });
  }

  private MigrationRecord find(ServerRecord server, String number) {
    if (!number.matches("[0-9]{1,18}")) {
      throw Refusals.noMigration(number, server.id());
    }
    return migrations
        .find(server.id(), Long.parseLong(number))
        .orElseThrow(() -> Refusals.noMigration(number, server.id()));
  }

  private static ComputeException notInProgress(MigrationRecord migration) {
    return new ComputeException(
        ErrorCode.MIGRATION_NOT_FOUND,
        "Live migration %d for server %s is not in progress."
            .formatted(migration.number(), migration.server()),
        null);
  }

  private static ComputeException cannotAbort(MigrationRecord migration) {
    return new ComputeException(
        ErrorCode.INVALID_MIGRATION_STATE,
        "Migration %d state of instance %s is %s. Cannot abort live migration while the migration is in this state."
            .formatted(migration.number(), migration.server(), migration.status().wire()),
        null);
  }
}
