package dev.tern.api.servers;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Booleans;
import dev.tern.api.request.Page;
import dev.tern.api.request.QueryParameters;
import dev.tern.api.version.Change;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerQuery;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.ServerStore.Sort;
import dev.tern.store.ServerStore.SortKey;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.PatternSyntaxException;
import org.springframework.stereotype.Component;

/**
 * A list of servers, from Nova's query parameters. What the database cannot filter is filtered
 * here, page by page.
 */
@Component
final class ServerListing {
  private static final Set<String> PAGING =
      Set.of("limit", "marker", "sort_key", "sort_dir", "all_tenants");
  private static final Set<String> FOR_TENANTS =
      Set.of(
          "name",
          "status",
          "image",
          "flavor",
          "ip",
          "ip6",
          "reservation_id",
          "changes-since",
          "changes-before",
          "tags",
          "tags-any",
          "not-tags",
          "not-tags-any",
          "locked",
          "deleted",
          "project_id",
          "tenant_id");
  private static final Set<String> FOR_TENANTS_LATER =
      Set.of(
          "availability_zone",
          "config_drive",
          "key_name",
          "created_at",
          "launched_at",
          "terminated_at",
          "power_state",
          "task_state",
          "vm_state",
          "progress",
          "user_id");
  private static final Set<String> FOR_ADMINS =
      Set.of(
          "host",
          "node",
          "hostname",
          "uuid",
          "description",
          "image_ref",
          "kernel_id",
          "ramdisk_id",
          "root_device_name",
          "access_ip_v4",
          "access_ip_v6",
          "locked_by",
          "launch_index",
          "soft_deleted",
          "instance_type_id");

  /** Values that no server has here: such a filter matches nothing. */
  private static final Set<String> NEVER_MATCH =
      Set.of(
          "ip",
          "ip6",
          "key_name",
          "tags",
          "tags-any",
          "access_ip_v4",
          "access_ip_v6",
          "locked_by",
          "soft_deleted");

  private static final Map<String, SortKey> SORT_KEYS =
      Map.of(
          "created_at",
          SortKey.CREATED_AT,
          "updated_at",
          SortKey.UPDATED_AT,
          "display_name",
          SortKey.NAME,
          "name",
          SortKey.NAME,
          "uuid",
          SortKey.UUID,
          "host",
          SortKey.HOST,
          "node",
          SortKey.HOST,
          "vm_state",
          SortKey.VM_STATE,
          "task_state",
          SortKey.TASK_STATE);

  private final ServerStore servers;

  ServerListing(ServerStore servers) {
    this.servers = servers;
  }

  List<ServerRecord> list(ApiRequest request, Page page) {
    QueryParameters query = request.query();
    checkNames(request);
    if (query.names().stream()
        .filter(name -> visible(name, request))
        .anyMatch(n -> neverMatches(n, query))) {
      return List.of();
    }
    Optional<Set<VmState>> states = states(request);
    if ((states.isPresent() && states.get().isEmpty()) || page.limit() == 0) {
      return List.of();
    }
    Optional<ServerId> marker = marker(page, request);
    Predicate<ServerRecord> filter = filter(request);
    List<ServerRecord> found = new ArrayList<>();
    while (true) {
      List<ServerRecord> next =
          servers.list(storeQuery(request, states.orElse(Set.of()), marker, page.limit()));
      next.stream().filter(filter).limit(page.limit() - found.size()).forEach(found::add);
      if (next.size() < page.limit() || found.size() >= page.limit()) {
        return found;
      }
      marker = Optional.of(next.getLast().id());
    }
  }

  /** From 2.75 on every unknown name is refused; before, it is ignored. */
  private static void checkNames(ApiRequest request) {
    if (request.has(Change.STRICT)) {
      Set<String> known = new HashSet<>(PAGING);
      known.addAll(FOR_TENANTS);
      known.addAll(FOR_TENANTS_LATER);
      known.addAll(FOR_ADMINS);
      request.query().refuseOthers(known);
    }
    if (request.query().has("changes-before") && request.version().before(Change.CHANGES_BEFORE)) {
      throw Refusals.invalidQuery("changes-before", "It exists since 2.66.");
    }
  }

