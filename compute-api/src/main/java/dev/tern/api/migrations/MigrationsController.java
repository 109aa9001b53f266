package dev.tern.api.migrations;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.Page;
import dev.tern.api.request.QueryParameters;
import dev.tern.api.version.Change;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.ServerId;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.EvacuationStore;
import dev.tern.store.EvacuationStore.EvacuationQuery;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.EvacuationStore.EvacuationStatus;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /os-migrations}: migrations of all types, also the ended ones. */
@RestController
final class MigrationsController {
  private static final Set<String> FILTERS =
      Set.of("host", "status", "instance_uuid", "migration_type", "source_compute", "hidden");

  private final MigrationStore migrations;
  private final EvacuationStore evacuations;
  private final ColdSearch cold;

  MigrationsController(
      MigrationStore migrations, EvacuationStore evacuations, ColdMigrationStore cold) {
    this.migrations = migrations;
    this.evacuations = evacuations;
    this.cold = new ColdSearch(cold);
  }

  /** One of the list, of any type. */
  private record Listed(long number, String id, ObjectNode view) {}

  @GetMapping("/v2.1/os-migrations")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    checkNames(request);
    boolean paged = request.has(Change.MIGRATION_PAGING);
    Page page = paged ? request.page() : Page.first();
    Optional<String> project = project(request);
    List<Listed> found =
        page.limit() == 0 || request.query().flag("hidden")
            ? List.of()
            : all(request, page, project);
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("migrations");
    found.forEach(each -> items.add(each.view()));
    if (paged) {
      page.linkNext(body, "migrations_links", found, Listed::id, request);
    }
    return Json.ok(body);
  }

  /** Their numbers are of one kind, and newer ones higher. */
  private List<Listed> all(ApiRequest request, Page page, Optional<String> project) {
    Optional<Marker> marker =
        request.has(Change.MIGRATION_PAGING) ? marker(page) : Optional.empty();
    List<Listed> all = new ArrayList<>();
    if (canMatch(request.query(), MigrationView.LIVE_MIGRATION, status(request.query()))) {
      search(request, page, project, marker.map(Marker::id)).stream()
          .map(each ->
              new Listed(each.number(), each.id().toString(), MigrationView.ofAll(each, request)))
          .forEach(all::add);
    }
    if (canMatch(request.query(), MigrationView.EVACUATION, evacuationStatus(request.query()))) {
      searchEvacuations(request, page, project, marker.map(Marker::number)).stream()
          .map(each ->
              new Listed(
                  each.number(), each.id().toString(), MigrationView.ofEvacuation(each, request)))
          .forEach(all::add);
    }
    if (ColdSearch.canMatch(request.query())) {
      cold.search(request, page, project, marker.map(Marker::number)).stream()
          .map(each ->
              new Listed(each.number(), each.id().toString(), MigrationView.ofCold(each, request)))
          .forEach(all::add);
    }
    all.sort(Comparator.comparingLong(Listed::number).reversed());
    return all.size() <= page.limit() ? all : all.subList(0, page.limit());
  }

  private static boolean canMatch(QueryParameters query, String type, Optional<?> status) {
    boolean typed = query.one("migration_type").map(type::equals).orElse(true);
    return typed && (query.one("status").isEmpty() || status.isPresent());
  }

  private static void checkNames(ApiRequest request) {
    if (request.version().before(Change.MIGRATION_PAGING)) {
      return;
    }
    Set<String> known = new HashSet<>(FILTERS);
    known.addAll(Set.of("limit", "marker", "changes-since"));
    if (request.has(Change.CHANGES_BEFORE)) {
      known.add("changes-before");
    }
    if (request.has(Change.MIGRATION_USER)) {
      known.addAll(Set.of("user_id", "project_id"));
    }
    request.query().refuseOthers(known);
  }

  /** Everybody's are the administrator's to see; a manager names the own project. */
  private static Optional<String> project(ApiRequest request) {
    Optional<String> named =
        request.has(Change.MIGRATION_USER) ? request.query().one("project_id") : Optional.empty();
    if (request.admin()) {
      return named;
    }
    request.caller().require(Role.MANAGER, "os-migrations:index");
    if (named.isEmpty() || !named.get().equals(request.caller().project())) {
      throw Refusals.forbidden("os-migrations:index:all_projects");
    }
    return named;
  }

  private List<MigrationRecord> search(
      ApiRequest request, Page page, Optional<String> project, Optional<MigrationId> after) {
    QueryParameters query = request.query();
    boolean dated = request.has(Change.MIGRATION_PAGING);
    Optional<Instant> before =
        request.has(Change.CHANGES_BEFORE) ? query.instant("changes-before") : Optional.empty();
    Optional<MigrationId> marker = after;
    List<MigrationRecord> found = new ArrayList<>();
    while (true) {
      List<MigrationRecord> next =
          migrations.list(
              new MigrationQuery(
                  query.read("instance_uuid", ServerId::parse),
                  query.read("host", HostName::new),
                  query.read("source_compute", HostName::new),
                  status(query),
                  false,
                  request.has(Change.MIGRATION_USER) ? query.one("user_id") : Optional.empty(),
                  project,
                  dated ? query.instant("changes-since") : Optional.empty(),
                  marker,
                  page.limit()));
      next.stream()
          .filter(m -> before.isEmpty() || !m.updatedAt().isAfter(before.get()))
          .limit(page.limit() - found.size())
          .forEach(found::add);
      if (next.size() < page.limit() || found.size() >= page.limit()) {
        return found;
      }
      marker = Optional.of(next.getLast().id());
    }
  }

  private List<EvacuationRecord> searchEvacuations(
      ApiRequest request, Page page, Optional<String> project, Optional<Long> after) {
    QueryParameters query = request.query();
    boolean dated = request.has(Change.MIGRATION_PAGING);
    Optional<Instant> before =
        request.has(Change.CHANGES_BEFORE) ? query.instant("changes-before") : Optional.empty();
    Optional<Long> marker = after;
    List<EvacuationRecord> found = new ArrayList<>();
    while (true) {
      List<EvacuationRecord> next =
          evacuations.list(
              new EvacuationQuery(
                  query.read("instance_uuid", ServerId::parse),
                  query.read("host", HostName::new),
                  query.read("source_compute", HostName::new),
                  evacuationStatus(query),
                  request.has(Change.MIGRATION_USER) ? query.one("user_id") : Optional.empty(),
                  project,
                  dated ? query.instant("changes-since") : Optional.empty(),
                  marker,
                  page.limit()));
      next.stream()
          .filter(each -> before.isEmpty() || !each.updatedAt().isAfter(before.get()))
          .limit(page.limit() - found.size())
          .forEach(found::add);
      if (next.size() < page.limit() || found.size() >= page.limit()) {
        return found;
      }
      marker = Optional.of(next.getLast().number());
    }
  }

  /** The last of the page before. */
  private record Marker(MigrationId id, long number) {}

  private Optional<Marker> marker(Page page) {
    return page.marker()
        .map(text -> {
          try {
            MigrationId id = MigrationId.parse(text);
            return migrations
                .find(id)
                .map(MigrationRecord::number)
                .or(() -> evacuations.find(id.value()).map(EvacuationRecord::number))
                .or(() -> cold.number(id.value()))
                .map(number -> new Marker(id, number))
                .orElseThrow(() -> Refusals.noMarker(text));
          } catch (IllegalArgumentException e) {
            throw Refusals.invalidQuery(
                "marker", "Value: %s. It is not a UUID.".formatted(Refusals.shortened(text)));
          }
        });
  }

  private static Optional<MigrationStatus> status(QueryParameters query) {
    return query
        .one("status")
        .flatMap(word ->
            Arrays.stream(MigrationStatus.values())
                .filter(status -> status.wire().equals(word))
                .findFirst());
  }

  private static Optional<EvacuationStatus> evacuationStatus(QueryParameters query) {
    return query
        .one("status")
        .flatMap(word ->
            Arrays.stream(EvacuationStatus.values())
                .filter(status -> status.wire().equals(word))
                .findFirst());
  }
}
