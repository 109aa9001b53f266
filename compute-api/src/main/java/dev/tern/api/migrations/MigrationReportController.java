package dev.tern.api.migrations;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.Page;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.tracing.TraceIds;
import dev.tern.store.FenceStore;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore;
import dev.tern.store.TurnStore.Waiting;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
  private final FenceStore fences;
  private final Clock clock;

  MigrationReportController(
      MigrationStore migrations, SagaStore sagas, FenceStore fences, Clock clock) {
    this.migrations = migrations;
    this.sagas = sagas;
    this.fences = fences;
    this.clock = clock;
  }

  /** Newest first, page by page. */
  @GetMapping("/v1/migrations")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:migrations:index");
    request.query().refuseOthers(Set.of("limit", "marker", "server", "host", "in_progress"));
    Page page = request.page();
    List<MigrationRecord> found =
        page.limit() == 0 ? List.of() : migrations.list(query(request, page));
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("migrations");
    Map<MigrationId, Waiting> waiting = MigrationReport.waiting(found, migrations);
    found.forEach(migration -> items.add(MigrationReport.of(migration, waiting, clock.instant())));
    page.linkNext(body, "migrations_links", found, m -> m.id().toString(), request);
    return Json.ok(body);
  }

  private MigrationQuery query(ApiRequest request, Page page) {
    return new MigrationQuery(
        request.query().read("server", ServerId::parse),
        request.query().read("host", HostName::new),
        Optional.empty(),
        Optional.empty(),
        request.query().flag("in_progress"),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        page.marker()
            .map(text ->
                parse(text)
                    .flatMap(migrations::find)
                    .orElseThrow(() -> Refusals.noMarker(text))
                    .id()),
        page.limit());
  }

  @GetMapping("/v1/migrations/{uuid}")
  ResponseEntity<JsonNode> show(@PathVariable String uuid, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:migrations:show");
    MigrationRecord migration =
        parse(uuid).flatMap(migrations::find).orElseThrow(() -> noMigration(uuid));
    ObjectNode view = MigrationReport.of(migration, migrations, clock.instant());
    fences
        .of(migration.id())
        .ifPresentOrElse(
            fence -> view.set("resolution", DoubtView.of(fence, migration)),
            () -> view.putNull("resolution"));
    sagas
        .request(migration.saga())
        .ifPresent(
            asked -> view.put("request_id", asked.value()).put("trace_id", TraceIds.trace(asked)));
    view.set("log", SagaStory.of(migration.saga(), sagas));
    return Json.ok("migration", view);
  }

  static Optional<MigrationId> parse(String text) {
    try {
      return Optional.of(MigrationId.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  static ComputeException noMigration(String uuid) {
    return new ComputeException(
        ErrorCode.MIGRATION_NOT_FOUND,
        "Migration %s could not be found.".formatted(Refusals.shortened(uuid)),
        null);
  }
}
