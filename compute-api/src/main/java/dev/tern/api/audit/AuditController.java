package dev.tern.api.audit;

import dev.tern.api.ApiSettings;
import dev.tern.api.audit.Audit.Compared;
import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.Page;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/audit}: the database, agents and QEMUs compared now, host by host. */
@RestController
final class AuditController {
  /** Hosts of one page. */
  private static final int AT_ONCE = 50;

  /** Differences of one host that are told; a host with more is not made well by reading on. */
  private static final int MOST = 1000;

  private final Audit audit;
  private final HostStore hosts;
  private final ApiSettings settings;

  AuditController(Audit audit, HostStore hosts, ApiSettings settings) {
    this.audit = audit;
    this.hosts = hosts;
    this.settings = settings;
  }

  /** A page of hosts; none is left out because it does not answer. */
  @GetMapping("/v1/audit")
  ResponseEntity<JsonNode> show(ApiRequest request) throws InterruptedException {
    request.caller().require(Role.ADMIN, "tern:audit:show");
    request.query().refuseOthers(Set.of("host", "limit", "marker"));
    Page asked = request.page();
    Page page = new Page(asked.marker(), Math.min(asked.limit(), AT_ONCE));
    Optional<String> one = request.query().one("host");
    List<HostRecord> found =
        one.isPresent()
            ? List.of(named(one.get()))
            : page.limit() == 0
                ? List.of()
                : hosts.list(
                    settings.serviceDownAfter(),
                    page.marker().map(marker -> named(marker).number()).orElse(0),
                    page.limit());
    ObjectNode body = Json.object();
    body.set("audit", view(audit.of(found)));
    if (one.isEmpty()) {
      page.linkNext(body, "audit_links", found, host -> host.report().host().value(), request);
    }
    return Json.ok(body);
  }

  private HostRecord named(String text) {
    try {
      Optional<HostRecord> found = hosts.find(new HostName(text), settings.serviceDownAfter());
      if (found.isPresent()) {
        return found.get();
      }
    } catch (IllegalArgumentException _) {
      // No host has such a name.
    }
    throw new HttpFailure(
        404, "Compute host %s could not be found.".formatted(Refusals.shortened(text)));
  }

  private static ObjectNode view(List<Compared> compared) {
    ObjectNode audit = Json.object();
    audit.put("complete", compared.stream().allMatch(one -> one.unknown().isEmpty()));
    ArrayNode views = audit.putArray("hosts");
    ArrayNode differences = audit.putArray("differences");
    for (Compared one : compared) {
      List<Difference> all = one.differences();
      ObjectNode view =
          views
              .addObject()
              .put("host", one.host().report().host().value())
              .put("state", one.unknown().isEmpty() ? "compared" : "unknown");
      Json.putOrNull(view, "reason", one.unknown().orElse(null));
      view.put("differences", all.size())
          .put("left_off", one.leftOff() + Math.max(0, all.size() - MOST));
      all.stream().limit(MOST).forEach(difference -> differences.add(view(difference)));
    }
    return audit;
  }

  private static ObjectNode view(Difference difference) {
    ObjectNode view =
        Json.object().put("kind", difference.kind().wire()).put("host", difference.host().value());
    Json.putOrNull(view, "server", difference.server().map(ServerId::toString).orElse(null));
    Json.putOrNull(
        view, "migration", difference.migration().map(MigrationId::toString).orElse(null));
    if (difference.thing().isPresent()) {
      view.putObject("object")
          .put("kind", difference.thing().get().kind())
          .put("name", difference.thing().get().name());
    } else {
      view.putNull("object");
    }
    view.put("database", difference.database()).put("seen", difference.seen());
    Json.putOrNull(view, "since", difference.since().map(Dates::micros).orElse(null));
    return view.put("remedy", difference.kind().remedy());
  }
}
