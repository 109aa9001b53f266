package dev.tern.api.hosts;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.contract.HostName;
import dev.tern.contract.host.HostAnswer.Export;
import dev.tern.contract.host.HostAnswer.Exports;
import dev.tern.contract.host.HostAnswer.PortInUse;
import dev.tern.contract.host.HostAnswer.Ports;
import dev.tern.contract.host.HostQuestion.ListExports;
import dev.tern.contract.host.HostQuestion.ListPorts;
import dev.tern.contract.host.HostReport;
import dev.tern.store.DrainStore;
import dev.tern.store.HostStore.HostRecord;
import java.time.Duration;
import java.util.Locale;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/hosts}: what a host is and said last, what it has open now, and whether guests could
 * move to another.
 */
@RestController
final class HostsController {
  private static final Duration LOOK = Duration.ofSeconds(15);

  private final HostVoice hosts;
  private final Reachability reachability;

  private final DrainStore drains;

  HostsController(HostVoice hosts, Reachability reachability, DrainStore drains) {
    this.hosts = hosts;
    this.reachability = reachability;
    this.drains = drains;
  }

  @GetMapping("/v1/hosts/{host}")
  ResponseEntity<JsonNode> show(@PathVariable String host, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:hosts:show");
    HostRecord found = hosts.found(host);
    HostReport report = found.report();
    ObjectNode view =
        Json.object()
            .put("host", report.host().value())
            .put("state", found.up() && !found.forcedDown() ? "up" : "down");
    view.putObject("hypervisor")
        .put("type", report.hypervisorType())
        .put("version", report.hypervisorVersionText());
    view.putObject("accelerator")
        .put("name", report.accelerator())
        .put("reason", report.acceleratorReason());
    report.machineTypes().forEach(view.putArray("machine_types")::add);
    report.cpuModels().forEach(view.putArray("cpu_models")::add);
    report.missingFeatures().forEach(view.putArray("missing_features")::add);
    view.put("migration_address", report.migrationAddress())
        .put("insecure", report.insecure())
        .put("kernel_nbd", report.kernelNbd().name().toLowerCase(Locale.ROOT));
    report
        .controlLink()
        .ifPresentOrElse(
            link ->
                view.putObject("control_link")
                    .put("protection", link.protection().name().toLowerCase(Locale.ROOT))
                    .put("broker", link.broker()),
            () -> view.putNull("control_link"));
    drains
        .closing(report.host())
        .ifPresentOrElse(
            drain ->
                view.putObject("drain")
                    .put("id", drain.id().toString())
                    .put("state", drain.state().name().toLowerCase(Locale.ROOT)),
            () -> view.putNull("drain"));
    return Json.ok("host", view);
  }

  @GetMapping("/v1/hosts/{host}/exports")
  ResponseEntity<JsonNode> exports(@PathVariable String host, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:hosts:exports");
    ArrayNode views = Json.array();
    for (Export export :
        hosts.say(hosts.named(host), new ListExports(), Exports.class, LOOK).exports()) {
      ObjectNode view =
          views
              .addObject()
              .put("server", export.server().toString())
              .put("disk", export.disk())
              .put("name", export.name())
              .put("address", export.address())
              .put("port", export.port())
              .put("tls", export.tls())
              .put("size_bytes", export.sizeBytes())
              .put("clients", export.clients());
      export.flags().forEach(view.putArray("flags")::add);
      export.contexts().forEach(view.putArray("contexts")::add);
    }
    return Json.ok("exports", views);
  }

  @GetMapping("/v1/hosts/{host}/ports")
  ResponseEntity<JsonNode> ports(@PathVariable String host, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:hosts:ports");
    Ports ports = hosts.say(hosts.named(host), new ListPorts(), Ports.class, LOOK);
    ObjectNode view =
        Json.object()
            .put("address", ports.address())
            .put("first", ports.first())
            .put("last", ports.last());
    ArrayNode used = view.putArray("used");
    for (PortInUse port : ports.used()) {
      ObjectNode one = used.addObject().put("port", port.port());
      Json.putOrNull(one, "server", port.server().orElse(null));
      one.put("purpose", port.purpose());
    }
    return Json.ok("ports", view);
  }

  @GetMapping("/v1/hosts/{host}/reachability/{other}")
  ResponseEntity<JsonNode> reachability(
      @PathVariable String host, @PathVariable String other, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:hosts:reachability");
    HostName here = hosts.named(host);
    HostName there = hosts.named(other);
    if (here.equals(there)) {
      throw Refusals.invalid(
          "Host %s cannot be probed against itself; name two hosts.".formatted(here));
    }
    ObjectNode view = Json.object();
    ArrayNode ways = view.putArray("ways");
    boolean out = add(ways, here, there);
    boolean back = add(ways, there, here);
    return Json.ok("reachability", view.put("reachable", out && back));
  }

  private boolean add(ArrayNode ways, HostName from, HostName to) {
    ObjectNode view = ways.addObject().put("from", from.value()).put("to", to.value());
    return switch (reachability.from(from, to)) {
      case Reachability.Way.Open(var ran) -> {
        view.put("reachable", true)
            .put("tls", ran.tls())
            .put("disk_millis", ran.disk().toMillis())
            .put("memory_millis", ran.memory().toMillis())
            .putNull("failure");
        yield true;
      }
      case Reachability.Way.Closed(var failure) -> {
        view.put("reachable", false)
            .putNull("tls")
            .putNull("disk_millis")
            .putNull("memory_millis")
            .putObject("failure")
            .put("code", failure.code().novaName())
            .put("message", failure.message());
        yield false;
      }
    };
  }
}
