package dev.tern.api.cold;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.migrations.SagaStory;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.Page;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.tracing.TraceIds;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.Arrival;
import dev.tern.store.ColdMigrationStore.ColdMigrationQuery;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.ColdStatus;
import dev.tern.store.MigrationStore;
import dev.tern.store.SagaStore;
import dev.tern.store.TurnStore;
import dev.tern.store.TurnStore.Waiting;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/cold-migrations}: where a cold migration or a resize is, for what it waits, and why it
 * came to nothing; Nova's clients can read its status only.
 */
@RestController
final class ColdMigrationsController {
  private final ColdMigrationStore migrations;
  private final TurnStore turns;
  private final SagaStore sagas;

  ColdMigrationsController(ColdMigrationStore migrations, MigrationStore turns, SagaStore sagas) {
    this.migrations = migrations;
    this.turns = turns;
    this.sagas = sagas;
  }

  /** Newest first, page by page. */
  @GetMapping("/v1/cold-migrations")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:cold-migrations:index");
    request.query().refuseOthers(Set.of("limit", "marker", "server", "host"));
    Page page = request.page();
    List<ColdMigrationRecord> found =
        page.limit() == 0 ? List.of() : migrations.list(query(request, page));
    Map<MigrationId, Waiting> waiting = waiting(found);
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("cold_migrations");
    found.forEach(one -> items.add(view(one, waiting)));
    page.linkNext(body, "cold_migrations_links", found, one -> one.id().toString(), request);
    return Json.ok(body);
  }

  private ColdMigrationQuery query(ApiRequest request, Page page) {
    return new ColdMigrationQuery(
        request.query().read("server", ServerId::parse),
        request.query().read("host", HostName::new),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        page.marker().map(text -> find(text).orElseThrow(() -> Refusals.noMarker(text)).number()),
        page.limit());
  }

  /** One, with the log of what was last asked of it: to move, to stay or to go back. */
  @GetMapping("/v1/cold-migrations/{uuid}")
  ResponseEntity<JsonNode> show(@PathVariable String uuid, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:cold-migrations:show");
    ColdMigrationRecord one =
        find(uuid)
            .orElseThrow(() ->
                new HttpFailure(
                    404,
                    "Cold migration %s could not be found.".formatted(Refusals.shortened(uuid))));
    ObjectNode view = view(one, waiting(List.of(one)));
    view.put("request_id", one.request().value()).put("trace_id", TraceIds.trace(one.request()));
    view.set("log", SagaStory.of(one.saga(), sagas));
    return Json.ok("cold_migration", view);
  }

  private Optional<ColdMigrationRecord> find(String text) {
    try {
      return migrations.find(UUID.fromString(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private Map<MigrationId, Waiting> waiting(List<ColdMigrationRecord> found) {
    List<MigrationId> early =
        found.stream()
            .filter(one -> one.status() == ColdStatus.PRE_MIGRATING)
            .map(one -> new MigrationId(one.id()))
            .toList();
    return early.isEmpty() ? Map.of() : turns.waiting(early);
  }

  private static ObjectNode view(ColdMigrationRecord one, Map<MigrationId, Waiting> waiting) {
    ObjectNode view =
        Json.object()
            .put("uuid", one.id().toString())
            .put("number", one.number())
            .put("server", one.server().toString())
            .put("kind", one.resize() ? "resize" : "migration")
            .put("status", one.status().wire())
            .put("source", one.source().value());
    Json.putOrNull(view, "destination", one.destination().orElse(null));
    view.put("decisions", "/v1/servers/%s/decisions".formatted(one.server()))
        .put("receipt", "/v1/migrations/%s/receipt".formatted(one.id()));
    SagaStory.addWaiting(view, waiting.get(new MigrationId(one.id())));
    view.put("ran", one.ran())
        .put("bytes", one.arrival().map(Arrival::bytes).orElse(null))
        .put("tries", one.arrival().map(Arrival::tries).orElse(null))
        .put("bytes_per_second", one.bytesPerSecond().orElse(null))
        .put("down_millis", one.downTime().map(Duration::toMillis).orElse(null));
    view.put("created_at", Dates.micros(one.createdAt()));
    Json.putOrNull(view, "left_at", one.leftAt().map(Dates::micros).orElse(null));
    Json.putOrNull(view, "owner_changed_at", one.ownerChangedAt().map(Dates::micros).orElse(null));
    Json.putOrNull(view, "finished_at", one.finishedAt().map(Dates::micros).orElse(null));
    Json.putOrNull(view, "ended_at", one.endedAt().map(Dates::micros).orElse(null));
    SagaStory.addFailure(view, one.failure());
    return view;
  }
}
