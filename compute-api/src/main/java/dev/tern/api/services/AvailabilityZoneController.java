package dev.tern.api.services;

import dev.tern.api.ApiSettings;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.Page;
import dev.tern.contract.HostName;
import dev.tern.store.AggregateStore;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.HostStore.ServiceBeat;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /os-availability-zone}: hosts are in the zone of their aggregates, or in {@code nova}. */
@RestController
final class AvailabilityZoneController {
  private final HostStore hosts;
  private final AggregateStore aggregates;
  private final ApiSettings settings;

  AvailabilityZoneController(HostStore hosts, AggregateStore aggregates, ApiSettings settings) {
    this.hosts = hosts;
    this.aggregates = aggregates;
    this.settings = settings;
  }

  @GetMapping("/v2.1/os-availability-zone")
  ResponseEntity<JsonNode> list() {
    Map<HostName, String> zones = aggregates.zones();
    ZoneNames names = new ZoneNames();
    forEach(host -> names.add(zoneOf(host, zones), !host.disabled()));
    ArrayNode items = Json.array();
    names
        .available()
        .forEach((name, available) -> items.add(zone(name, available).putNull("hosts")));
    return Json.ok("availabilityZoneInfo", items);
  }

  /** A zone is available while one of its hosts takes servers; the default one is always there. */
  private static final class ZoneNames {
    private final Map<String, Boolean> available = new TreeMap<>();

    void add(String zone, boolean enabled) {
      available.merge(zone, enabled, Boolean::logicalOr);
    }

    Map<String, Boolean> available() {
      if (available.isEmpty()) {
        available.put(AggregateStore.DEFAULT_ZONE, true);
      }
      return available;
    }
  }

  private static String zoneOf(HostRecord host, Map<HostName, String> zones) {
    return zones.getOrDefault(host.report().host(), AggregateStore.DEFAULT_ZONE);
  }

  @GetMapping("/v2.1/os-availability-zone/detail")
  ResponseEntity<JsonNode> detail(ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-availability-zone:detail");
    ObjectNode internal = zone("internal", true);
    ObjectNode services = internal.putObject("hosts");
    for (ServiceBeat beat : hosts.beats(settings.serviceDownAfter())) {
      String binary = beat.binary().startsWith("nova-") ? beat.binary() : "nova-" + beat.binary();
      services
          .withObject("/" + beat.host().replace("~", "~0").replace("/", "~1"))
          .putObject(binary)
          .put("available", beat.up())
          .put("active", true)
          .put("updated_at", Dates.micros(beat.lastSeen()));
    }
    Map<HostName, String> zones = aggregates.zones();
    ZoneNames names = new ZoneNames();
    Map<String, ObjectNode> computes = new HashMap<>();
    forEach(host -> {
      String name = zoneOf(host, zones);
      names.add(name, !host.disabled());
      add(computes.computeIfAbsent(name, _ -> Json.object()), host);
    });
    ArrayNode items = Json.array().add(internal);
    names
        .available()
        .forEach((name, available) -> {
          ObjectNode shown = zone(name, available);
          shown.set("hosts", computes.getOrDefault(name, Json.object()));
          items.add(shown);
        });
    return Json.ok("availabilityZoneInfo", items);
  }

  private void forEach(Consumer<HostRecord> look) {
    int after = 0;
    while (true) {
      List<HostRecord> next = hosts.list(settings.serviceDownAfter(), after, Page.MAX);
      next.forEach(look);
      if (next.size() < Page.MAX) {
        return;
      }
      after = next.getLast().number();
    }
  }

  private static void add(ObjectNode computes, HostRecord host) {
    computes
        .putObject(host.report().host().value())
        .putObject("nova-compute")
        .put("available", host.up() && !host.forcedDown())
        .put("active", !host.disabled())
        .put("updated_at", Dates.micros(host.lastSeen()));
  }

  private static ObjectNode zone(String name, boolean available) {
    ObjectNode zone = Json.object().put("zoneName", name);
    zone.putObject("zoneState").put("available", available);
    return zone;
  }
}
