package dev.tern.api.usage;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.Page;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.version.Change;
import dev.tern.store.UsageStore;
import dev.tern.store.UsageStore.Lifetime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /os-simple-tenant-usage}: for how long there were servers of which size. */
@RestController
final class TenantUsageController {
  private static final Duration USUAL = Duration.ofDays(28);
  private static final double SECONDS_OF_AN_HOUR = 3600.0;

  private final UsageStore usage;
  private final ServerAccess servers;
  private final Clock clock;

  TenantUsageController(UsageStore usage, ServerAccess servers, Clock clock) {
    this.usage = usage;
    this.servers = servers;
    this.clock = clock;
  }

  private record Period(Instant from, Instant to) {}

  @GetMapping("/v2.1/os-simple-tenant-usage")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-simple-tenant-usage:list");
    Period period = period(request, Set.of("start", "end", "detailed", "limit", "marker"));
    boolean detailed = request.query().one("detailed").filter(text -> text.equals("1")).isPresent();
    Page page = page(request);
    List<Lifetime> found = find(Optional.empty(), period, page, request);
    Map<String, List<Lifetime>> projects = new TreeMap<>();
    found.forEach(
        each -> projects.computeIfAbsent(each.project(), _ -> new ArrayList<>()).add(each));
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("tenant_usages");
    projects.forEach((project, its) -> items.add(view(project, its, period, detailed)));
    link(body, "tenant_usages_links", page, found, request);
    return Json.ok(body);
  }

  @GetMapping("/v2.1/os-simple-tenant-usage/{project}")
  ResponseEntity<JsonNode> show(@PathVariable String project, ApiRequest request) {
    if (!request.caller().mayEnter(project)) {
      throw Refusals.forbidden("os-simple-tenant-usage:show");
    }
    Period period = period(request, Set.of("start", "end", "limit", "marker"));
    Page page = page(request);
    List<Lifetime> found = find(Optional.of(project), period, page, request);
    ObjectNode body = Json.object();
    body.set("tenant_usage", found.isEmpty() ? Json.object() : view(project, found, period, true));
    link(body, "tenant_usage_links", page, found, request);
    return Json.ok(body);
  }

  private static Page page(ApiRequest request) {
    return request.has(Change.USAGE_PAGING) ? request.page() : Page.first();
  }

  private static void link(
      ObjectNode body, String key, Page page, List<Lifetime> found, ApiRequest request) {
    if (request.has(Change.USAGE_PAGING)) {
      page.linkNext(body, key, found, each -> each.id().toString(), request);
    }
  }

  /** A page; everything before 2.40, which knows no pages. */
  private List<Lifetime> find(
      Optional<String> project, Period period, Page page, ApiRequest request) {
    Optional<UUID> after = page.marker().map(marker -> server(marker, project, request));
    if (!page.equals(Page.first())) {
      return page.limit() == 0
          ? List.of()
          : usage.lifetimes(project, period.from(), period.to(), after, page.limit());
    }
    List<Lifetime> all = new ArrayList<>();
    while (true) {
      List<Lifetime> next = usage.lifetimes(project, period.from(), period.to(), after, Page.MAX);
      all.addAll(next);
      if (next.size() < Page.MAX) {
        return all;
      }
      after = Optional.of(next.getLast().id().value());
    }
  }

  /** A page's last server, deleted or not. */
  private UUID server(String marker, Optional<String> project, ApiRequest request) {
    return servers
        .findEvenDeleted(marker, request)
        .filter(server -> project.isEmpty() || project.get().equals(server.project()))
        .orElseThrow(() -> Refusals.noMarker(marker))
        .id()
        .value();
  }

  private Period period(ApiRequest request, Set<String> known) {
    if (request.has(Change.STRICT)) {
      request.query().refuseOthers(known);
    }
    Instant now = clock.instant();
    Instant to = time(request, "end").orElse(now);
    Instant from = time(request, "start").orElse(now.minus(USUAL));
    if (from.isAfter(to)) {
      throw Refusals.invalid("Invalid start time. The start time cannot occur after the end time.");
    }
    return new Period(from, to);
  }

  private static Optional<Instant> time(ApiRequest request, String name) {
    Optional<String> text = request.query().one(name).filter(each -> !each.isEmpty());
    return text.map(given ->
        Dates.parse(given).orElseThrow(() -> Refusals.invalid("Datetime is in invalid format")));
  }

  private static double hours(Lifetime server, Period period) {
    Instant begin = server.launchedAt();
    Instant end = server.terminatedAt().orElse(period.to());
    Instant from = begin.isAfter(period.from()) ? begin : period.from();
    Instant to = end.isBefore(period.to()) ? end : period.to();
    return from.isAfter(to)
        ? 0
        : Duration.between(from, to).toMillis() / 1000.0 / SECONDS_OF_AN_HOUR;
  }

  private ObjectNode view(String project, List<Lifetime> servers, Period period, boolean detailed) {
    double hours = 0;
    double vcpus = 0;
    double memory = 0;
    double disk = 0;
    for (Lifetime server : servers) {
      double its = hours(server, period);
      hours += its;
      vcpus += its * server.flavor().vcpus();
      memory += its * server.flavor().memoryMib();
      disk += its * gib(server);
    }
    ObjectNode view =
        Json.object()
            .put("tenant_id", project)
            .put("start", Dates.micros(period.from()))
            .put("stop", Dates.micros(period.to()))
            .put("total_hours", hours)
            .put("total_local_gb_usage", disk)
            .put("total_memory_mb_usage", memory)
            .put("total_vcpus_usage", vcpus);
    if (detailed) {
      ArrayNode items = view.putArray("server_usages");
      servers.forEach(server -> items.add(view(server, period)));
    }
    return view;
  }

  private static long gib(Lifetime server) {
    return (long) server.flavor().diskGib() + server.flavor().ephemeralGib();
  }

  private ObjectNode view(Lifetime server, Period period) {
    ObjectNode view =
        Json.object()
            .put("instance_id", server.id().toString())
            .put("name", server.name())
            .put("hours", hours(server, period))
            .put("flavor", server.flavor().name())
            .put("tenant_id", server.project())
            .put("memory_mb", server.flavor().memoryMib())
            .put("local_gb", gib(server))
            .put("vcpus", server.flavor().vcpus());
    view.put("started_at", Dates.micros(server.launchedAt()));
    Json.putOrNull(view, "ended_at", server.terminatedAt().map(Dates::micros).orElse(null));
    Instant end = server.terminatedAt().orElse(clock.instant());
    long uptime = Math.max(0, Duration.between(server.launchedAt(), end).toSeconds());
    return view.put(
            "state", server.terminatedAt().isPresent() ? "terminated" : server.state().wire())
        .put("uptime", uptime);
  }
}
