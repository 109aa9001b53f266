package dev.tern.api.services;

import dev.tern.api.ApiSettings;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.Page;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.HostStore.ServiceBeat;
import java.util.List;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /os-availability-zone}: all hosts are in {@code nova}. */
@RestController
final class AvailabilityZoneController {
  private final HostStore hosts;
  private final ApiSettings settings;

  AvailabilityZoneController(HostStore hosts, ApiSettings settings) {
    this.hosts = hosts;
    this.settings = settings;
  }

  @GetMapping("/v2.1/os-availability-zone")
  ResponseEntity<JsonNode> list() {
    ArrayNode zones = Json.array();
    zones.add(zone("nova").putNull("hosts"));
    return Json.ok("availabilityZoneInfo", zones);
  }

  @GetMapping("/v2.1/os-availability-zone/detail")
  ResponseEntity<JsonNode> detail(ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-availability-zone:detail");
    ObjectNode internal = zone("internal");
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
    ObjectNode nova = zone("nova");
    ObjectNode computes = nova.putObject("hosts");
    int after = 0;
    while (true) {
      List<HostRecord> next = hosts.list(settings.serviceDownAfter(), after, Page.MAX);
      next.forEach(host -> add(computes, host));
      if (next.size() < Page.MAX) {
        break;
      }
      after = next.getLast().number();
    }
    return Json.ok("availabilityZoneInfo", Json.array().add(internal).add(nova));
  }

  private static void add(ObjectNode computes, HostRecord host) {
    computes
        .putObject(host.report().host().value())
        .putObject("nova-compute")
        .put("available", host.up() && !host.forcedDown())
        .put("active", !host.disabled())
        .put("updated_at", Dates.micros(host.lastSeen()));
  }

  private static ObjectNode zone(String name) {
    ObjectNode zone = Json.object().put("zoneName", name);
    zone.putObject("zoneState").put("available", true);
    return zone;
  }
}
