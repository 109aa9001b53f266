package dev.tern.api.servers;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Booleans;
import dev.tern.api.request.Dates;
import dev.tern.api.request.QueryParameters;
import dev.tern.api.version.Change;
import dev.tern.contract.HostName;
import dev.tern.store.AggregateStore;
import dev.tern.store.KeyPairStore.PublicKey;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Which filters a list of servers has, for whom, and those that are applied page by page. */
final class ListFilters {
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
  private static final Set<String> NEVER_MATCH = Set.of("ip", "ip6", "soft_deleted");

  /** What Nova keeps in other tables: no filter. */
  private static final Set<String> OTHER_TABLES =
      Set.of(
          "block_device_mapping",
          "services",
          "metadata",
          "system_metadata",
          "info_cache",
          "security_groups",
          "pci_devices");

  private ListFilters() {}

  /** From 2.75 on every unknown name is refused; before, it is ignored. */
  static void checkNames(ApiRequest request) {
    for (String name : request.query().names()) {
      if (name.startsWith("_") || OTHER_TABLES.contains(name)) {
        throw Refusals.invalidQuery(Refusals.shortened(name), "It is no filter for servers.");
      }
    }
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

  static Optional<String> value(String name, ApiRequest request) {
    return visible(name, request) ? request.query().one(name) : Optional.empty();
  }

  /** Whether some filter is one that no server here can pass. */
  static boolean neverMatch(ApiRequest request) {
    return request.query().names().stream()
        .filter(name -> visible(name, request))
        .anyMatch(name -> neverMatches(name, request.query()));
  }

  private static boolean neverMatches(String name, QueryParameters query) {
    return switch (name) {
      case "soft_deleted" -> query.flag("soft_deleted");
      default -> NEVER_MATCH.contains(name);
    };
  }

  /** What the database does not filter by. */
  static Predicate<ServerRecord> of(ApiRequest request, Supplier<Map<HostName, String>> zones) {
    Predicate<ServerRecord> all = server -> true;
    List<String> words = request.query().all("status");
    if (!words.isEmpty()) {
      Set<Status> wanted = EnumSet.noneOf(Status.class);
      words.stream().map(Status::named).filter(Objects::nonNull).forEach(wanted::add);
      all = all.and(server -> wanted.contains(Status.of(server.vmState(), server.task())));
    }
    all = and(all, "user_id", request, ServerRecord::user);
    all = and(all, "uuid", request, server -> server.id().toString());
    all = within(all, "hostname", request, ServerRecord::hostname);
    all = within(all, "description", request, server -> server.description().orElse(""));
    all = within(all, "access_ip_v4", request, server -> server.labels().accessIpV4());
    all = within(all, "access_ip_v6", request, server -> server.labels().accessIpV6());
    all = within(all, "created_at", request, server -> Dates.seconds(server.createdAt()));
    all = within(all, "launched_at", request, server -> time(server.launchedAt()));
    all = within(all, "terminated_at", request, server -> time(server.terminatedAt()));
    all = and(all, "locked_by", request, ListFilters::lockedBy);
    all =
        and(all, "launch_index", request, server -> String.valueOf(server.labels().launchIndex()));
    Optional<String> zone = value("availability_zone", request);
    if (zone.isPresent()) {
      Map<HostName, String> known = zones.get();
      all = all.and(server -> zone(server, known).equals(zone.get()));
    }
    all = and(all, "power_state", request, server -> String.valueOf(server.power().number()));
    all = and(all, "progress", request, server -> String.valueOf(server.progress()));
    Optional<Boolean> drive =
        value("config_drive", request).map(text -> Booleans.parse(text).orElse(false));
    if (drive.isPresent()) {
      all = all.and(server -> server.config().drive() == drive.get());
    }
    all =
        and(
            all,
            "key_name",
            request,
            server -> server.config().key().map(PublicKey::name).orElse(""));
    return and(all, "reservation_id", request, ServerView::reservation);
  }

  private static String zone(ServerRecord server, Map<HostName, String> zones) {
    return server
        .host()
        .map(host -> zones.getOrDefault(host, AggregateStore.DEFAULT_ZONE))
        .orElse("");
  }

  private static String time(Optional<Instant> at) {
    return at.map(Dates::seconds).orElse("");
  }

  private static String lockedBy(ServerRecord server) {
    return server.lock().map(lock -> lock.by().name().toLowerCase(Locale.ROOT)).orElse("");
  }

  /** Nova matches an expression here; a part of the text is what such filters are used for. */
  private static Predicate<ServerRecord> within(
      Predicate<ServerRecord> all,
      String name,
      ApiRequest request,
      Function<ServerRecord, String> of) {
    Optional<String> wanted = value(name, request);
    return wanted.isEmpty() ? all : all.and(server -> of.apply(server).contains(wanted.get()));
  }

  private static Predicate<ServerRecord> and(
      Predicate<ServerRecord> all,
      String name,
      ApiRequest request,
      Function<ServerRecord, String> of) {
    Optional<String> wanted = value(name, request);
    return wanted.isEmpty() ? all : all.and(server -> of.apply(server).equals(wanted.get()));
  }
}
