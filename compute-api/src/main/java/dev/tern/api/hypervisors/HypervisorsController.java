package dev.tern.api.hypervisors;

import dev.tern.api.ApiSettings;
import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.Page;
import dev.tern.api.version.Change;
import dev.tern.api.version.Offered;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.ServerStore;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /os-hypervisors}. */
@RestController
final class HypervisorsController {
  private final HostStore hosts;
  private final ServerStore servers;
  private final ApiSettings settings;

  HypervisorsController(HostStore hosts, ServerStore servers, ApiSettings settings) {
    this.hosts = hosts;
    this.servers = servers;
    this.settings = settings;
  }

  @GetMapping("/v2.1/os-hypervisors")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-hypervisors:list");
    return listed(request, host -> HypervisorView.brief(host, request));
  }

  @GetMapping("/v2.1/os-hypervisors/detail")
  ResponseEntity<JsonNode> detail(ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-hypervisors:list-detail");
    return listed(request, host -> HypervisorView.full(host, request));
  }

  @GetMapping("/v2.1/os-hypervisors/{id}")
  ResponseEntity<JsonNode> show(@PathVariable String id, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-hypervisors:show");
    if (request.has(Change.STRICT)) {
      request.query().refuseOthers(Set.of("with_servers"));
    }
    HostRecord host = find(id, request);
    ObjectNode view = HypervisorView.full(host, request);
    if (withServers(request)) {
      HypervisorView.servers(view, of(host, serversOf(List.of(host))), request);
    }
    return Json.ok("hypervisor", view);
  }

  @Offered(to = 87)
  @GetMapping("/v2.1/os-hypervisors/{id}/uptime")
  ResponseEntity<JsonNode> uptime(@PathVariable String id, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-hypervisors:uptime");
    HostRecord host = find(id, request);
    if (!HypervisorView.up(host)) {
      throw Refusals.invalid(
          "Compute service of %s is unavailable at this time.".formatted(host.report().host()));
    }
    return Json.ok(
        "hypervisor", HypervisorView.brief(host, request).put("uptime", host.report().uptime()));
  }

  @Offered(to = 87)
  @GetMapping("/v2.1/os-hypervisors/statistics")
  ResponseEntity<JsonNode> statistics(ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-hypervisors:statistics");
    HypervisorView.Totals totals = HypervisorView.Totals.NONE;
    int after = 0;
    while (true) {
      List<HostRecord> next = hosts.list(settings.serviceDownAfter(), after, Page.MAX);
      for (HostRecord host : next) {
        totals = totals.plus(HypervisorView.Totals.of(host));
      }
      if (next.size() < Page.MAX) {
        break;
      }
      after = next.getLast().number();
    }
    ObjectNode view = Json.object().put("count", totals.hosts());
    return Json.ok(
        "hypervisor_statistics",
        HypervisorView.figures(view, totals).put("disk_available_least", totals.diskGibFree()));
  }

  @Offered(to = 52)
  @GetMapping("/v2.1/os-hypervisors/{pattern}/search")
  ResponseEntity<JsonNode> search(@PathVariable String pattern, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-hypervisors:search");
    ArrayNode items = Json.array();
    matching(pattern).forEach(host -> items.add(HypervisorView.brief(host, request)));
    return Json.ok("hypervisors", items);
  }

  @Offered(to = 52)
  @GetMapping("/v2.1/os-hypervisors/{pattern}/servers")
  ResponseEntity<JsonNode> servers(@PathVariable String pattern, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-hypervisors:servers");
    ArrayNode items = Json.array();
    List<HostRecord> found = matching(pattern);
    Map<HostName, List<ServerId>> its = serversOf(found);
    for (HostRecord host : found) {
      ObjectNode view = HypervisorView.brief(host, request);
      HypervisorView.servers(view, of(host, its), request);
      items.add(view);
    }
    return Json.ok("hypervisors", items);
  }

  private ResponseEntity<JsonNode> listed(
      ApiRequest request, Function<HostRecord, ObjectNode> view) {
    checkNames(request);
    boolean paged = request.has(Change.HYPERVISOR_PAGING);
    Page page = paged ? request.page() : Page.first();
    Optional<String> pattern =
        request.has(Change.UUIDS_OF_SERVICES)
            ? request.query().one("hypervisor_hostname_pattern")
            : Optional.empty();
    if (pattern.isPresent() && (request.query().has("limit") || request.query().has("marker"))) {
      throw Refusals.invalid(
          "Paging over hypervisors with the hypervisor_hostname_pattern query parameter is not supported.");
    }
    List<HostRecord> found =
        pattern.isPresent() ? matching(pattern.get()) : read(page, request, host -> true);
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("hypervisors");
    boolean withServers = withServers(request);
    Map<HostName, List<ServerId>> its = withServers ? serversOf(found) : Map.of();
    for (HostRecord host : found) {
      ObjectNode item = view.apply(host);
      if (withServers) {
        HypervisorView.servers(item, of(host, its), request);
      }
      items.add(item);
    }
    if (paged && pattern.isEmpty()) {
      page.linkNext(body, "hypervisors_links", found, host -> id(host, request), request);
    }
    return Json.ok(body);
  }

  private static void checkNames(ApiRequest request) {
    if (request.version().before(Change.HYPERVISOR_PAGING)) {
      return;
    }
    Set<String> known = new HashSet<>(Set.of("limit", "marker"));
    if (request.has(Change.UUIDS_OF_SERVICES)) {
      known.addAll(Set.of("hypervisor_hostname_pattern", "with_servers"));
    }
    if (request.has(Change.UUIDS_OF_SERVICES)) {
      request.query().refuseOthers(known);
    }
  }

  private List<HostRecord> read(Page page, ApiRequest request, Predicate<HostRecord> filter) {
    if (page.limit() == 0) {
      return List.of();
    }
    int after =
        page.marker()
            .map(marker -> {
              try {
                return find(marker, request).number();
              } catch (HttpFailure | dev.tern.contract.ComputeException e) {
                throw Refusals.noMarker(marker);
              }
            })
            .orElse(0);
    return hosts.list(settings.serviceDownAfter(), after, page.limit()).stream()
        .filter(filter)
        .toList();
  }

  /** By part of the name, at most a page of them. */
  private List<HostRecord> matching(String pattern) {
    List<HostRecord> found = new ArrayList<>();
    int after = 0;
    while (true) {
      List<HostRecord> next = hosts.list(settings.serviceDownAfter(), after, Page.MAX);
      next.stream()
          .filter(host -> host.report().host().value().contains(pattern))
          .forEach(found::add);
      if (next.size() < Page.MAX || found.size() >= Page.MAX) {
        break;
      }
      after = next.getLast().number();
    }
    if (found.isEmpty()) {
      throw new HttpFailure(
          404,
          "No hypervisor matching '%s' could be found.".formatted(Refusals.shortened(pattern)));
    }
    return found;
  }

  private HostRecord find(String id, ApiRequest request) {
    if (request.has(Change.UUIDS_OF_SERVICES)) {
      UUID uuid =
          parse(id)
              .orElseThrow(
                  () -> Refusals.invalid("Invalid uuid %s".formatted(Refusals.shortened(id))));
      return hosts
          .find(uuid, settings.serviceDownAfter())
          .filter(host -> host.uuid().equals(uuid))
          .orElseThrow(() -> noHypervisor(id));
    }
    if (!id.matches("[0-9]{1,9}") || Integer.parseInt(id) == 0) {
      throw noHypervisor(id);
    }
    int number = Integer.parseInt(id);
    return hosts.list(settings.serviceDownAfter(), number - 1, 1).stream()
        .filter(host -> host.number() == number)
        .findFirst()
        .orElseThrow(() -> noHypervisor(id));
  }

  private static HttpFailure noHypervisor(String id) {
    return new HttpFailure(
        404, "Hypervisor with ID '%s' could not be found.".formatted(Refusals.shortened(id)));
  }

  private static Optional<UUID> parse(String text) {
    try {
      UUID uuid = UUID.fromString(text);
      return uuid.toString().equalsIgnoreCase(text) ? Optional.of(uuid) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static String id(HostRecord host, ApiRequest request) {
    return request.has(Change.UUIDS_OF_SERVICES)
        ? host.uuid().toString()
        : String.valueOf(host.number());
  }

  private static boolean withServers(ApiRequest request) {
    return request.has(Change.UUIDS_OF_SERVICES) && request.query().flag("with_servers");
  }

  private Map<HostName, List<ServerId>> serversOf(List<HostRecord> some) {
    return servers.onHosts(some.stream().map(host -> host.report().host()).toList());
  }

  private static List<ServerId> of(HostRecord host, Map<HostName, List<ServerId>> servers) {
    return servers.getOrDefault(host.report().host(), List.of());
  }
}
