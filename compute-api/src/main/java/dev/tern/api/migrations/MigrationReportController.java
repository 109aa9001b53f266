package dev.tern.api.migrations;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.MigrationId;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/migrations}: all that is known of a migration, beyond what Nova's clients can read.
 */
@RestController
final class MigrationReportController {
  private final MigrationStore migrations;
  private final SagaStore sagas;
  private final Clock clock;

  MigrationReportController(MigrationStore migrations, SagaStore sagas, Clock clock) {
    this.migrations = migrations;
    this.sagas = sagas;
    this.clock = clock;
  }

  @GetMapping("/v1/migrations/{uuid}")
  ResponseEntity<JsonNode> show(@PathVariable String uuid, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:migrations:show");
    MigrationRecord migration =
        parse(uuid).flatMap(migrations::find).orElseThrow(() -> noMigration(uuid));
    ObjectNode view =
        Json.object()
            .put("uuid", migration.id().toString())
            .put("server", migration.server().toString())
            .put("status", migration.status().wire())
            .put("phase", migration.phase().name())
            .put("source", migration.source().value());
    Json.putOrNull(view, "destination", migration.destination().orElse(null));
    view.put("in_doubt", migration.inDoubt()).put("checked", migration.checked());
    migration
        .failure()
        .ifPresentOrElse(
            failure ->
                view.putObject("failure")
                    .put("code", failure.code().novaName())
                    .put("message", failure.message()),
            () -> view.putNull("failure"));
    Instant end = migration.endedAt().orElseGet(clock::instant);
    Duration total = Duration.between(migration.createdAt(), end);
    view.put("total_millis", total.toMillis());
    view.put("pause_millis", migration.pause().map(Duration::toMillis).orElse(null));
    view.put("memory_total_bytes", migration.memoryTotal())
        .put("memory_processed_bytes", migration.memoryProcessed())
        .put("memory_remaining_bytes", migration.memoryRemaining())
        .put("disk_total_bytes", migration.diskTotal())
        .put("disk_processed_bytes", migration.diskProcessed())
        .put("disk_remaining_bytes", migration.diskRemaining());
    FiguresView.add(view, migration, total);
    view.set("log", log(migration));
    return Json.ok("migration", view);
  }

  private ArrayNode log(MigrationRecord migration) {
    ArrayNode lines = Json.array();
    for (SagaStore.LogLine line : sagas.log(migration.saga())) {
      lines
          .addObject()
          .put("step", line.step())
          .put("what", line.what())
          .put("detail", line.detail())
          .put("at", Dates.micros(line.at()));
    }
    return lines;
  }

  private static Optional<MigrationId> parse(String text) {
    try {
      return Optional.of(MigrationId.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static ComputeException noMigration(String uuid) {
    return new ComputeException(
        ErrorCode.MIGRATION_NOT_FOUND,
        "Migration %s could not be found.".formatted(Refusals.shortened(uuid)),
        null);
  }
}
