package dev.tern.api.aggregates;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.version.Change;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.store.AggregateStore;
import dev.tern.store.AggregateStore.Aggregate;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /os-aggregates}. */
@RestController
final class AggregatesController {
  private final AggregateStore aggregates;
  private final Supplier<UUID> newIds;

  AggregatesController(AggregateStore aggregates, Supplier<UUID> newIds) {
    this.aggregates = aggregates;
    this.newIds = newIds;
  }

  private static void require(ApiRequest request, String rule) {
    request.caller().require(Role.ADMIN, "os-aggregates:" + rule);
  }

  @GetMapping("/v2.1/os-aggregates")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    require(request, "index");
    ArrayNode items = Json.array();
    aggregates.list().forEach(each -> items.add(view(each, request)));
    return Json.ok("aggregates", items);
  }

  @GetMapping("/v2.1/os-aggregates/{id}")
  ResponseEntity<JsonNode> show(@PathVariable String id, ApiRequest request) {
    require(request, "show");
    int number = number(id);
    return shown(
        aggregates.find(number).orElseThrow(() -> notFound(Integer.toString(number))), request);
  }

  @PostMapping("/v2.1/os-aggregates")
  ResponseEntity<JsonNode> create(JsonBody body, ApiRequest request) {
    require(request, "create");
    body.refuseOthers(Set.of("aggregate"));
    JsonBody wanted = body.object("aggregate");
    wanted.refuseOthers(Set.of("name", AggregateStore.ZONE));
    String name = text(wanted, "name");
    Optional<String> zone = zone(wanted);
    UUID uuid = newIds.get();
    return request.once(() -> {
      ObjectNode view = view(aggregates.create(uuid, name, zone), request);
      view.remove("hosts");
      view.remove("metadata");
      return Json.ok("aggregate", view);
    });
  }

  @PutMapping("/v2.1/os-aggregates/{id}")
  ResponseEntity<JsonNode> update(@PathVariable String id, JsonBody body, ApiRequest request) {
    require(request, "update");
    body.refuseOthers(Set.of("aggregate"));
    JsonBody wanted = body.object("aggregate");
    wanted.refuseOthers(Set.of("name", AggregateStore.ZONE));
    if (wanted.node().isEmpty()) {
      throw Refusals.invalidField(
          "aggregate", wanted.node(), "{} is not valid under any of the given schemas");
    }
    Optional<String> name =
        wanted.has("name") ? Optional.of(text(wanted, "name")) : Optional.empty();
    return shown(aggregates.update(number(id), name, zone(wanted)), request);
  }

  /** 200 without a body, as Nova has it. */
  @DeleteMapping("/v2.1/os-aggregates/{id}")
  ResponseEntity<JsonNode> delete(@PathVariable String id, ApiRequest request) {
    require(request, "delete");
    aggregates.delete(number(id));
    return Json.empty(200);
  }

  @PostMapping("/v2.1/os-aggregates/{id}/action")
  ResponseEntity<JsonNode> act(@PathVariable String id, JsonBody body, ApiRequest request) {
    String action = body.onlyKey();
    return switch (action) {
      case "add_host" -> {
        require(request, action);
        HostName host = host(body.object(action));
        int number = number(id);
        yield request.once(() -> shown(aggregates.addHost(number, host), request));
      }
      case "remove_host" -> {
        require(request, action);
        HostName host = host(body.object(action));
        int number = number(id);
        yield request.once(() -> shown(aggregates.removeHost(number, host), request));
      }
      case "set_metadata" -> {
        require(request, action);
        Map<String, Optional<String>> changes = metadata(body.object(action));
        int number = number(id);
        yield request.once(() -> shown(aggregates.setMetadata(number, changes), request));
      }
      default ->
          throw Refusals.invalid(
              "There is no such action: %s".formatted(Refusals.shortened(action)));
    };
  }

  private static HostName host(JsonBody wanted) {
    wanted.refuseOthers(Set.of("host"));
    String name = wanted.text("host", 1, 255);
    try {
      return new HostName(name);
    } catch (IllegalArgumentException e) {
      throw wanted.invalid(
          "host", "'%s' is no name of a host.".formatted(Refusals.shortened(name)));
    }
  }

  private static Map<String, Optional<String>> metadata(JsonBody wanted) {
    wanted.refuseOthers(Set.of("metadata"));
    JsonBody metadata = wanted.object("metadata");
    Map<String, Optional<String>> changes = new HashMap<>();
    for (String key : metadata.node().propertyNames()) {
      if (!key.matches("[a-zA-Z0-9_:. -]{1,255}")) {
        throw metadata.invalid(
            key,
            "'%s' does not match '^[a-zA-Z0-9-_:. ]{1,255}$'".formatted(Refusals.shortened(key)));
      }
      changes.put(key, metadata.optionalText(key, 0, 255));
    }
    return changes;
  }

  private static String text(JsonBody wanted, String field) {
    String text = wanted.text(field, 1, 255).strip();
    if (text.isEmpty() || text.codePoints().anyMatch(Character::isISOControl)) {
      throw wanted.invalid(field, "It can not be empty or contain control characters.");
    }
    return text;
  }

  /** A colon would make a host of the rest when a server asks for the zone. */
  private static Optional<String> zone(JsonBody wanted) {
    if (!wanted.given(AggregateStore.ZONE)) {
      return Optional.empty();
    }
    String zone = text(wanted, AggregateStore.ZONE);
    if (zone.contains(":")) {
      throw wanted.invalid(AggregateStore.ZONE, "A zone's name has no colon.");
    }
    return Optional.of(zone);
  }

  private static int number(String id) {
    if (!id.matches("-?[0-9]{1,20}")) {
      throw Refusals.invalid(
          "Invalid input received: id must be an integer: %s".formatted(Refusals.shortened(id)));
    }
    if (!id.matches("[0-9]{1,9}")) {
      throw notFound(id);
    }
    return Integer.parseInt(id);
  }

  private static ComputeException notFound(String id) {
    return new ComputeException(
        ErrorCode.AGGREGATE_NOT_FOUND, "Aggregate %s could not be found.".formatted(id), null);
  }

  private static ResponseEntity<JsonNode> shown(Aggregate aggregate, ApiRequest request) {
    return Json.ok("aggregate", view(aggregate, request));
  }

  private static ObjectNode view(Aggregate aggregate, ApiRequest request) {
    ObjectNode view = Json.object();
    Json.putOrNull(view, "availability_zone", aggregate.zone().orElse(null));
    view.put("created_at", Dates.micros(aggregate.createdAt()))
        .put("deleted", false)
        .putNull("deleted_at");
    ArrayNode hosts = view.putArray("hosts");
    aggregate.hosts().forEach(host -> hosts.add(host.value()));
    view.put("id", aggregate.number());
    ObjectNode metadata = view.putObject("metadata");
    aggregate.metadata().forEach(metadata::put);
    view.put("name", aggregate.name());
    Json.putOrNull(view, "updated_at", aggregate.updatedAt().map(Dates::micros).orElse(null));
    if (request.has(Change.AGGREGATE_UUID)) {
      view.put("uuid", aggregate.uuid().toString());
    }
    return view;
  }
}
