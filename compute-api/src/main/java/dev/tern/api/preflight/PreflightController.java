package dev.tern.api.preflight;

import dev.tern.api.ApiSettings;
import dev.tern.api.decisions.DecisionView;
import dev.tern.api.preflight.Preflight.Outlook;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.contract.scheduler.Decision;
import dev.tern.store.HostStore;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerQuery;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code POST /v1/preflight}: what would come of migrations, without any. */
@RestController
final class PreflightController {
  /** Of a host with more, a drain's dry run tells. */
  private static final int MOST = 100;

  private static final String NOT_MEASURED =
      "How fast the guest writes its memory could not be measured; whether it converges is told"
          + " while it moves. The band is of the last migrations from its host.";

  private final Preflight preflight;
  private final ServerStore servers;
  private final HostStore hosts;
  private final ApiSettings settings;

  PreflightController(
      Preflight preflight, ServerStore servers, HostStore hosts, ApiSettings settings) {
    this.preflight = preflight;
    this.servers = servers;
    this.hosts = hosts;
    this.settings = settings;
  }

  @PostMapping("/v1/preflight")
  ResponseEntity<JsonNode> look(JsonBody body, ApiRequest request) throws InterruptedException {
    request.caller().require(Role.ADMIN, "tern:preflight:show");
    body.refuseOthers(Set.of("server", "servers", "host", "targets", "on_cannot_move"));
    List<ServerRecord> asked = asked(body);
    List<HostName> targets = new ArrayList<>();
    for (String target : texts(body, "targets")) {
      targets.add(host(target));
    }
    boolean orCold = orCold(body);
    List<Outlook> outlooks = preflight.of(asked, targets, request);
    return request.once(() -> view(outlooks, orCold));
  }

  private static ResponseEntity<JsonNode> view(List<Outlook> outlooks, boolean orCold) {
    ObjectNode view = Json.object();
    view.put("possible", outlooks.stream().allMatch(each -> each.possible(orCold)));
    var all = view.putArray("servers");
    outlooks.forEach(each -> all.add(view(each, orCold)));
    return Json.ok("preflight", view);
  }

  /** What a drain would be told; that one leaves what cannot move, or moves it cold. */
  private static boolean orCold(JsonBody body) {
    return switch (body.optionalText("on_cannot_move", 1, 16).orElse("leave")) {
      case "leave" -> false;
      case "cold" -> true;
      default -> throw body.invalid("on_cannot_move", "It is leave or cold.");
    };
  }

  private List<ServerRecord> asked(JsonBody body) {
    long ways = List.of("server", "servers", "host").stream().filter(body::given).count();
    if (ways != 1) {
      throw invalid("Name one of server, servers and host.");
    }
    if (body.given("host")) {
      return on(host(body.text("host", 1, 255)));
    }
    List<String> ids =
        body.given("server") ? List.of(body.text("server", 1, 64)) : texts(body, "servers");
    if (ids.isEmpty() || ids.size() > MOST) {
      throw invalid("1 to %d servers are looked at, not %d.".formatted(MOST, ids.size()));
    }
    return ids.stream().distinct().map(this::server).toList();
  }

  private List<ServerRecord> on(HostName host) {
    List<ServerRecord> there =
        servers.list(
            new ServerQuery(
                Optional.empty(),
                Optional.empty(),
                Optional.of(host),
                Set.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                List.of(),
                Optional.empty(),
                MOST + 1));
    if (there.size() > MOST) {
      throw invalid(
          "Host %s has more than %d servers: plan a drain of it with dry_run instead."
              .formatted(host, MOST));
    }
    return there;
  }

  private ServerRecord server(String id) {
    try {
      return servers.find(ServerId.parse(id)).orElseThrow(() -> noServer(id));
    } catch (IllegalArgumentException e) {
      throw noServer(id);
    }
  }

  private static ComputeException noServer(String id) {
    return new ComputeException(
        ErrorCode.INSTANCE_NOT_FOUND, "Instance %s could not be found.".formatted(id), null);
  }

  private HostName host(String text) {
    try {
      HostName name = new HostName(text);
      if (hosts.find(name, settings.serviceDownAfter()).isPresent()) {
        return name;
      }
    } catch (IllegalArgumentException _) {
      // No host has such a name.
    }
    throw new ComputeException(
        ErrorCode.COMPUTE_HOST_NOT_FOUND,
        "Compute host %s could not be found.".formatted(text),
        null);
  }

