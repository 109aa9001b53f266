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
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /os-migrations}: all migrations, also the ended ones. */
@RestController
final class MigrationsController {
  private static final Set<String> FILTERS =
      Set.of("host", "status", "instance_uuid", "migration_type", "source_compute", "hidden");

  private final MigrationStore migrations;

  MigrationsController(MigrationStore migrations) {
    this.migrations = migrations;
  }

  @GetMapping("/v2.1/os-migrations")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    checkNames(request);
    boolean paged = request.has(Change.MIGRATION_PAGING);
    Page page = paged ? request.page() : Page.first();
    Optional<String> project = project(request);
    List<MigrationRecord> found =
        nothingCanMatch(request.query()) || page.limit() == 0
            ? List.of()
            : search(request, page, project);
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("migrations");
    found.forEach(migration -> items.add(MigrationView.ofAll(migration, request)));
    if (paged) {
      page.linkNext(body, "migrations_links", found, m -> m.id().toString(), request);
    }
    return Json.ok(body);
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

  private static boolean nothingCanMatch(QueryParameters query) {
    boolean otherType =
        query.one("migration_type").filter(type -> !type.equals("live-migration")).isPresent();
    boolean unknownStatus =
        query.one("status").isPresent()
            && query.one("status").flatMap(MigrationsController::status).isEmpty();
    return otherType || unknownStatus || query.flag("hidden");
  }

  private List<MigrationRecord> search(ApiRequest request, Page page, Optional<String> project) {
    QueryParameters query = request.query();
    boolean dated = request.has(Change.MIGRATION_PAGING);
    Optional<Instant> before =
        request.has(Change.CHANGES_BEFORE) ? query.instant("changes-before") : Optional.empty();
    Optional<MigrationId> marker = dated ? marker(page) : Optional.empty();
    List<MigrationRecord> found = new ArrayList<>();
    while (true) {
      List<MigrationRecord> next =
          migrations.list(
              new MigrationQuery(
                  named(query, "instance_uuid", ServerId::parse),
                  named(query, "host", HostName::new),
                  named(query, "source_compute", HostName::new),
                  query.one("status").flatMap(MigrationsController::status),
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

  private Optional<MigrationId> marker(Page page) {
    return page.marker()
        .map(text -> {
          try {
            MigrationId id = MigrationId.parse(text);
            return migrations.find(id).orElseThrow(() -> Refusals.noMarker(text)).id();
          } catch (IllegalArgumentException e) {
            throw Refusals.invalidQuery(
                "marker", "Value: %s. It is not a UUID.".formatted(Refusals.shortened(text)));
          }
        });
  }

  private static <T> Optional<T> named(
      QueryParameters query, String name, Function<String, T> read) {
    return query
        .one(name)
        .map(text -> {
          try {
            return read.apply(text);
          } catch (IllegalArgumentException e) {
            throw Refusals.invalidQuery(
                name, "Value: %s. %s".formatted(Refusals.shortened(text), e.getMessage()));
          }
        });
  }

  private static Optional<MigrationStatus> status(String word) {
    for (MigrationStatus status : MigrationStatus.values()) {
      if (status.wire().equals(word)) {
        return Optional.of(status);
      }
    }
    return Optional.empty();
  }
}
