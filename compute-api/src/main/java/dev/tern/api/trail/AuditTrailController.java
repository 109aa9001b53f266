package dev.tern.api.trail;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.Page;
import dev.tern.contract.RequestId;
import dev.tern.contract.tracing.TraceIds;
import dev.tern.store.AuditTrailStore;
import dev.tern.store.AuditTrailStore.Asked;
import dev.tern.store.AuditTrailStore.AskedFor;
import dev.tern.store.AuditTrailStore.AuditQuery;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/audit-trail}, for administrators. */
@RestController
final class AuditTrailController {
  private static final Set<String> KNOWN =
      Set.of(
          "limit",
          "marker",
          "user_id",
          "project_id",
          "target",
          "action",
          "request_id",
          "since",
          "until",
          "refused");

  private final AuditTrailStore trail;

  AuditTrailController(AuditTrailStore trail) {
    this.trail = trail;
  }

  /** Newest first, page by page. */
  @GetMapping("/v1/audit-trail")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:audit_trail:index");
    request.query().refuseOthers(KNOWN);
    Page page = request.page();
    AuditQuery query =
        new AuditQuery(
            request.query().one("user_id"),
            request.query().one("project_id"),
            request.query().one("target"),
            request.query().one("action"),
            read(request, "request_id", RequestId::new),
            read(request, "since", Instant::parse),
            read(request, "until", Instant::parse),
            request.query().flag("refused"),
            page.marker().map(AuditTrailController::number),
            page.limit());
    List<AskedFor> found = page.limit() == 0 ? List.of() : trail.list(query);
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("audit_trail");
    found.forEach(one -> items.add(view(one)));
    page.linkNext(body, "audit_trail_links", found, one -> Long.toString(one.number()), request);
    return Json.ok(body);
  }

  private static long number(String marker) {
    if (!marker.matches("[0-9]{1,18}")) {
      throw Refusals.noMarker(marker);
    }
    return Long.parseLong(marker);
  }

  private static <T> Optional<T> read(ApiRequest request, String name, Function<String, T> form) {
    return request
        .query()
        .one(name)
        .map(text -> {
          try {
            return form.apply(text);
          } catch (IllegalArgumentException | java.time.DateTimeException e) {
            throw Refusals.invalidQuery(
                name, "Value: %s. %s".formatted(Refusals.shortened(text), e.getMessage()));
          }
        });
  }

  private static ObjectNode view(AskedFor one) {
    Asked asked = one.asked();
    ObjectNode view =
        Json.object()
            .put("id", one.number())
            .put("at", Dates.micros(asked.at()))
            .put("request_id", asked.request().value())
            .put("trace_id", TraceIds.trace(asked.request()))
            .put("user_id", asked.user())
            .put("project_id", asked.project());
    ArrayNode roles = view.putArray("roles");
    asked.roles().forEach(roles::add);
    return view.put("client", asked.client())
        .put("method", asked.method())
        .put("path", asked.path())
        .put("action", asked.action())
        .put("target", asked.target())
        .put("status", asked.status());
  }
}
