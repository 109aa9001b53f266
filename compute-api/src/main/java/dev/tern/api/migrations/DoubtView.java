package dev.tern.api.migrations;

import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.contract.HostName;
import dev.tern.store.FenceStore.FenceRecord;
import dev.tern.store.MigrationStore.Doubt;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.time.Instant;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A migration in doubt, what to look at then, and what an operator has stated. */
final class DoubtView {
  private DoubtView() {}

  static void add(ObjectNode view, MigrationRecord migration) {
    migration
        .doubt()
        .ifPresentOrElse(
            doubt -> view.set("doubt", of(doubt, migration)), () -> view.putNull("doubt"));
  }

  private static ObjectNode of(Doubt doubt, MigrationRecord migration) {
    ObjectNode view =
        Json.object().put("since", Dates.micros(doubt.since())).put("why", doubt.why());
    ArrayNode look = view.putArray("look_at");
    look.add(
        "GET /v2.1/os-services?binary=nova-compute: which of %s and %s is down"
            .formatted(migration.source(), destination(migration)));
    look.add(
        "on %s: pgrep -af %s; the agent's log and DATA/instances/%s/journal"
            .formatted(destination(migration), migration.server(), migration.server()));
    look.add(
        "start the agent of the silent host: the migration then ends by itself. If that host is lost, fence it, then POST /v1/migrations/%s/resolve, with runner none when it is the source and the guest has not arrived (docs/operations.md)"
            .formatted(migration.id()));
    return view;
  }

  private static String destination(MigrationRecord migration) {
    return migration.destination().map(HostName::value).orElse("its destination");
  }

  /** What was stated, and what has come of it. */
  static ObjectNode of(FenceRecord fence, MigrationRecord migration) {
    ObjectNode view =
        Json.object()
            .put("runner", runner(fence))
            .put("fenced", fence.host().value())
            .put("user", fence.user())
            .put("request_id", fence.request().value())
            .put("stated_at", Dates.micros(fence.statedAt()));
    time(view, "relied_on_at", fence.reliedOnAt().orElse(null));
    time(view, "host_back_at", fence.settledAt().orElse(null));
    view.put(
        "outcome",
        fence.outcome().map(how -> how.name().toLowerCase(java.util.Locale.ROOT)).orElse(null));
    view.put("said", fence.said());
    fence
        .kept()
        .ifPresentOrElse(
            directory ->
                view.putObject("kept")
                    .put("host", destination(migration))
                    .put("directory", directory),
            () -> view.putNull("kept"));
    return view;
  }

  private static String runner(FenceRecord fence) {
    return switch (fence.runs()) {
      case ELSEWHERE -> fence.source() ? "destination" : "source";
      case NOWHERE -> "none";
    };
  }

  private static void time(
      ObjectNode view, String name, @org.jspecify.annotations.Nullable Instant at) {
    if (at == null) {
      view.putNull(name);
    } else {
      view.put(name, Dates.micros(at));
    }
  }
}
