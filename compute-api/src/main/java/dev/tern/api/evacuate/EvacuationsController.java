package dev.tern.api.evacuate;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.migrations.SagaStory;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.Page;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.EvacuationStore;
import dev.tern.store.EvacuationStore.EvacuationQuery;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.SagaStore;
import java.util.List;
import java.util.Locale;
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

/** {@code /v1/evacuations}: each server's, how far it is, and what became of its old disks. */
@RestController
final class EvacuationsController {
  private final EvacuationStore evacuations;
  private final SagaStore sagas;

  EvacuationsController(EvacuationStore evacuations, SagaStore sagas) {
    this.evacuations = evacuations;
    this.sagas = sagas;
  }

  /** Newest first, page by page. */
  @GetMapping("/v1/evacuations")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:evacuations:index");
    request.query().refuseOthers(Set.of("limit", "marker", "server", "host"));
    Page page = request.page();
    EvacuationQuery query =
        new EvacuationQuery(
            request.query().read("server", ServerId::parse),
            request.query().read("host", HostName::new),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            page.marker()
                .map(text -> find(text).orElseThrow(() -> Refusals.noMarker(text)).number()),
            page.limit());
    List<EvacuationRecord> found = page.limit() == 0 ? List.of() : evacuations.list(query);
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("evacuations");
    found.forEach(evacuation -> items.add(view(evacuation)));
    page.linkNext(body, "evacuations_links", found, e -> e.id().toString(), request);
    return Json.ok(body);
  }

  @GetMapping("/v1/evacuations/{uuid}")
  ResponseEntity<JsonNode> show(@PathVariable String uuid, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:evacuations:show");
    EvacuationRecord evacuation =
        find(uuid)
            .orElseThrow(() ->
                new HttpFailure(
                    404, "Evacuation %s could not be found.".formatted(Refusals.shortened(uuid))));
    ObjectNode view = view(evacuation);
    view.set("log", SagaStory.of(evacuation.saga(), sagas));
    return Json.ok("evacuation", view);
  }

  private Optional<EvacuationRecord> find(String text) {
    try {
      return evacuations.find(UUID.fromString(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static ObjectNode view(EvacuationRecord evacuation) {
    ObjectNode view =
        Json.object()
            .put("uuid", evacuation.id().toString())
            .put("number", evacuation.number())
            .put("server", evacuation.server().toString())
            .put("status", evacuation.status().wire())
            .put("source", evacuation.source().value());
    Json.putOrNull(view, "destination", evacuation.destination().orElse(null));
    view.put("leave_stopped", evacuation.leaveStopped())
        .put("old_disks", evacuation.removeOldDisks() ? "remove" : "keep")
        .put("request", evacuation.request().value())
        .put("created_at", Dates.micros(evacuation.createdAt()));
    Json.putOrNull(
        view, "fence_relied_on_at", evacuation.ownerChangedAt().map(Dates::micros).orElse(null));
    Json.putOrNull(view, "ended_at", evacuation.endedAt().map(Dates::micros).orElse(null));
    SagaStory.addFailure(view, evacuation.failure());
    Json.putOrNull(
        view,
        "outcome",
        evacuation.outcome().map(outcome -> outcome.name().toLowerCase(Locale.ROOT)).orElse(null));
    view.put("said", evacuation.said());
    return view;
  }
}
