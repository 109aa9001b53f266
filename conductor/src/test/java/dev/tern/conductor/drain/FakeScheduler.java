package dev.tern.conductor.drain;

import dev.tern.conductor.asking.Schedulers;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.Decision.Hint;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.contract.scheduler.Wanted;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.PlacementRules;
import dev.tern.store.Stores;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Plans as a scheduler does, by whether hosts are open, their memory, groups of servers and the
 * hint same_host.
 */
final class FakeScheduler implements Schedulers {
  private final Stores stores;

  /** The only hosts there are for it. */
  final Set<HostName> hosts = new HashSet<>();

  /** Nobody answers. */
  boolean away;

  FakeScheduler(Stores stores) {
    this.stores = stores;
  }

  @Override
  public Asked<SchedulerAnswer> ask(SchedulerRequest request, Duration deadline) {
    if (away) {
      return new Asked.NoAnswer<>("the queue is not read");
    }
    PlanHosts plan = (PlanHosts) request;
    Map<HostName, Long> taken = new HashMap<>();
    plan.earlier()
        .forEach(each -> taken.merge(each.host(), each.resources().memoryMib(), Long::sum));
    Map<ServerId, HostName> placed = new HashMap<>();
    plan.earlier().forEach(each -> placed.put(each.server(), each.host()));
    List<HostRecord> known =
        hosts.stream()
            .flatMap(host -> stores.hosts().find(host, Duration.ofMinutes(1)).stream())
            .toList();
    List<Decision> decisions = new ArrayList<>();
    for (Wanted wanted : leadersFirst(plan.servers())) {
      Decision decision = decide(wanted, known, plan, taken, placed);
      decision.host().ifPresent(host -> placed.put(wanted.server(), host));
      decision
          .host()
          .ifPresent(host -> taken.merge(host, wanted.resources().memoryMib(), Long::sum));
      decisions.add(decision);
    }
    return new Asked.Answered<>(new SchedulerAnswer.Planned(decisions));
  }

  private List<Wanted> leadersFirst(List<Wanted> servers) {
    return servers.stream()
        .sorted(
            Comparator.comparing(
                (Wanted each) -> stores.groups().rules(each.server()).nextTo().isPresent()))
        .toList();
  }

  private Decision decide(
      Wanted wanted,
      List<HostRecord> known,
      PlanHosts plan,
      Map<HostName, Long> taken,
      Map<ServerId, HostName> placed) {
    Map<HostName, String> refusals = new HashMap<>();
    List<Hint> hints = new ArrayList<>();
    Optional<HostRecord> best =
        known.stream()
            .filter(host -> plan.among().isEmpty() || plan.among().contains(name(host)))
            .filter(host -> !wanted.source().equals(Optional.of(name(host))))
            .filter(host -> wanted.requested().map(name(host)::equals).orElse(true))
            .filter(host -> {
              Optional<String> refusal = refusal(host, wanted, taken, placed);
              refusal.ifPresent(why -> {
                refusals.put(name(host), why);
                hints.add(new Hint(name(host), "%s fits if: %s".formatted(name(host), why)));
              });
              return refusal.isEmpty();
            })
            .min(
                Comparator.comparingLong((HostRecord host) -> free(host, taken))
                    .reversed()
                    .thenComparing(host -> name(host).value()));
    return new Decision(
        wanted.server(),
        best.map(FakeScheduler::name),
        best.isPresent()
            ? Optional.empty()
            : Optional.of(
                new Failure(
                    ErrorCode.NO_VALID_HOST,
                    "No valid host was found. " + String.join(" ", refusals.values()))),
        refusals.size(),
        best.isPresent() ? 1 : 0,
        List.of(),
        List.of(),
        hints);
  }

  private Optional<String> refusal(
      HostRecord host, Wanted wanted, Map<HostName, Long> taken, Map<ServerId, HostName> placed) {
    HostName name = name(host);
    if (wanted.refused().containsKey(name)) {
      return Optional.of(wanted.refused().get(name).message());
    }
    if (!host.up() || host.forcedDown()) {
      return Optional.of("%s is down.".formatted(name));
    }
    if (host.disabled()) {
      return Optional.of(
          "Compute service of %s is disabled (%s)."
              .formatted(name, host.disabledReason().orElse("")));
    }
    PlacementRules rules =
        stores.groups().rules(wanted.server()).supposing(wanted.server(), Map.of(), placed);
    if (rules.nextTo().filter(with -> !with.hosts().contains(name)).isPresent()) {
      return Optional.of("%s has none that it shall be with.".formatted(name));
    }
    if (rules.group().filter(g -> !g.allows(name)).isPresent()) {
      return Optional.of("The server's group is against %s.".formatted(name));
    }
    Resources needs = wanted.resources();
    return needs.memoryMib() > free(host, taken)
        ? Optional.of("%s has %d MiB free.".formatted(name, free(host, taken)))
        : Optional.empty();
  }

  private static long free(HostRecord host, Map<HostName, Long> taken) {
    return host.report().memoryMib()
        - host.claimed().memoryMib()
        - taken.getOrDefault(name(host), 0L);
  }

  private static HostName name(HostRecord host) {
    return host.report().host();
  }
}