  private static List<String> texts(JsonBody body, String field) {
    List<String> texts = new ArrayList<>();
    if (body.given(field)) {
      JsonNode list = body.required(field);
      if (!list.isArray()) {
        throw body.wrongType(field, "array");
      }
      for (JsonNode each : list) {
        if (!each.isString() || each.stringValue().length() > 255) {
          throw body.invalid(field, "It holds something that is no name.");
        }
        texts.add(each.stringValue());
      }
    }
    return texts;
  }

  private static ComputeException invalid(String message) {
    return new ComputeException(ErrorCode.INVALID_INPUT, message, null);
  }

  private static ObjectNode view(Outlook outlook, boolean orCold) {
    ObjectNode view =
        Json.object()
            .put("server", outlook.server().id().toString())
            .put("name", outlook.server().name())
            .put("possible", outlook.possible(orCold));
    Json.putOrNull(view, "source", outlook.server().host().orElse(null));
    Json.putOrNull(view, "destination", outlook.decision().flatMap(Decision::host).orElse(null));
    blockers(view, outlook.blockers());
    outlook
        .decision()
        .ifPresentOrElse(
            decision -> view.set("candidates", DecisionView.of(decision)),
            () -> view.putNull("candidates"));
    view.set("plan", plan(outlook));
    view.set("forecast", forecast(outlook));
    outlook
        .back()
        .ifPresentOrElse(back -> view.set("return", back(back)), () -> view.putNull("return"));
    outlook
        .cold()
        .ifPresentOrElse(cold -> view.set("cold", ColdView.of(cold)), () -> view.putNull("cold"));
    return view;
  }

  static void blockers(ObjectNode view, List<Failure> all) {
    var blockers = view.putArray("blockers");
    all.forEach(why ->
        blockers.addObject().put("code", why.code().novaName()).put("message", why.message()));
  }

  private static ObjectNode plan(Outlook outlook) {
    ObjectNode plan = Json.object();
    var disks = plan.putArray("disks");
    outlook.guest().stream()
        .flatMap(guest -> guest.disks().stream())
        .forEach(disk -> disks.add(disk(disk)));
    return plan.put("disk_bytes", outlook.diskBytes())
        .put("layer_bytes", outlook.layerBytes())
        .put("memory_bytes", outlook.memoryBytes());
  }

  private static ObjectNode disk(DiskFacts disk) {
    ObjectNode view =
        Json.object()
            .put("id", disk.id())
            .put("kind", disk.kind().name().toLowerCase(java.util.Locale.ROOT))
            .put("format", disk.format());
    Json.putOrNull(
        view,
        "mode",
        disk.way().map(way -> way.name().toLowerCase(java.util.Locale.ROOT)).orElse(null));
    return view.put("virtual_bytes", disk.virtualBytes()).put("bytes_to_send", disk.bytesToMove());
  }

  private static ObjectNode forecast(Outlook outlook) {
    Forecast forecast = outlook.forecast();
    ObjectNode view = Json.object();
    seconds(view, forecast);
    view.put("reason", forecast.reason());
    view.put("basis", forecast.basis().orElse(null));
    view.put("pause_millis", forecast.pause().map(pause -> pause.toMillis()).orElse(null));
    view.put("converges", outlook.converges().orElse(null));
    Optional<GuestWrites> writes = outlook.writes();
    boolean measured = writes.flatMap(GuestWrites::memory).isPresent();
    view.put("not_measured", measured ? null : NOT_MEASURED);
    writes.ifPresentOrElse(
        told ->
            view.putObject("writes")
                .put("memory_bytes_per_second", told.memory().orElse(null))
                .put("disk_bytes_per_second", told.disk())
                .put("reason", told.reason()),
        () -> view.putNull("writes"));
    return view;
  }

  static void seconds(ObjectNode view, Forecast forecast) {
    forecast
        .left()
        .ifPresentOrElse(
            span ->
                view.putObject("seconds")
                    .put("low", span.low().toMillis() / 1e3)
                    .put("expected", span.expected().toMillis() / 1e3)
                    .put("high", span.high().toMillis() / 1e3),
            () -> view.putNull("seconds"));
  }

  private static ObjectNode back(Decision back) {
    ObjectNode view = Json.object().put("possible", back.host().isPresent());
    var reasons = view.putArray("reasons");
    back.hosts().stream()
        .flatMap(host -> host.refusals().stream())
        .forEach(refusal -> reasons.add(refusal.why().message()));
    return view;
  }
}
