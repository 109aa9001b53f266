package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.Requests.Refusals;
import dev.tern.store.ServerStore.Narrowing;
import dev.tern.store.ServerStore.ServerQuery;
import dev.tern.store.ServerStore.Sort;
import dev.tern.store.ServerStore.SortKey;
import jakarta.persistence.EntityManager;
import jakarta.persistence.Query;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A page of servers, as SQL. Keyset paging: a page begins after the marker's own keys, so it costs
 * what the page costs, wherever it is. The id is the last key, so the order is total.
 *
 * <p>An absent value (no host, no task) counts as larger than any other, as PostgreSQL orders it.
 */
final class ServerListing {
  /** Stands for no value when ordering: after every host name and every task. Indexed like this. */
  private static final String ABSENT = "~";

  private final ServerQuery query;
  private final List<String> conditions = new ArrayList<>();
  private final Map<String, Object> values = new LinkedHashMap<>();

  ServerListing(ServerQuery query) {
    this.query = query;
  }

  /**
   * Runs it.
   *
   * @throws dev.tern.contract.ComputeException {@code INVALID_INPUT} when there is no such marker
   */
  List<ServerEntity> run(EntityManager entities) {
    filter();
    List<Sort> order = order();
    query
        .marker()
        .ifPresent(id -> {
          @Nullable ServerEntity marker = entities.find(ServerEntity.class, id.value());
          if (marker == null) {
            throw Refusals.noMarker(id);
          }
          conditions.add(after(order, marker));
        });
    String where = conditions.isEmpty() ? "" : " where " + String.join(" and ", conditions);
    String orderBy =
        order.stream()
            .map(sort -> column(sort.key()) + (sort.descending() ? " desc" : " asc"))
            .collect(Collectors.joining(", "));
    Query sql =
        entities.createNativeQuery(
            "select s.* from servers s" + where + " order by " + orderBy, ServerEntity.class);
    values.forEach(sql::setParameter);
    List<?> found = sql.setMaxResults(query.limit()).getResultList();
    return found.stream().map(ServerEntity.class::cast).toList();
  }

  private void filter() {
    query.project().ifPresent(project -> equal("project_id", project));
    query.name().ifPresent(name -> add("s.name ~ :name", "name", name));
    query.host().map(HostName::value).ifPresent(host -> equal("host", host));
    query.task().ifPresent(task -> equal("task_state", task.wire()));
    query.image().ifPresent(image -> equal("image_id", image.value()));
    query.flavor().ifPresent(flavor -> equal("flavor_id", flavor));
    query.changesSince().ifPresent(since -> add("s.updated_at >= :since", "since", since));
    narrow();
    if (!query.vmStates().isEmpty()) {
      add(
          "s.vm_state in (:states)",
          "states",
          query.vmStates().stream().map(VmState::wire).toList());
    }
    if (query.deleted()) {
      conditions.add("s.vm_state = 'deleted'");
    } else if (query.changesSince().isEmpty() && !query.vmStates().contains(VmState.DELETED)) {
      conditions.add("s.vm_state <> 'deleted'");
    }
  }

  private void narrow() {
    Narrowing asked = query.narrowing();
    asked
        .locked()
        .ifPresent(
            locked -> conditions.add(locked ? "s.locked_by is not null" : "s.locked_by is null"));
    asked.changesBefore().ifPresent(before -> add("s.updated_at <= :before", "before", before));
    tags(asked.tags(), "s.tags @> cast(:tags as text[])", "tags");
    tags(asked.anyTags(), "s.tags && cast(:anyTags as text[])", "anyTags");
    tags(asked.notTags(), "not s.tags @> cast(:notTags as text[])", "notTags");
    tags(asked.notAnyTags(), "not s.tags && cast(:notAnyTags as text[])", "notAnyTags");
  }

  private void tags(Set<String> asked, String condition, String name) {
    if (!asked.isEmpty()) {
      add(condition, name, asked.toArray(String[]::new));
    }
  }

  private void equal(String column, Object value) {
    add("s.%1$s = :%1$s".formatted(column), column, value);
  }

  private void add(String condition, String name, Object value) {
    conditions.add(condition);
    values.put(name, value);
  }

  private List<Sort> order() {
    SequencedSet<SortKey> seen = new LinkedHashSet<>();
    List<Sort> order = new ArrayList<>();
    for (Sort sort : query.sort()) {
      if (seen.add(sort.key())) {
        order.add(sort);
      }
    }
    if (seen.add(SortKey.UUID)) {
      // The way the last key goes, so that an index read from one end gives the whole order.
      order.add(new Sort(SortKey.UUID, !order.isEmpty() && order.getLast().descending()));
    }
    return order;
  }

  /**
   * Past the marker. One comparison of whole rows where all keys go the same way, which an index
   * answers; otherwise a later first key, or the same and a later second, and so on.
   */
  private String after(List<Sort> order, ServerEntity marker) {
    order.forEach(sort -> values.put(parameter(sort.key()), value(sort.key(), marker)));
    if (order.stream().map(Sort::descending).distinct().count() == 1) {
      return "(%s) %s (%s)"
          .formatted(
              joined(order, ServerListing::column),
              order.getFirst().descending() ? "<" : ">",
              joined(order, key -> ":" + parameter(key)));
    }
    List<String> ways = new ArrayList<>();
    StringBuilder same = new StringBuilder();
    for (Sort sort : order) {
      ways.add(same + compared(sort, sort.descending() ? "<" : ">"));
      same.append(compared(sort, "=")).append(" and ");
    }
    // Says the same again about the first key alone, which lets an index start at the marker.
    Sort first = order.getFirst();
    return compared(first, first.descending() ? "<=" : ">=")
        + " and ("
        + String.join(" or ", ways)
        + ")";
  }

  private static String joined(List<Sort> order, Function<SortKey, String> form) {
    return order.stream().map(Sort::key).map(form).collect(Collectors.joining(", "));
  }

  private static String compared(Sort sort, String how) {
    return "%s %s :%s".formatted(column(sort.key()), how, parameter(sort.key()));
  }

  private static String parameter(SortKey key) {
    return "marker_" + key.name();
  }

  private static String column(SortKey key) {
    return switch (key) {
      case CREATED_AT -> "s.created_at";
      case UPDATED_AT -> "s.updated_at";
      case NAME -> "s.name";
      case UUID -> "s.id";
      case HOST -> "coalesce(s.host, '" + ABSENT + "')";
      case VM_STATE -> "s.vm_state";
      case LOCKED -> "(s.locked_by is not null)";
      case PROJECT -> "s.project_id";
      case IMAGE -> "s.image_id";
      case FLAVOR -> "s.flavor_id";
      case LAUNCHED_AT -> "coalesce(s.launched_at, to_timestamp(0))";
      case TASK_STATE -> "coalesce(s.task_state, '" + ABSENT + "')";
    };
  }

  private static Object value(SortKey key, ServerEntity server) {
    return switch (key) {
      case CREATED_AT -> server.createdAt;
      case UPDATED_AT -> server.updatedAt;
      case NAME -> server.name;
      case UUID -> server.id;
      case HOST -> Optional.ofNullable(server.host).orElse(ABSENT);
      case VM_STATE -> server.vmState.wire();
      case LOCKED -> server.lockedBy != null;
      case PROJECT -> server.project;
      case IMAGE -> server.image;
      case FLAVOR -> server.flavorId;
      case LAUNCHED_AT -> Optional.ofNullable(server.launchedAt).orElse(Instant.EPOCH);
      case TASK_STATE -> Optional.ofNullable(server.task).map(TaskState::wire).orElse(ABSENT);
    };
  }
}