  /** Filters that a caller may not use are dropped without a word, as Nova does. */
  private static boolean visible(String name, ApiRequest request) {
    return request.admin()
        || FOR_TENANTS.contains(name)
        || (request.has(Change.FILTERS_FOR_ALL) && FOR_TENANTS_LATER.contains(name));
  }

  private static Optional<String> filterValue(String name, ApiRequest request) {
    return visible(name, request) ? request.query().one(name) : Optional.empty();
  }

  private static boolean neverMatches(String name, QueryParameters query) {
    return switch (name) {
      case "locked" -> query.flag("locked");
      case "soft_deleted" -> query.flag("soft_deleted");
      default -> NEVER_MATCH.contains(name);
    };
  }

  private ServerQuery storeQuery(
      ApiRequest request, Set<VmState> states, Optional<ServerId> marker, int limit) {
    QueryParameters query = request.query();
    boolean deleted =
        (request.admin() && query.flag("deleted"))
            || query.has("changes-since")
            || states.contains(VmState.DELETED);
    return new ServerQuery(
        project(request),
        name(query),
        filterValue("host", request)
            .or(() -> filterValue("node", request))
            .map(ServerListing::host),
        states,
        task(request),
        query.one("image").or(() -> query.one("image_ref")).map(ServerListing::image),
        query.one("flavor"),
        query.instant("changes-since"),
        deleted,
        sort(request),
        marker,
        limit);
  }

  private static Optional<String> project(ApiRequest request) {
    if (!request.query().flag("all_tenants")) {
      return request.admin() && request.query().has("project_id")
          ? request.query().one("project_id")
          : Optional.of(request.caller().project());
    }
    request
        .caller()
        .require(dev.tern.api.request.Caller.Role.ADMIN, "servers:index:get_all_tenants");
    return request.query().one("project_id").or(() -> request.query().one("tenant_id"));
  }

  private static Optional<String> name(QueryParameters query) {
    Optional<String> name = query.one("name").filter(n -> !n.isEmpty());
    name.ifPresent(pattern -> {
      try {
        java.util.regex.Pattern.compile(pattern);
      } catch (PatternSyntaxException e) {
        throw Refusals.invalidQuery(
            "name",
            "Value: %s. It is not a regular expression.".formatted(Refusals.shortened(pattern)));
      }
      if (pattern.length() > 255) {
        throw Refusals.invalidQuery("name", "It is too long.");
      }
    });
    return name;
  }

  private static HostName host(String name) {
    try {
      return new HostName(name);
    } catch (IllegalArgumentException e) {
      throw Refusals.invalidQuery(
          "host", "Value: %s. %s".formatted(Refusals.shortened(name), e.getMessage()));
    }
  }

  private static ImageId image(String text) {
    try {
      return ImageId.parse(text.substring(text.lastIndexOf('/') + 1));
    } catch (IllegalArgumentException e) {
      throw Refusals.invalidQuery(
          "image", "Value: %s. It is not a UUID.".formatted(Refusals.shortened(text)));
    }
  }

  private static Optional<TaskState> task(ApiRequest request) {
    Optional<String> word = filterValue("task_state", request);
    if (word.isEmpty()) {
      return request.query().all("status").stream().anyMatch("MIGRATING"::equalsIgnoreCase)
          ? Optional.of(TaskState.MIGRATING)
          : Optional.empty();
    }
    for (TaskState task : TaskState.values()) {
      if (task.wire().equals(word.get())) {
        return Optional.of(task);
      }
    }
    throw Refusals.invalidQuery(
        "task_state", "Value: %s. It is no task state.".formatted(Refusals.shortened(word.get())));
  }

  /** Empty when any state will do; an empty set when none can match. */
  private static Optional<Set<VmState>> states(ApiRequest request) {
    List<String> words = request.query().all("status");
    Optional<String> vmState = filterValue("vm_state", request);
    if (words.isEmpty() && vmState.isEmpty()) {
      return Optional.empty();
    }
    Set<VmState> states = EnumSet.noneOf(VmState.class);
    for (String word : words) {
      Status status = Status.named(word);
      if (status == null && request.has(Change.STATUS_FILTER_CHECKED)) {
        throw Refusals.invalid("Invalid status value: %s".formatted(Refusals.shortened(word)));
      }
      if (status != null) {
        states.addAll(status.vmStates());
      }
    }
    vmState.ifPresent(word -> {
      for (VmState state : VmState.values()) {
        if (state.wire().equals(word.toLowerCase(Locale.ROOT))) {
          states.add(state);
        }
      }
    });
    if (states.contains(VmState.DELETED) && !request.admin()) {
      throw Refusals.forbidden("servers:index");
    }
    return Optional.of(states);
  }

