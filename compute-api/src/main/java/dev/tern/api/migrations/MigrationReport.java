package dev.tern.api.migrations;

import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.TurnStore;
import dev.tern.store.TurnStore.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/** A migration in Tern's own shape. */
public final class MigrationReport {
  private MigrationReport() {}

  /** All but its log. */
  static ObjectNode of(MigrationRecord migration, TurnStore turns, Instant now) {
    return of(migration, waiting(List.of(migration), turns), now);
  }

  /** For what those of them wait that wait for their turn. */
  public static Map<MigrationId, Waiting> waiting(
      List<MigrationRecord> migrations, TurnStore turns) {
    List<MigrationId> queued =
        migrations.stream()
            .filter(migration -> migration.status() == MigrationStatus.QUEUED)
            .map(MigrationRecord::id)
            .toList();
    return queued.isEmpty() ? Map.of() : turns.waiting(queued);
  }

  /** All but its log; {@code waiting} is of {@link #waiting}. */
  public static ObjectNode of(
      MigrationRecord migration, Map<MigrationId, Waiting> waiting, Instant now) {
    ObjectNode view =
        Json.object()
            .put("uuid", migration.id().toString())
            .put("server", migration.server().toString())
            .put("status", migration.status().wire())
            .put("phase", migration.phase().name())
            .put("source", migration.source().value());
    Json.putOrNull(view, "destination", migration.destination().orElse(null));
    view.put("decisions", "/v1/servers/%s/decisions".formatted(migration.server()));
    view.put("in_doubt", migration.inDoubt()).put("checked", migration.checked());
    DoubtView.add(view, migration);
    SagaStory.addWaiting(view, waiting.get(migration.id()));
    view.set("policy", PolicyBody.view(migration.wishes().policy()));
    view.set("streams", PolicyBody.view(migration.wishes().streams()));
    view.set("disks", DisksBody.view(migration.wishes().disks()));
    view.set("overrides", OverridesBody.view(migration.wishes().places()));
    view.put("abort_requested", migration.abortRequested())
        .put("force_requested", migration.wishes().forced());
    view.put("created_at", Dates.micros(migration.createdAt()));
    view.put("data_since", migration.wishes().dataSince().map(Dates::micros).orElse(null));
    SagaStory.addFailure(view, migration.failure());
    Instant end = migration.endedAt().orElse(now);
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
    return view;
  }
}
