package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.Requests.Refusals;
import jakarta.persistence.EntityManager;
import jakarta.persistence.TypedQuery;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A page of migrations, newest first; the number is the order, because the database gives it. */
final class MigrationListing {
  private static final List<MigrationStatus> IN_PROGRESS =
      List.of(MigrationStatus.QUEUED, MigrationStatus.PREPARING, MigrationStatus.RUNNING);

  private final MigrationQuery query;
  private final List<String> conditions = new ArrayList<>();
  private final Map<String, Object> values = new LinkedHashMap<>();

  MigrationListing(MigrationQuery query) {
    this.query = query;
  }

  List<MigrationEntity> run(EntityManager entities) {
    query.server().ifPresent(server -> add("m.server = :server", "server", server.value()));
    query
        .host()
        .map(HostName::value)
        .ifPresent(host -> add("(m.source = :host or m.destination = :host)", "host", host));
    query
        .source()
        .map(HostName::value)
        .ifPresent(source -> add("m.source = :source", "source", source));
    query.status().ifPresent(status -> add("m.status = :status", "status", status));
    if (query.inProgressOnly()) {
      conditions.add("m.endedAt is null");
      add("m.status in :inProgress", "inProgress", IN_PROGRESS);
    }
    query.user().ifPresent(user -> add("m.user = :user", "user", user));
    query.project().ifPresent(project -> add("m.project = :project", "project", project));
    query.changesSince().ifPresent(since -> add("m.updatedAt >= :since", "since", since));
    query.marker().ifPresent(marker -> add("m.number < :after", "after", number(entities, marker)));
    String where = conditions.isEmpty() ? "" : " where " + String.join(" and ", conditions);
    TypedQuery<MigrationEntity> page =
        entities.createQuery(
            "from MigrationEntity m" + where + " order by m.number desc", MigrationEntity.class);
    values.forEach(page::setParameter);
    return page.setMaxResults(query.limit()).getResultList();
  }

  private static long number(EntityManager entities, MigrationId marker) {
    // Nova lists all types together, so that the last of a page may be of any.
    return Stream.of("MigrationEntity", "EvacuationEntity", "ColdMigrationEntity")
        .flatMap(kind ->
            entities
                .createQuery("select m.number from " + kind + " m where m.uuid = :uuid", Long.class)
                .setParameter("uuid", marker.value())
                .getResultStream())
        .findFirst()
        .orElseThrow(() -> Refusals.noMarker(marker));
  }

  private void add(String condition, String name, Object value) {
    conditions.add(condition);
    values.put(name, value);
  }
}
