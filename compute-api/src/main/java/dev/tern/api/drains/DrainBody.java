package dev.tern.api.drains;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.Dates;
import dev.tern.api.request.JsonBody;
import dev.tern.contract.ComputeException;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainStore.Goal;
import dev.tern.store.DrainStore.Limits;
import dev.tern.store.DrainStore.OnCannotMove;
import dev.tern.store.DrainStore.Sequence;
import dev.tern.store.DrainStore.Wishes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** What clients write of a drain. */
final class DrainBody {
  private static final int MOST_AT_ONCE = 1_000;
  private static final int MOST_NAMED = 10_000;

  /** Processors are shared, by up to so many. */
  private static final double MOST_PART = 100;

  private static final long LEAST_BANDWIDTH = 64 << 10;
  private static final long MOST_BANDWIDTH = 1L << 50;

  /** The same field, in the two ways of writing that clients use. */
  private static final Map<String, String> ALSO =
      Map.of("onCannotMove", "on_cannot_move", "dryRun", "dry_run");

  private final JsonBody body;

  private DrainBody(JsonBody body) {
    this.body = body;
  }

  /** A body, or the object {@code drain} in it. */
  static DrainBody read(JsonBody whole, Set<String> known) {
    JsonBody body = whole;
    if (whole.has("drain")) {
      whole.refuseOthers(Set.of("drain"));
      body = whole.object("drain");
    }
    Set<String> both = new HashSet<>(known);
    ALSO.forEach((other, name) -> {
      if (known.contains(name)) {
        both.add(other);
      }
    });
    body.refuseOthers(both);
    return new DrainBody(body);
  }

  String host() {
    return body.text("host", 1, 255);
  }

  boolean dryRun() {
    return body.flagOr(name("dry_run"), false);
  }

  private String name(String field) {
    return ALSO.entrySet().stream()
        .filter(each -> each.getValue().equals(field) && body.has(each.getKey()))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(field);
  }

  /**
   * The wishes, over those before: what is not named stays.
   *
   * @param now a deadline is after it
   */
  Wishes over(Wishes before, Instant now) {
    Sequence sequence = before.sequence();
    List<ServerId> given = before.given();
    if (body.has("order")) {
      given = given();
      sequence = given.isEmpty() ? sequence() : Sequence.GIVEN;
    }
    return new Wishes(
        body.has("deadline") ? deadline(now) : before.deadline(),
        body.has("limits") ? limits(before.limits()) : before.limits(),
        sequence,
        given,
        body.has(name("on_cannot_move")) ? onCannotMove() : before.onCannotMove(),
        targets(before.targets()),
        before.goal());
  }

  private Set<HostName> targets(Set<HostName> before) {
    // The hosts between which servers are to move, for what evens them out.
    return body.has("targets") ? hosts("targets") : body.has("hosts") ? hosts("hosts") : before;
  }

  /** When it is enough to have evened out all hosts. */
  Goal evened() {
    return new Goal(
        Optional.empty(),
        Optional.empty(),
        part(body, "imbalance"),
        body.given("moves")
            ? Optional.of(body.integer("moves", 1, MOST_AT_ONCE))
            : Optional.empty());
  }

  /** When it is enough to have relieved a host. */
  Goal relieved() {
    JsonBody below = body.object("below");
    below.refuseOthers(Set.of("memory", "vcpus"));
    Goal goal =
        new Goal(part(below, "memory"), part(below, "vcpus"), Optional.empty(), Optional.empty());
    if (goal.memory().isEmpty() && goal.vcpus().isEmpty()) {
      throw body.invalid(
          "below",
          "Name memory or vcpus, the fraction that may be claimed, as in {\"memory\": 0.8}.");
    }
    return goal;
  }

  private static Optional<Double> part(JsonBody of, String field) {
    if (!of.given(field)) {
      return Optional.empty();
    }
    JsonNode value = of.required(field);
    if (!value.isNumber()) {
      throw of.wrongType(field, "number");
    }
    double part = value.doubleValue();
    if (!(part >= 0 && part <= MOST_PART)) {
      throw of.invalid(field, "It is a fraction: 0.8 is 80 %.");
    }
    return Optional.of(part);
  }

  private Optional<Instant> deadline(Instant now) {
    if (!body.given("deadline")) {
      return Optional.empty();
    }
    String text = body.text("deadline", 1, 64);
    Instant deadline =
        Dates.parse(text)
            .orElseThrow(
                () -> body.invalid("deadline", "It is not a time as 2026-08-01T02:00:00Z is one."));
    if (!deadline.isAfter(now)) {
      throw body.invalid("deadline", "It is in the past: it is %s now.".formatted(now));
    }
    return Optional.of(deadline);
  }