  /** What the database does not filter by. */
  private static Predicate<ServerRecord> filter(ApiRequest request) {
    Predicate<ServerRecord> all = server -> true;
    Optional<java.time.Instant> before = request.query().instant("changes-before");
    if (before.isPresent()) {
      all = all.and(server -> !server.updatedAt().isAfter(before.get()));
    }
    List<String> words = request.query().all("status");
    if (!words.isEmpty()) {
      Set<Status> wanted = EnumSet.noneOf(Status.class);
      words.stream().map(Status::named).filter(Objects::nonNull).forEach(wanted::add);
      all = all.and(server -> wanted.contains(Status.of(server.vmState(), server.task())));
    }
    all = and(all, "user_id", request, ServerRecord::user);
    all = and(all, "uuid", request, server -> server.id().toString());
    all = and(all, "hostname", request, ServerRecord::hostname);
    all = and(all, "description", request, server -> server.description().orElse(""));
    all = and(all, "availability_zone", request, server -> server.host().isPresent() ? "nova" : "");
    all = and(all, "power_state", request, server -> String.valueOf(server.power().number()));
    all = and(all, "progress", request, server -> String.valueOf(server.progress()));
    Optional<Boolean> drive =
        filterValue("config_drive", request).map(text -> Booleans.parse(text).orElse(false));
    if (drive.isPresent()) {
      all = all.and(server -> server.config().drive() == drive.get());
    }
    Optional<String> reservation = filterValue("reservation_id", request);
    if (reservation.isPresent()) {
      all =
          all.and(
              server -> reservation.get().equals("r-" + server.id().toString().substring(0, 8)));
    }
    return all;
  }

  private static Predicate<ServerRecord> and(
      Predicate<ServerRecord> all,
      String name,
      ApiRequest request,
      java.util.function.Function<ServerRecord, String> value) {
    Optional<String> wanted = filterValue(name, request);
    return wanted.isEmpty() ? all : all.and(server -> value.apply(server).equals(wanted.get()));
  }

  private static List<Sort> sort(ApiRequest request) {
    List<String> keys = request.query().all("sort_key");
    List<String> directions = request.query().all("sort_dir");
    if (keys.isEmpty()) {
      boolean rising = directions.stream().anyMatch("asc"::equals);
      return List.of(new Sort(SortKey.CREATED_AT, !rising));
    }
    List<Sort> sort = new ArrayList<>();
    for (int i = 0; i < keys.size(); i++) {
      SortKey key = SORT_KEYS.get(keys.get(i));
      if (key == null) {
        throw Refusals.invalidQuery(
            "sort_key",
            "Value: %s. It is no key to sort by here.".formatted(Refusals.shortened(keys.get(i))));
      }
      if (key == SortKey.HOST && !request.admin()) {
        throw Refusals.forbidden("servers:index");
      }
      String direction =
          directions.isEmpty() ? "desc" : directions.get(Math.min(i, directions.size() - 1));
      if (!direction.equals("asc") && !direction.equals("desc")) {
        throw Refusals.invalidQuery(
            "sort_dir",
            "Value: %s. It is not one of ['asc', 'desc']."
                .formatted(Refusals.shortened(direction)));
      }
      if (sort.stream().noneMatch(s -> s.key() == key)) {
        sort.add(new Sort(key, direction.equals("desc")));
      }
    }
    return sort;
  }

  private Optional<ServerId> marker(Page page, ApiRequest request) {
    return page.marker()
        .map(text ->
            ServerAccess.parse(text)
                .flatMap(servers::findEvenDeleted)
                .filter(server -> request.caller().mayEnter(server.project()))
                .map(ServerRecord::id)
                .orElseThrow(() -> Refusals.noMarker(text)));
  }
}
