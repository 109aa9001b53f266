package dev.tern.scheduler;

import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.SchedulerAnswer.Planned;
import dev.tern.contract.scheduler.SchedulerRequest.Placed;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.contract.scheduler.Wanted;
import dev.tern.scheduler.Scheduler.Choosing;
import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.RequestSpec;
import dev.tern.store.ClaimStore;
import dev.tern.store.PlacementRules;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One plan: where servers would go, one after the other. Changes only its own picture of hosts. */
final class Planning {
  private final Map<HostName, HostState> hosts = new LinkedHashMap<>();
  private final Map<UUID, Map<ServerId, HostName>> supposedMembers = new HashMap<>();
  private final Map<ServerId, HostName> supposed = new HashMap<>();
  private final Map<Wanted, Decision> decided = new HashMap<>();
  private final ClaimStore claims;
  private final Function<ServerId, PlacementRules> rules;
  private final Choosing choosing;
  private final Explaining explaining;
  private final Function<Map<HostName, Failure>, Failure> noValidHost;

  Planning(
      Collection<HostState> hosts,
      ClaimStore claims,
      Function<ServerId, PlacementRules> rules,
      Choosing choosing,
      Function<Map<HostName, Failure>, Failure> noValidHost) {
    hosts.forEach(host -> this.hosts.put(host.name(), host));
    this.claims = claims;
    this.rules = rules;
    this.choosing = choosing;
    this.explaining = new Explaining(choosing.filters(), claims);
    this.noValidHost = noValidHost;
  }

  Planned plan(PlanHosts request) {
    request.earlier().forEach(placed -> suppose(placed, rules.apply(placed.server())));
    Map<ServerId, List<Wanted>> all =
        request.servers().stream().collect(Collectors.groupingBy(Wanted::server));
    Set<Wanted> begun = new HashSet<>();
    request.servers().forEach(wanted -> decideInTurn(wanted, all, begun, request));
    return new Planned(
        request.servers().stream()
            .map(wanted -> Objects.requireNonNull(decided.get(wanted)))
            .toList());
  }

  /** After those that its hints name: where they go says where it may. */
  private void decideInTurn(
      Wanted wanted, Map<ServerId, List<Wanted>> all, Set<Wanted> begun, PlanHosts request) {
    if (!begun.add(wanted)) {
      return; // Of two that name each other one has to be first.
    }
    PlacementRules its = rules.apply(wanted.server());
    its.named().stream()
        .flatMap(named -> all.getOrDefault(named, List.of()).stream())
        .forEach(first -> decideInTurn(first, all, begun, request));
    decided.put(wanted, decide(wanted, its, request));
  }

  private Decision decide(Wanted wanted, PlacementRules its, PlanHosts request) {
    RequestSpec spec =
        new RequestSpec(
            wanted,
            its.supposing(wanted.server(), supposedMembers, supposed),
            wanted.source().map(hosts::get),
            Set.copyOf(request.among()),
            Set.copyOf(request.without()));
    Ranking ranking = Ranking.of(candidates(wanted), spec, choosing.filters(), choosing.weighers());
    Optional<HostName> host = ranking.next().map(HostState::name);
    host.ifPresent(chosen ->
        suppose(new Placed(wanted.server(), wanted.resources(), wanted.source(), chosen), its));
    return explaining.decision(
        spec,
        ranking,
        host,
        host.isPresent() ? Optional.empty() : Optional.of(failure(wanted, ranking, spec)),
        Math.max(0, request.details()));
  }

  private Collection<HostState> candidates(Wanted wanted) {
    return wanted
        .requested()
        .<Collection<HostState>>map(
            name -> hosts.containsKey(name) ? List.of(hosts.get(name)) : List.of())
        .orElse(hosts.values());
  }

  /** As {@link Scheduler#select} would put it. */
  private Failure failure(Wanted wanted, Ranking ranking, RequestSpec spec) {
    Map<HostName, Failure> reasons = new LinkedHashMap<>();
    for (HostState host : ranking.refused()) {
      choosing.filters().stream()
          .flatMap(filter -> filter.refusal(host, spec).stream())
          .findFirst()
          .ifPresent(refusal -> reasons.put(host.name(), refusal.why()));
    }
    return wanted
        .requested()
        .map(name -> reasons.getOrDefault(name, Scheduler.unknown(name)))
        .orElseGet(() -> noValidHost.apply(reasons));
  }

  private void suppose(Placed placed, PlacementRules its) {
    hosts.computeIfPresent(placed.host(), (_, state) -> state.with(placed.resources()));
    placed
        .source()
        .ifPresent(source ->
            hosts.computeIfPresent(source, (_, state) -> state.without(heldOn(source, placed))));
    supposed.put(placed.server(), placed.host());
    its.group()
        .ifPresent(group ->
            supposedMembers
                .computeIfAbsent(group.id(), _ -> new HashMap<>())
                .put(placed.server(), placed.host()));
  }

  private Resources heldOn(HostName source, Placed placed) {
    @Nullable Resources held = null;
    for (ClaimStore.ClaimRecord claim : claims.of(placed.server())) {
      if (claim.host().equals(source)) {
        held = claim.share();
      }
    }
    return held == null ? new Resources(0, 0, 0) : held;
  }
}
