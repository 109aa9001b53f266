package dev.tern.api.services;

import dev.tern.api.ApiSettings;
import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.request.Page;
import dev.tern.api.version.Change;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.store.AggregateStore;
import dev.tern.store.EvacuationStore;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.HostStore.ServiceBeat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /os-services}: agents as {@code nova-compute}, and the conductors and schedulers. */
@RestController
final class ServicesController {
  private static final String COMPUTE = "nova-compute";

  private final HostStore hosts;
  private final AggregateStore aggregates;
  private final EvacuationStore evacuations;
  private final ApiSettings settings;

  ServicesController(
      HostStore hosts,
      AggregateStore aggregates,
      EvacuationStore evacuations,
      ApiSettings settings) {
    this.hosts = hosts;
    this.aggregates = aggregates;
    this.evacuations = evacuations;
    this.settings = settings;
  }

  @GetMapping("/v2.1/os-services")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-services:list");
    if (request.has(Change.STRICT)) {
      request.query().refuseOthers(Set.of("host", "binary"));
    }
    Optional<String> host = request.query().one("host").filter(h -> !h.isEmpty());
    Optional<String> binary = request.query().one("binary").filter(b -> !b.isEmpty());
    ArrayNode items = Json.array();
    for (ServiceBeat beat : hosts.beats(settings.serviceDownAfter())) {
      if (matches(binary, novaName(beat.binary())) && matches(host, beat.host())) {
        items.add(view(beat, request));
      }
    }
    if (matches(binary, COMPUTE)) {
      addComputes(items, host, request);
    }
    return Json.ok("services", items);
  }

  private void addComputes(ArrayNode items, Optional<String> host, ApiRequest request) {
    Map<HostName, String> zones = aggregates.zones();
    if (host.isPresent()) {
      find(host.get()).ifPresent(record -> items.add(view(record, zones, request)));
      return;
    }
    int after = 0;
    while (true) {
      List<HostRecord> next = hosts.list(settings.serviceDownAfter(), after, Page.MAX);
      next.forEach(record -> items.add(view(record, zones, request)));
      if (next.size() < Page.MAX) {
        return;
      }
      after = next.getLast().number();
    }
  }

  /** Up to 2.52 the last part is a verb, from 2.53 on the service's UUID. */
  @PutMapping("/v2.1/os-services/{what}")
  ResponseEntity<JsonNode> update(@PathVariable String what, ApiRequest request, JsonBody body) {
    return request.has(Change.UUIDS_OF_SERVICES)
        ? updateByUuid(what, request, body)
        : updateByVerb(what, request, body);
  }

  private ResponseEntity<JsonNode> updateByVerb(String verb, ApiRequest request, JsonBody body) {
    request.caller().require(Role.ADMIN, "os-services:update");
    boolean force = verb.equals("force-down") && request.has(Change.SERVICE_FORCED_DOWN);
    boolean reason = verb.equals("disable-log-reason");
    if (!force && !reason && !verb.equals("enable") && !verb.equals("disable")) {
      throw HttpFailure.notFound();
    }
    body.refuseOthers(
        force
            ? Set.of("host", "binary", "forced_down")
            : Set.of("host", "binary", "disabled_reason"));
    HostRecord record = computeService(body.text("host", 1, 255), body.text("binary", 1, 255));
    HostName host = record.report().host();
    ObjectNode view = Json.object().put("host", host.value()).put("binary", COMPUTE);
    if (force) {
      boolean down = body.flag("forced_down");
      forceDown(host, down);
      return Json.ok("service", view.put("forced_down", down));
    }
    Optional<String> why =
        reason ? Optional.of(body.text("disabled_reason", 1, 255)) : Optional.empty();
    boolean disabled = !verb.equals("enable");
    hosts.setDisabled(host, disabled, why);
    view.put("status", disabled ? "disabled" : "enabled");
    why.ifPresent(text -> view.put("disabled_reason", text));
    return Json.ok("service", view);
  }

  private ResponseEntity<JsonNode> updateByUuid(String id, ApiRequest request, JsonBody body) {
    body.refuseOthers(Set.of("status", "disabled_reason", "forced_down"));
    request.caller().require(Role.ADMIN, "os-services:update");
    HostRecord record = byUuid(id);
    HostName host = record.report().host();
    Optional<String> status =
        body.has("status") ? Optional.of(body.text("status", 1, 20)) : Optional.empty();
    if (status.isPresent() && !Set.of("enabled", "disabled").contains(status.get())) {
      throw body.invalid("status", "It is not one of ['enabled', 'disabled']");
    }
    Optional<String> reason =
        body.has("disabled_reason")
            ? Optional.of(body.text("disabled_reason", 1, 255))
            : Optional.empty();
    if (reason.isPresent() && !status.equals(Optional.of("disabled"))) {
      throw Refusals.invalid("Specifying disabled_reason is only allowed when status=disabled.");
    }
    Optional<Boolean> down =
        body.has("forced_down") ? Optional.of(body.flag("forced_down")) : Optional.empty();
    if (status.isEmpty() && down.isEmpty()) {
      throw Refusals.invalid(
          "No updates were requested. Fields 'status' or 'forced_down' should be specified.");
    }
    down.filter(value -> !value).ifPresent(_ -> requireNoneRelies(host));
    status.ifPresent(word -> hosts.setDisabled(host, word.equals("disabled"), reason));
    down.ifPresent(value -> forceDown(host, value));
    return Json.ok("service", view(find(host.value()).orElse(record), aggregates.zones(), request));
  }

  private void forceDown(HostName host, boolean down) {
    if (!down) {
      requireNoneRelies(host);
    }
    hosts.setForcedDown(host, down);
  }

  /** Not before the host has been told what was evacuated from it. */
  private void requireNoneRelies(HostName host) {
    if (evacuations.reliesOn(host)) {
      throw Refusals.invalid(
          "Unable to set forced_down to False: servers of host %s were evacuated, and it has not been told. Start its agent, and wait until their evacuations are completed."
              .formatted(host));
    }
  }

  /** By the number up to 2.52, by the UUID from 2.53 on. */
  @DeleteMapping("/v2.1/os-services/{id}")
  ResponseEntity<JsonNode> delete(@PathVariable String id, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-services:delete");
    UUID service = request.has(Change.UUIDS_OF_SERVICES) ? uuid(id) : byNumber(id);
    if (!hosts.removeService(service)) {
      throw noService("Service %s could not be found.".formatted(Refusals.shortened(id)));
    }
    return Json.empty(204);
  }

  /** A host comes before a process that has none and the same number. */
  private UUID byNumber(String id) {
    if (!id.matches("[0-9]{1,9}")) {
      throw Refusals.invalid(
          "Invalid input received: service_id must be an integer: %s"
              .formatted(Refusals.shortened(id)));
    }
    int number = Integer.parseInt(id);
    return hosts.list(settings.serviceDownAfter(), number - 1, 1).stream()
        .filter(host -> host.number() == number)
        .map(HostRecord::serviceUuid)
        .findFirst()
        .or(() ->
            hosts.beats(settings.serviceDownAfter()).stream()
                .filter(beat -> beat.number() == number)
                .map(ServiceBeat::uuid)
                .findFirst())
        .orElseThrow(() -> noService("Service %s could not be found.".formatted(number)));
  }

  private static UUID uuid(String id) {
    try {
      return UUID.fromString(id);
    } catch (IllegalArgumentException e) {
      throw Refusals.invalid("Invalid uuid %s".formatted(Refusals.shortened(id)));
    }
  }

  private HostRecord byUuid(String id) {
    UUID uuid = uuid(id);
    return hosts
        .find(uuid, settings.serviceDownAfter())
        .filter(host -> host.serviceUuid().equals(uuid))
        .orElseThrow(() -> noService("Service %s could not be found.".formatted(uuid)));
  }

  private HostRecord computeService(String host, String binary) {
    if (!binary.equals(COMPUTE)) {
      throw Refusals.invalid(
          "Updating a %s service is not supported. Only nova-compute services can be updated."
              .formatted(Refusals.shortened(binary)));
    }
    return find(host)
        .orElseThrow(() ->
            noService(
                "Could not find binary %s on host %s."
                    .formatted(COMPUTE, Refusals.shortened(host))));
  }

  private Optional<HostRecord> find(String host) {
    try {
      return hosts.find(new HostName(host), settings.serviceDownAfter());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static ComputeException noService(String message) {
    return new ComputeException(ErrorCode.SERVICE_NOT_FOUND, message, null);
  }

  private static boolean matches(Optional<String> wanted, String is) {
    return wanted.isEmpty() || wanted.get().equals(is);
  }

  private static String novaName(String binary) {
    return binary.startsWith("nova-") ? binary : "nova-" + binary;
  }

  private static ObjectNode view(HostRecord host, Map<HostName, String> zones, ApiRequest request) {
    String zone = zones.getOrDefault(host.report().host(), AggregateStore.DEFAULT_ZONE);
    ObjectNode view = Json.object();
    if (request.has(Change.UUIDS_OF_SERVICES)) {
      view.put("id", host.serviceUuid().toString());
    } else {
      view.put("id", host.number());
    }
    view.put("binary", COMPUTE)
        .put("host", host.report().host().value())
        .put("zone", zone)
        .put("status", host.disabled() ? "disabled" : "enabled")
        .put("state", host.up() && !host.forcedDown() ? "up" : "down")
        .put("updated_at", Dates.micros(host.lastSeen()));
    Json.putOrNull(view, "disabled_reason", host.disabledReason().orElse(null));
    if (request.has(Change.SERVICE_FORCED_DOWN)) {
      view.put("forced_down", host.forcedDown());
    }
    return view;
  }

  private static ObjectNode view(ServiceBeat beat, ApiRequest request) {
    ObjectNode view = Json.object();
    if (request.has(Change.UUIDS_OF_SERVICES)) {
      view.put("id", beat.uuid().toString());
    } else {
      view.put("id", beat.number());
    }
    view.put("binary", novaName(beat.binary()))
        .put("host", beat.host())
        .put("zone", "internal")
        .put("status", "enabled")
        .put("state", beat.up() ? "up" : "down")
        .put("updated_at", Dates.micros(beat.lastSeen()))
        .putNull("disabled_reason");
    if (request.has(Change.SERVICE_FORCED_DOWN)) {
      view.put("forced_down", false);
    }
    return view;
  }
}
