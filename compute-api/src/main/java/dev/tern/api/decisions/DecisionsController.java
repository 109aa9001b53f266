package dev.tern.api.decisions;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.store.DecisionStore;
import dev.tern.store.DecisionStore.KeptDecision;
import java.util.List;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/decisions}: for each server of a request, or each decision about a server, which hosts
 * passed or were refused, by which filter, with which figures, and what would have helped.
 */
@RestController
final class DecisionsController {
  /** Of one server; its older ones are found by their requests. */
  private static final int LATEST = 20;

  private final DecisionStore decisions;

  DecisionsController(DecisionStore decisions) {
    this.decisions = decisions;
  }

  @GetMapping("/v1/decisions/{request}")
  ResponseEntity<JsonNode> show(@PathVariable("request") String id, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:decisions:show");
    request.query().refuseOthers(Set.of());
    List<KeptDecision> found;
    try {
      found = decisions.of(new RequestId(id));
    } catch (IllegalArgumentException e) {
      throw none(id);
    }
    if (found.isEmpty()) {
      throw none(id);
    }
    return view(found);
  }

  @GetMapping("/v1/servers/{id}/decisions")
  ResponseEntity<JsonNode> ofServer(@PathVariable String id, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:decisions:index");
    request.query().refuseOthers(Set.of());
    try {
      return view(decisions.of(ServerId.parse(id), LATEST));
    } catch (IllegalArgumentException e) {
      throw new ComputeException(
          ErrorCode.INSTANCE_NOT_FOUND, "Instance %s could not be found.".formatted(id), e);
    }
  }

  private static ResponseEntity<JsonNode> view(List<KeptDecision> found) {
    ArrayNode all = Json.array();
    for (KeptDecision each : found) {
      ObjectNode view = DecisionView.of(each.decision());
      view.put("request_id", each.request().value());
      view.put("decided_at", Dates.micros(each.decidedAt()));
      all.add(view);
    }
    return Json.ok("decisions", all);
  }

  private static ComputeException none(String id) {
    return new ComputeException(
        ErrorCode.DECISION_NOT_FOUND, "No decision of request %s is kept.".formatted(id), null);
  }
}