  private Limits limits(Limits before) {
    JsonBody limits = body.object("limits");
    limits.refuseOthers(Set.of("out", "in", "cluster", "bandwidth", "tries"));
    Limits all =
        new Limits(
            number(limits, "out", before.out()),
            number(limits, "in", before.in()),
            number(limits, "cluster", before.cluster()),
            bandwidth(limits, before.bytesPerSecond()),
            number(limits, "tries", before.tries()));
    all.cluster()
        .ifPresent(most -> {
          fits("out", all.out(), most);
          fits("in", all.in(), most);
        });
    return all;
  }

  private static void fits(String field, Optional<Integer> one, int most) {
    if (one.isPresent() && one.get() > most) {
      throw Refusals.invalidField(
          field,
          one.get(),
          "It is more than the limit for the cluster, %d; lower the one or raise the other."
              .formatted(most));
    }
  }

  private static Optional<Integer> number(JsonBody limits, String field, Optional<Integer> before) {
    if (!limits.has(field)) {
      return before;
    }
    return limits.given(field)
        ? Optional.of(limits.integer(field, 1, MOST_AT_ONCE))
        : Optional.empty();
  }

  private static Optional<Long> bandwidth(JsonBody limits, Optional<Long> before) {
    if (!limits.has("bandwidth")) {
      return before;
    }
    if (!limits.given("bandwidth")) {
      return Optional.empty();
    }
    JsonNode value = limits.required("bandwidth");
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw limits.wrongType("bandwidth", "integer");
    }
    if (value.longValue() < LEAST_BANDWIDTH || value.longValue() > MOST_BANDWIDTH) {
      throw limits.invalid(
          "bandwidth",
          "Name bytes per second for all migrations of the drain together, %d to %d."
              .formatted(LEAST_BANDWIDTH, MOST_BANDWIDTH));
    }
    return Optional.of(value.longValue());
  }

  private Sequence sequence() {
    return switch (body.text("order", 1, 32)) {
      case "smallest_first", "smallest" -> Sequence.SMALLEST_FIRST;
      case "largest_first", "largest" -> Sequence.LARGEST_FIRST;
      default ->
          throw body.invalid("order", "It is smallest_first, largest_first or a list of servers.");
    };
  }

  private List<ServerId> given() {
    JsonNode list = body.required("order");
    if (!list.isArray()) {
      return List.of();
    }
    LinkedHashSet<ServerId> servers = new LinkedHashSet<>();
    texts("order", list)
        .forEach(text -> {
          try {
            servers.add(ServerId.parse(text));
          } catch (IllegalArgumentException e) {
            throw noServer(text);
          }
        });
    if (servers.isEmpty()) {
      throw body.invalid("order", "Name a server, or leave it out.");
    }
    return List.copyOf(servers);
  }

  private ComputeException noServer(String text) {
    return body.invalid("order", "%s is no server's id.".formatted(Refusals.shortened(text)));
  }

  private OnCannotMove onCannotMove() {
    String field = name("on_cannot_move");
    String text = body.text(field, 1, 16).toLowerCase(Locale.ROOT);
    return switch (text) {
      case "leave" -> OnCannotMove.LEAVE;
      case "stop" -> OnCannotMove.STOP;
      case "ask" -> OnCannotMove.ASK;
      case "cold" -> OnCannotMove.COLD;
      default -> throw body.invalid(field, "It is leave, stop, ask or cold.");
    };
  }

  private Set<HostName> hosts(String field) {
    Set<HostName> targets = new LinkedHashSet<>();
    if (body.given(field)) {
      JsonNode list = body.required(field);
      if (!list.isArray()) {
        throw body.wrongType(field, "array");
      }
      texts(field, list)
          .forEach(text -> {
            try {
              targets.add(new HostName(text));
            } catch (IllegalArgumentException e) {
              throw Refusals.noComputeHost(text);
            }
          });
    }
    return targets;
  }

  private List<String> texts(String field, JsonNode list) {
    List<String> texts = new ArrayList<>();
    for (JsonNode each : list) {
      if (!each.isString()) {
        throw body.invalid(field, "It holds something that is no text.");
      }
      texts.add(each.stringValue());
    }
    if (texts.size() > MOST_NAMED) {
      throw body.invalid(field, "It names more than %d.".formatted(MOST_NAMED));
    }
    return texts;
  }
}
