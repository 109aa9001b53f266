package dev.tern.api.drains;

import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Goal;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.Limits;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.Purpose;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.DrainStore.Wishes;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A drain as clients see it. */
public final class DrainView {
  private DrainView() {}

  /** Without its servers. */
  public static ObjectNode brief(DrainRecord drain) {
    ObjectNode view =
        Json.object()
            .put("id", drain.id().toString())
            .put("host", drain.host().value())
            .put("purpose", word(drain.purpose()))
            .put("state", state(drain))
            .put("paused", drain.paused());
    Json.putOrNull(view, "waiting", drain.waiting().orElse(null));
    wishes(view, drain.wishes());
    goal(view, drain.wishes().goal());
    view.put("created_at", Dates.micros(drain.createdAt()))
        .put("updated_at", Dates.micros(drain.updatedAt()));
    Json.putOrNull(view, "ended_at", drain.endedAt().map(Dates::micros).orElse(null));
    Json.putOrNull(
        view, "expected_end", drain.plan().map(DrainView::end).map(Dates::micros).orElse(null));
    return view;
  }

  /**
   * With its plan, its servers and its report.
   *
   * @param names of servers that are not deleted
   */
  static ObjectNode whole(
      DrainRecord drain, List<DrainServer> servers, Map<ServerId, String> names, Instant now) {
    ObjectNode view = brief(drain);
    drain
        .plan()
        .ifPresentOrElse(
            plan -> view.set("plan", plan(plan, drain.wishes(), names)),
            () -> view.putNull("plan"));
    ArrayNode all = view.putArray("servers");
    servers.forEach(server -> all.add(server(server, drain.plan(), names)));
    view.set("report", report(drain, servers, now));
    return view;
  }

  private static String state(DrainRecord drain) {
    return drain.state() == State.DRAINED && drain.purpose() != Purpose.EMPTY
        ? "done"
        : word(drain.state());
  }

  private static void goal(ObjectNode view, Optional<Goal> goal) {
    if (goal.isEmpty()) {
      view.putNull("goal");
      return;
    }
    view.putObject("goal")
        .put("memory", goal.get().memory().orElse(null))
        .put("vcpus", goal.get().vcpus().orElse(null))
        .put("imbalance", goal.get().imbalance().orElse(null))
        .put("moves", goal.get().moves().orElse(null));
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static Instant end(Plan plan) {
    return plan.madeAt().plus(plan.takes());
  }

  private static void wishes(ObjectNode view, Wishes wishes) {
    Json.putOrNull(view, "deadline", wishes.deadline().map(Dates::micros).orElse(null));
    Limits limits = wishes.limits();
    ObjectNode numbers = view.putObject("limits");
    numbers
        .put("out", limits.out().orElse(null))
        .put("in", limits.in().orElse(null))
        .put("cluster", limits.cluster().orElse(null))
        .put("bandwidth", limits.bytesPerSecond().orElse(null))
        .put("tries", limits.tries().orElse(null));
    view.put("order", word(wishes.sequence())).put("on_cannot_move", word(wishes.onCannotMove()));
    ArrayNode targets = view.putArray("targets");
    wishes.targets().stream().map(Object::toString).sorted().forEach(targets::add);
  }

  private static ObjectNode plan(Plan plan, Wishes wishes, Map<ServerId, String> names) {
    ObjectNode view =
        Json.object()
            .put("made_at", Dates.micros(plan.madeAt()))
            .put("expected_end", Dates.micros(end(plan)))
            .put("seconds", plan.takes().toSeconds())
            .put("first_seconds", plan.firstTakes().toSeconds())
            .put("basis", plan.basis());
    view.put(
        "deadline_met",
        wishes.deadline().map(deadline -> !end(plan).isAfter(deadline)).orElse(null));
    plan.remarks().forEach(view.putArray("remarks")::add);
    ArrayNode moves = view.putArray("moves");
    plan.moves().forEach(move -> moves.add(move(move, names)));
    return view;
  }

  private static ObjectNode move(PlannedMove move, Map<ServerId, String> names) {
    ObjectNode view =
        Json.object().put("server", move.server().toString()).put("name", names.get(move.server()));
    Json.putOrNull(view, "to", move.target().map(Object::toString).orElse(null));
    view.put("cold", move.cold().isPresent())
        .put("bytes", move.bytes())
        .put("begins_after_seconds", move.after().toSeconds())
        .put("seconds", move.takes().toSeconds())
        .put("pause_millis", move.pause().map(Duration::toMillis).orElse(null))
        .put("reason", move.reason());
    return view;
  }

  private static ObjectNode server(
      DrainServer server, Optional<Plan> plan, Map<ServerId, String> names) {
    ObjectNode view =
        Json.object()
            .put("server", server.server().toString())
            .put("name", names.get(server.server()))
            .put("leg", word(server.leg()))
            .put("state", word(server.state()))
            .put("cold", server.cold())
            .put("tries", server.tries());
    Json.putOrNull(view, "from", server.from().map(Object::toString).orElse(null));
    Json.putOrNull(view, "to", server.to().or(server::target).map(Object::toString).orElse(null));
    Json.putOrNull(view, "migration", server.migration().map(Object::toString).orElse(null));
    view.put("seconds", server.took().map(DrainView::seconds).orElse(null));
    view.put(
        "planned_seconds",
        server.leg() == Leg.HOME
            ? null
            : plan.map(Plan::moves).orElse(List.of()).stream()
                .filter(move -> move.server().equals(server.server()))
                .filter(move -> move.target().isPresent())
                .findFirst()
                .map(move -> seconds(move.takes()))
                .orElse(null));
    view.put("bytes", server.bytes())
        .put("pause_millis", server.pause().map(Duration::toMillis).orElse(null))
        .put("reason", server.reason());
    Json.putOrNull(view, "next_try_at", server.notBefore().map(Dates::micros).orElse(null));
    ObjectNode refused = view.putObject("refused");
    server.refused().forEach((host, why) -> refused.put(host.value(), why));
    return view;
  }

  private static double seconds(Duration length) {
    return length.toMillis() / 1e3;
  }

  private static ObjectNode report(DrainRecord drain, List<DrainServer> servers, Instant now) {
    ObjectNode view = Json.object().put("servers", servers.size());
    for (ServerState state : ServerState.values()) {
      view.put(word(state), servers.stream().filter(server -> server.state() == state).count());
    }
    view.put("bytes", servers.stream().mapToLong(DrainServer::bytes).sum());
    view.put("seconds", seconds(Duration.between(drain.createdAt(), drain.endedAt().orElse(now))));
    Optional<DrainServer> longest =
        servers.stream()
            .filter(server -> server.pause().isPresent())
            .max(Comparator.comparing(server -> server.pause().orElse(Duration.ZERO)));
    view.put(
        "longest_pause_millis",
        longest.flatMap(DrainServer::pause).map(Duration::toMillis).orElse(null));
    Json.putOrNull(
        view, "longest_pause_server", longest.map(each -> each.server().toString()).orElse(null));
    ArrayNode still = view.putArray("still_there");
    servers.stream()
        .filter(server -> server.leg() == Leg.OUT)
        .filter(server -> server.state() != ServerState.MOVED && server.state() != ServerState.GONE)
        .forEach(server ->
            still
                .addObject()
                .put("server", server.server().toString())
                .put("state", word(server.state()))
                .put("reason", server.reason()));
    return view;
  }
}
