package dev.tern.api.drains;

import dev.tern.api.ApiSettings;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.request.Page;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.store.DrainStore;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.Order;
import dev.tern.store.DrainStore.Purpose;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/drains}. */
@RestController
final class DrainsController {
  private static final Set<String> CHANGEABLE =
      Set.of("deadline", "limits", "order", "on_cannot_move", "targets");
  private static final Set<String> KNOWN =
      Set.of("host", "dry_run", "deadline", "limits", "order", "on_cannot_move", "targets");

  /** Of one that moves a few servers, which are chosen. */
  private static final Set<String> CHANGEABLE_OF_FEW = Set.of("limits");

  private static final int NAMED = 5;

  private final DrainStore drains;
  private final HostStore hosts;
  private final ApiSettings settings;
  private final Clock clock;
  private final AskingDrains asking;
  private final Supplier<UUID> newIds;

  DrainsController(
      DrainStore drains,
      HostStore hosts,
      ApiSettings settings,
      Clock clock,
      AskingDrains asking,
      Supplier<UUID> newIds) {
    this.drains = drains;
    this.hosts = hosts;
    this.settings = settings;
    this.clock = clock;
    this.asking = asking;
    this.newIds = newIds;
  }

  /** The host is closed when this answers; the same drain when it is being emptied already. */
  @PostMapping("/v1/drains")
  ResponseEntity<JsonNode> start(JsonBody whole, ApiRequest request) throws InterruptedException {
    request.caller().require(Role.ADMIN, "tern:drains:create");
    DrainBody body = DrainBody.read(whole, KNOWN);
    HostRecord host = host(body.host());
    HostName name = host.report().host();
    boolean dryRun = body.dryRun();
    Wishes wishes = body.over(Wishes.NONE, clock.instant());
    requireFitting(name, wishes);
    if (!dryRun && drains.unfinished(name).isEmpty()) {
      requireAnotherHost(name, wishes);
    }
    UUID id = newIds.get();
    NewDrain asked = new NewDrain(id, name, wishes, dryRun);
    return asking.ask(asked, request);
  }

  private HostRecord host(String text) {
    return find(text).orElseThrow(() -> Refusals.noComputeHost(text));
  }

