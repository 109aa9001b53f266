package dev.tern.api.actions;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.Page;
import dev.tern.api.servers.HostIds;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.version.Change;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.RequestId;
import dev.tern.contract.VmState;
import dev.tern.store.ActionStore;
import dev.tern.store.ActionStore.ActionRecord;
import dev.tern.store.ActionStore.EventRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /servers/{id}/os-instance-actions}. */
@RestController
final class InstanceActionsController {
  private final ServerAccess access;
  private final ActionStore actions;

  InstanceActionsController(ServerAccess access, ActionStore actions) {
    this.access = access;
    this.actions = actions;
  }

  @GetMapping("/v2.1/servers/{id}/os-instance-actions")
  ResponseEntity<JsonNode> list(@PathVariable String id, ApiRequest request) {
    ServerRecord server = server(id, request);
    request.caller().require(Role.READER, "os-instance-actions:list");
    boolean paged = request.has(Change.ACTION_PAGING);
    if (paged) {
      Set<String> known = new HashSet<>(Set.of("limit", "marker", "changes-since"));
      if (request.has(Change.CHANGES_BEFORE)) {
        known.add("changes-before");
      }
      request.query().refuseOthers(known);
    }
    Page page = paged ? request.page() : Page.first();
    List<ActionRecord> found = page(newestFirst(server), page, request);
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("instanceActions");
    found.forEach(action -> items.add(brief(action, request)));
    if (paged) {
      page.linkNext(body, "links", found, action -> action.request().value(), request);
    }
    return Json.ok(body);
  }

  @GetMapping("/v2.1/servers/{id}/os-instance-actions/{requestId}")
  ResponseEntity<JsonNode> show(
      @PathVariable String id, @PathVariable String requestId, ApiRequest request) {
    ServerRecord server = server(id, request);
    request.caller().require(Role.READER, "os-instance-actions:show");
    ActionRecord action =
        parse(requestId)
            .flatMap(key -> actions.find(server.id(), key))
            .orElseThrow(() ->
                new ComputeException(
                    ErrorCode.ACTION_NOT_FOUND,
                    "Action %s not found".formatted(Refusals.shortened(requestId)),
                    null));
    ObjectNode view = brief(action, request);
    if (request.admin() || request.has(Change.ACTION_EVENTS_FOR_OWNERS)) {
      ArrayNode events = view.putArray("events");
      action.events().forEach(event -> events.add(event(event, server, request)));
    }
    return Json.ok("instanceAction", view);
  }

  /** From 2.21 on the actions outlive their server. */
  private ServerRecord server(String id, ApiRequest request) {
    return access
        .findEvenDeleted(id, request)
        .filter(
            server -> server.vmState() != VmState.DELETED || request.has(Change.ACTIONS_OF_DELETED))
        .orElseThrow(() -> Refusals.noServer(id));
  }

  private List<ActionRecord> newestFirst(ServerRecord server) {
    return actions.list(server.id()).stream()
        .sorted(Comparator.comparing(ActionRecord::startedAt).reversed())
        .toList();
  }

  private static List<ActionRecord> page(List<ActionRecord> all, Page page, ApiRequest request) {
    int from = 0;
    if (page.marker().isPresent()) {
      String marker = page.marker().get();
      from = all.stream().map(a -> a.request().value()).toList().indexOf(marker) + 1;
      if (from == 0) {
        throw Refusals.noMarker(marker);
      }
    }
    Optional<Instant> since =
        request.has(Change.ACTION_PAGING)
            ? request.query().instant("changes-since")
            : Optional.empty();
    Optional<Instant> before =
        request.has(Change.CHANGES_BEFORE)
            ? request.query().instant("changes-before")
            : Optional.empty();
    return all.stream()
        .skip(from)
        .filter(a -> since.isEmpty() || !a.updatedAt().isBefore(since.get()))
        .filter(a -> before.isEmpty() || !a.updatedAt().isAfter(before.get()))
        .limit(page.limit())
        .toList();
  }

  private static ObjectNode brief(ActionRecord action, ApiRequest request) {
    ObjectNode view =
        Json.object()
            .put("action", action.action())
            .put("instance_uuid", action.server().toString())
            .put("request_id", action.request().value())
            .put("user_id", action.user())
            .put("project_id", action.project())
            .put("start_time", Dates.micros(action.startedAt()));
    Json.putOrNull(view, "message", action.message().orElse(null));
    if (request.has(Change.ACTION_PAGING)) {
      view.put("updated_at", Dates.micros(action.updatedAt()));
    }
    return view;
  }

  private static ObjectNode event(EventRecord event, ServerRecord server, ApiRequest request) {
    ObjectNode view =
        Json.object()
            .put("event", event.event())
            .put("start_time", Dates.micros(event.startedAt()));
    Json.putOrNull(view, "finish_time", event.finishedAt().map(Dates::micros).orElse(null));
    Json.putOrNull(view, "result", event.result().orElse(null));
    if (request.admin()) {
      view.putNull("traceback");
    }
    if (request.has(Change.EVENT_HOST)) {
      if (request.admin()) {
        Json.putOrNull(view, "host", event.host().orElse(null));
      }
      view.put("hostId", event.host().map(h -> HostIds.hostId(server.project(), h)).orElse(""));
    }
    if (request.has(Change.EVENT_DETAILS)) {
      Json.putOrNull(view, "details", event.details().orElse(null));
    }
    return view;
  }

  private static Optional<RequestId> parse(String text) {
    try {
      return Optional.of(new RequestId(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
