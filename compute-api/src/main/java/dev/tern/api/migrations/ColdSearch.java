package dev.tern.api.migrations;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Page;
import dev.tern.api.request.QueryParameters;
import dev.tern.api.version.Change;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.ColdMigrationQuery;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.ColdStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Cold migrations and resizes among all migrations. */
final class ColdSearch {
  private final ColdMigrationStore migrations;

  ColdSearch(ColdMigrationStore migrations) {
    this.migrations = migrations;
  }

  /** Whether any could be what is asked for. */
  static boolean canMatch(QueryParameters query) {
    boolean typed =
        query
            .one("migration_type")
            .map(type ->
                type.equals(MigrationView.COLD_MIGRATION) || type.equals(MigrationView.RESIZE))
            .orElse(true);
    return typed && (query.one("status").isEmpty() || status(query).isPresent());
  }

  Optional<Long> number(UUID id) {
    return migrations.find(id).map(ColdMigrationRecord::number);
  }

  /** A page of them, newest first. */
  List<ColdMigrationRecord> search(
      ApiRequest request, Page page, Optional<String> project, Optional<Long> after) {
    QueryParameters query = request.query();
    boolean dated = request.has(Change.MIGRATION_PAGING);
    Optional<Instant> before =
        request.has(Change.CHANGES_BEFORE) ? query.instant("changes-before") : Optional.empty();
    Optional<Long> marker = after;
    List<ColdMigrationRecord> found = new ArrayList<>();
    while (true) {
      List<ColdMigrationRecord> next =
          migrations.list(
              new ColdMigrationQuery(
                  query.read("instance_uuid", ServerId::parse),
                  query.read("host", HostName::new),
                  query.read("source_compute", HostName::new),
                  status(query),
                  query.one("migration_type").map(MigrationView.RESIZE::equals),
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

  private static Optional<ColdStatus> status(QueryParameters query) {
    return query
        .one("status")
        .flatMap(word ->
            Arrays.stream(ColdStatus.values())
                .filter(status -> status.wire().equals(word))
                .findFirst());
  }
}
