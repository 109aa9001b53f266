package dev.tern.api.migrations;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.ServerAccess;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.move.DiskPlace;
import dev.tern.contract.move.PolicyParts;
import dev.tern.contract.move.StreamParts;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.Wishes;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/**
 * {@code /v1/migrations}: starts a migration with a policy of its own, and changes that, forces it
 * or ends it while it runs.
 */
@RestController
final class SteeringController {
  private final ServerAccess access;
  private final LiveMigrateAction migrate;
  private final DiskChecks disks;
  private final MigrationStore migrations;
  private final Clock clock;

  SteeringController(
      ServerAccess access,
      LiveMigrateAction migrate,
      DiskChecks disks,
      MigrationStore migrations,
      Clock clock) {
    this.access = access;
    this.migrate = migrate;
    this.disks = disks;
    this.migrations = migrations;
    this.clock = clock;
  }

  /** Accepted once it is durable and the server locked for it; the checks follow. */
  @PostMapping("/v1/migrations")
  ResponseEntity<JsonNode> start(JsonBody whole, ApiRequest request) throws InterruptedException {
    request.caller().require(Role.ADMIN, "tern:migrations:create");
    whole.refuseOthers(Set.of("migration"));
    JsonBody body = whole.object("migration");
    body.refuseOthers(
        Set.of(
            "server",
            "host",
            "block_migration",
            "policy",
            "streams",
            "disks",
            "overrides",
            "tunnelled"));
    String server = body.text("server", 1, 64);
    Optional<String> host = body.optionalText("host", 1, 255);
    PolicyParts policy = PolicyBody.policy(body, "policy");
    StreamParts streams = PolicyBody.streams(body, "streams");
    PolicyBody.check(policy, streams, Optional.empty());
    Optional<Map<String, Way>> ways = DisksBody.ways(body, "disks");
    Map<String, DiskPlace> places = OverridesBody.places(body, "overrides");
    BlockMigration blockMigration =
        body.has("block_migration")
            ? LiveMigrateBody.blockMigration(body, false)
            : BlockMigration.AUTO;
    boolean tunnelled = Tunnel.asked(body);
    ServerRecord found = access.find(server, request);
    if (tunnelled) {
      migrate.check(found, host, request);
      throw Tunnel.refused(found.id(), ways.isPresent());
    }
    if (ways.isPresent() || !places.isEmpty()) {
      migrate.check(found, host, request);
      disks.requirePossible(found, ways, places, request);
    }
    return migrate.accept(
        found,
        host,
        new LiveMigrateAction.Wish(blockMigration, Optional.empty(), policy, streams, ways, places),
        request,
        this::accepted);
  }

  /** Holds at the source within about two seconds; what is not named stays. */
  @PatchMapping("/v1/migrations/{uuid}")
  ResponseEntity<JsonNode> steer(@PathVariable String uuid, JsonBody whole, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:migrations:update");
    MigrationRecord migration = find(uuid);
    whole.refuseOthers(Set.of("policy"));
    whole.required("policy");
    PolicyParts parts = PolicyBody.policy(whole, "policy");
    Wishes before = migration.wishes();
    if (!migration.status().terminal()) {
      PolicyBody.check(
          parts.over(before.policy()), before.streams(), passed(before, parts.deadline()));
    }
    return request.once(() ->
        accepted(conflicting(() -> migrations.requestPolicy(migration.id(), parts, request.by()))));
  }

  /** Only for a deadline that is new: one that was kept so far need not be named again. */
  private Optional<Duration> passed(Wishes wishes, Optional<Duration> named) {
    return named.isEmpty()
        ? Optional.empty()
        : wishes.dataSince().map(since -> Duration.between(since, clock.instant()));
  }

  @PostMapping("/v1/migrations/{uuid}/abort")
  ResponseEntity<JsonNode> abort(@PathVariable String uuid, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:migrations:abort");
    MigrationRecord migration = find(uuid);
    return request.once(() ->
        accepted(
            conflicting(() -> {
              migrations.requestAbort(migration.server(), migration.number(), request.by());
              return find(uuid);
            })));
  }

  @PostMapping("/v1/migrations/{uuid}/force-complete")
  ResponseEntity<JsonNode> forceComplete(@PathVariable String uuid, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:migrations:force_complete");
    MigrationRecord migration = find(uuid);
    return request.once(() ->
        accepted(
            conflicting(() -> {
              migrations.requestForceComplete(migration.server(), migration.number(), request.by());
              return find(uuid);
            })));
  }

  private MigrationRecord find(String uuid) {
    return MigrationReportController.parse(uuid)
        .flatMap(migrations::find)
        .orElseThrow(() -> MigrationReportController.noMigration(uuid));
  }

  private interface Asked {
    MigrationRecord ask();
  }

  /** Nova calls a migration in the wrong state bad input; here it is a conflict. */
  private static MigrationRecord conflicting(Asked asked) {
    try {
      return asked.ask();
    } catch (ComputeException e) {
      if (e.code() != ErrorCode.INVALID_MIGRATION_STATE) {
        throw e;
      }
      throw new ComputeException(ErrorCode.MIGRATION_NOT_STEERABLE, e.explanation(), e);
    }
  }

  private ResponseEntity<JsonNode> accepted(MigrationRecord migration) {
    return ResponseEntity.status(HttpStatus.ACCEPTED)
        .body(
            Json.object()
                .set("migration", MigrationReport.of(migration, migrations, clock.instant())));
  }
}
