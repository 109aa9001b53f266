package dev.tern.api.servers;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Page;
import dev.tern.api.request.QueryParameters;
import dev.tern.api.version.Change;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.AggregateStore;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.Narrowing;
import dev.tern.store.ServerStore.ServerQuery;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.ServerStore.Sort;
import dev.tern.store.ServerStore.SortKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;

/**
 * A list of servers, from Nova's query parameters. What the database cannot filter is filtered
 * here, page by page.
 */
@Component
final class ServerListing {
  /** Keys that are alike in all servers here: they order nothing. */
  private static final Set<String> ALIKE =
      Set.of("kernel_id", "ramdisk_id", "root_device_name", "key_name", "config_drive");

  private static final Map<String, SortKey> SORT_KEYS =
      Map.ofEntries(
          Map.entry("created_at", SortKey.CREATED_AT),
          Map.entry("updated_at", SortKey.UPDATED_AT),
          Map.entry("launched_at", SortKey.LAUNCHED_AT),
          Map.entry("display_name", SortKey.NAME),
          Map.entry("name", SortKey.NAME),
          Map.entry("uuid", SortKey.UUID),
          Map.entry("project_id", SortKey.PROJECT),
          Map.entry("image_ref", SortKey.IMAGE),
          Map.entry("instance_type_id", SortKey.FLAVOR),
          Map.entry("host", SortKey.HOST),
          Map.entry("node", SortKey.HOST),
          Map.entry("vm_state", SortKey.VM_STATE),
          Map.entry("task_state", SortKey.TASK_STATE),
          Map.entry("locked", SortKey.LOCKED));

  private final ServerStore servers;
  private final AggregateStore aggregates;

  ServerListing(ServerStore servers, AggregateStore aggregates) {
    this.servers = servers;
    this.aggregates = aggregates;
  }

  List<ServerRecord> list(ApiRequest request, Page page) {
    ListFilters.checkNames(request);
    if (ListFilters.neverMatch(request)) {
      return List.of();
    }
    Optional<Set<VmState>> states = states(request);
    if ((states.isPresent() && states.get().isEmpty()) || page.limit() == 0) {
      return List.of();
    }
    Optional<ServerId> marker = marker(page, request);
    Predicate<ServerRecord> filter = ListFilters.of(request, aggregates::zones);
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

  private ServerQuery storeQuery(
      ApiRequest request, Set<VmState> states, Optional<ServerId> marker, int limit) {
    QueryParameters query = request.query();
    return new ServerQuery(
        project(request),
        name(query),
        ListFilters.value("host", request)
            .or(() -> ListFilters.value("node", request))
            .map(ServerListing::host),
        states,
        task(request),
        query.one("image").or(() -> query.one("image_ref")).map(ServerListing::image),
        query.one("flavor"),
        query.instant("changes-since"),
        request.admin() && query.flag("deleted"),
        sort(request),
        marker,
        limit,
        narrowing(request));
  }

  private static Narrowing narrowing(ApiRequest request) {
    QueryParameters query = request.query();
    return new Narrowing(
        tags("tags", request),
        tags("tags-any", request),
        tags("not-tags", request),
        tags("not-tags-any", request),
        query.has("locked") ? Optional.of(query.flag("locked")) : Optional.empty(),
        query.instant("changes-before"));
  }

  private static Set<String> tags(String name, ApiRequest request) {
    return request.version().before(Change.SERVER_TAGS)
        ? Set.of()
        : request.query().one(name).stream()
            .flatMap(text -> Arrays.stream(text.split(",", -1)))
            .filter(tag -> !tag.isEmpty())
            .collect(Collectors.toSet());
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

  private static final ImageId NO_IMAGE = new ImageId(new UUID(0, 0));

  private static ImageId image(String text) {
    try {
      return ImageId.parse(text.substring(text.lastIndexOf('/') + 1));
    } catch (IllegalArgumentException _) {
      return NO_IMAGE; // As in Nova a filter that fits nothing, not an error.
    }
  }

  private static Optional<TaskState> task(ApiRequest request) {
    Optional<String> word = ListFilters.value("task_state", request);
    if (word.isEmpty()) {
      List<String> words = request.query().all("status");
      return words.size() == 1
          ? Optional.ofNullable(Status.named(words.getFirst())).flatMap(Status::task)
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
    Optional<String> vmState = ListFilters.value("vm_state", request);
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

  private static List<Sort> sort(ApiRequest request) {
    List<String> keys = request.query().all("sort_key");
    List<String> directions = request.query().all("sort_dir");
    if (keys.isEmpty()) {
      boolean rising = directions.stream().anyMatch("asc"::equals);
      return List.of(new Sort(SortKey.CREATED_AT, !rising));
    }
    List<Sort> sort = new ArrayList<>();
    for (int i = 0; i < keys.size(); i++) {
      if (ALIKE.contains(keys.get(i))) {
        continue;
      }
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