  private Optional<HostRecord> find(String text) {
    try {
      return hosts.find(new HostName(text), settings.serviceDownAfter());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private void requireFitting(HostName host, Wishes wishes) {
    for (HostName target : wishes.targets()) {
      if (target.equals(host)) {
        throw Refusals.invalidField(
            "targets", target, "It is the host that is to be emptied. Name others.");
      }
      if (find(target.value()).isEmpty()) {
        throw Refusals.noComputeHost(target.value());
      }
    }
  }

  /** Unless there is nothing on it that would have to go anywhere. */
  private void requireAnotherHost(HostName host, Wishes wishes) {
    if (drains.occupancy(host).empty()) {
      return;
    }
    List<String> closed = new ArrayList<>();
    int after = 0;
    while (true) {
      List<HostRecord> page = hosts.list(settings.serviceDownAfter(), after, Page.MAX);
      for (HostRecord other : page) {
        HostName name = other.report().host();
        if (name.equals(host) || !(wishes.targets().isEmpty() || wishes.targets().contains(name))) {
          continue;
        }
        if (other.up() && !other.forcedDown() && !other.disabled()) {
          return;
        }
        closed.add(
            other.disabled()
                ? "%s is disabled (%s)"
                    .formatted(name, other.disabledReason().orElse("no reason given"))
                : "%s is down".formatted(name));
      }
      if (page.size() < Page.MAX) {
        throw noOther(host, closed);
      }
      after = page.getLast().number();
    }
  }

  private static ComputeException noOther(HostName host, List<String> closed) {
    String why =
        closed.isEmpty()
            ? "There is no other host."
            : String.join("; ", closed.subList(0, Math.min(NAMED, closed.size())))
                + (closed.size() > NAMED ? "; and %d more.".formatted(closed.size() - NAMED) : ".");
    return new ComputeException(
        ErrorCode.DRAIN_CONFLICT,
        "%s is the last host that takes servers, so nothing of it can move anywhere. %s"
            .formatted(host, why),
        null);
  }

  /** Newest first, page by page; without those that only plan, unless they are asked for. */
  @GetMapping("/v1/drains")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:drains:index");
    request.query().refuseOthers(Set.of("limit", "marker", "host", "dry_runs"));
    Page page = request.page();
    boolean dryRuns = request.query().flag("dry_runs");
    Optional<String> named = request.query().one("host");
    Optional<HostName> host = named.flatMap(this::find).map(found -> found.report().host());
    Optional<UUID> marker =
        page.marker()
            .map(text ->
                parse(text).flatMap(drains::find).orElseThrow(() -> Refusals.noMarker(text)).id());
    List<DrainRecord> found =
        page.limit() == 0 || (named.isPresent() && host.isEmpty())
            ? List.of()
            : drains.list(host, dryRuns, marker, page.limit());
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("drains");
    found.forEach(drain -> items.add(DrainView.brief(drain)));
    page.linkNext(body, "drains_links", found, drain -> drain.id().toString(), request);
    return Json.ok(body);
  }

  @GetMapping("/v1/drains/{id}")
  ResponseEntity<JsonNode> show(@PathVariable String id, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:drains:show");
    return view(existing(id), HttpStatus.OK);
  }

  /** What is not named stays; what was given up is tried again. */
  @PatchMapping("/v1/drains/{id}")
  ResponseEntity<JsonNode> change(@PathVariable String id, JsonBody whole, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:drains:update");
    DrainRecord drain = existing(id);
    Set<String> changeable = drain.purpose() == Purpose.EMPTY ? CHANGEABLE : CHANGEABLE_OF_FEW;
    Wishes wishes = DrainBody.read(whole, changeable).over(drain.wishes(), clock.instant());
    if (drain.purpose() == Purpose.EMPTY) {
      requireFitting(drain.host(), wishes);
    }
    return request.once(() -> view(drains.change(drain.id(), wishes), HttpStatus.ACCEPTED));
  }

  @PostMapping("/v1/drains/{id}/pause")
  ResponseEntity<JsonNode> pause(@PathVariable String id, ApiRequest request) {
    return order(id, Order.PAUSE, request);
  }

  @PostMapping("/v1/drains/{id}/resume")
  ResponseEntity<JsonNode> resume(@PathVariable String id, ApiRequest request) {
    return order(id, Order.RESUME, request);
  }

  /** What moves goes on to its end, unless {@code abort} is asked for. */
  @PostMapping("/v1/drains/{id}/cancel")
  ResponseEntity<JsonNode> cancel(@PathVariable String id, ApiRequest request) {
    request.query().refuseOthers(Set.of("abort"));
    return order(id, request.query().flag("abort") ? Order.ABORT : Order.CANCEL, request);
  }

  @PostMapping("/v1/drains/{id}/return")
  ResponseEntity<JsonNode> goHome(@PathVariable String id, ApiRequest request) {
    return order(id, Order.RETURN, request);
  }

  private ResponseEntity<JsonNode> order(String id, Order order, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:drains:update");
    DrainRecord drain = existing(id);
    return request.once(() -> view(drains.order(drain.id(), order), HttpStatus.ACCEPTED));
  }

  private DrainRecord existing(String id) {
    return parse(id)
        .flatMap(drains::find)
        .orElseThrow(() ->
            new ComputeException(
                ErrorCode.DRAIN_NOT_FOUND,
                "Drain %s could not be found.".formatted(Refusals.shortened(id)),
                null));
  }

  private static Optional<UUID> parse(String text) {
    try {
      return Optional.of(UUID.fromString(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private ResponseEntity<JsonNode> view(DrainRecord drain, HttpStatus status) {
    return asking.view(drain, status);
  }
}
