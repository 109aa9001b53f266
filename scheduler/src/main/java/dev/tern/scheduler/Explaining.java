package dev.tern.scheduler;

import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.Decision.Count;
import dev.tern.contract.scheduler.Decision.Hint;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.contract.scheduler.Decision.Verdict;
import dev.tern.scheduler.filter.HostFilter;
import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.RequestSpec;
import dev.tern.store.ClaimStore;
import dev.tern.store.ClaimStore.ClaimRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Puts a decision into words and figures, after it was made. */
final class Explaining {
  /** Claims of a host that are looked at for one whose going would make room. */
  private static final int CLAIMS = 500;

  private final List<HostFilter> filters;
  private final ClaimStore claims;

  Explaining(List<HostFilter> filters, ClaimStore claims) {
    this.filters = filters;
    this.claims = claims;
  }

  /**
   * What was decided, and why.
   *
   * @param details hosts that are described at most, of each kind
   */
  Decision decision(
      RequestSpec spec,
      Ranking ranking,
      Optional<HostName> host,
      Optional<Failure> failure,
      int details) {
    List<Near> refused = refused(ranking, spec);
    List<Near> told = first(refused, details);
    List<Verdict> verdicts =
        Stream.concat(
                ranking.best(details).stream()
                    .map(best ->
                        new Verdict(best.host().name(), List.of(), best.scores(), best.weight())),
                told.stream()
                    .map(near ->
                        new Verdict(near.host().name(), refusals(near, spec), List.of(), 0)))
            .toList();
    return new Decision(
        spec.wanted().server(),
        host,
        failure,
        ranking.passed() + refused.size(),
        ranking.passed(),
        verdicts,
        counts(refused),
        hints(told, spec, host.isEmpty()));
  }

  /** A host that was refused, and by which filters. */
  private record Near(HostState host, List<HostFilter> by, double lacking) {
    boolean canBeHelped() {
      return by.stream().allMatch(HostFilter::canBeHelped);
    }
  }

  // Asked for every decision: what is many is not sorted, only its nearest are.
  // Those that nothing helps last; few refusals first, and of those the host that lacks least.
  private List<Near> refused(Ranking ranking, RequestSpec spec) {
    List<Near> refused = new ArrayList<>(ranking.refused().size());
    for (HostState host : ranking.refused()) {
      List<HostFilter> by = new ArrayList<>(2);
      for (HostFilter filter : filters) {
        if (!filter.passes(host, spec)) {
          by.add(filter);
        }
      }
      refused.add(new Near(host, by, lacking(host, spec.wanted().resources())));
    }
    return refused;
  }

  private static List<Near> first(List<Near> refused, int most) {
    return Best.of(
        refused,
        most,
        Comparator.comparing((Near near) -> !near.canBeHelped())
            .thenComparingInt(near -> near.by().size())
            .thenComparingDouble(Near::lacking)
            .thenComparing(near -> near.host().name().value()));
  }

  private static double lacking(HostState host, Resources needed) {
    return share(needed.memoryMib(), host.freeMemoryMib())
        + share(needed.vcpus(), host.freeVcpus())
        + share(
            needed.diskBytes(), Math.min(host.unclaimedDiskBytes(), host.report().diskFreeBytes()));
  }

  private static double share(long needed, long available) {
    return needed <= available ? 0 : (double) (needed - available) / needed;
  }

  private List<Refusal> refusals(Near near, RequestSpec spec) {
    return near.by().stream().map(filter -> filter.why(near.host(), spec)).toList();
  }

  private static List<Count> counts(List<Near> refused) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    refused.forEach(near -> near.by().forEach(by -> counts.merge(by.name(), 1, Integer::sum)));
    return counts.entrySet().stream()
        .map(count -> new Count(count.getKey(), count.getValue()))
        .sorted(Comparator.comparingInt(Count::hosts).reversed())
        .toList();
  }

  private List<Hint> hints(List<Near> refused, RequestSpec spec, boolean namesServers) {
    List<Hint> hints = new ArrayList<>();
    for (Near near : refused) {
      if (near.canBeHelped()) {
        String all =
            refusals(near, spec).stream()
                .flatMap(refusal -> refusal.fitsIf().stream())
                .collect(Collectors.joining(" and "));
        hints.add(
            new Hint(
                near.host().name(),
                "%s fits if %s%s"
                    .formatted(
                        near.host().name(),
                        all,
                        namesServers ? leaving(near, spec).orElse("") : "")));
      }
    }
    return hints;
  }

  /** Which one server would make the room by going, when it is only room that lacks. */
  private Optional<String> leaving(Near near, RequestSpec spec) {
    if (!near.by().stream().allMatch(HostFilter::looksAtRoom)) {
      return Optional.empty();
    }
    return claims.on(near.host().name(), Optional.<ClaimId>empty(), CLAIMS).stream()
        .filter(claim -> !claim.server().equals(spec.wanted().server()))
        .filter(claim -> makesRoom(near, claim, spec))
        .min(
            Comparator.comparingLong((ClaimRecord claim) -> claim.share().memoryMib())
                .thenComparingLong(claim -> claim.share().diskBytes())
                .thenComparing(claim -> claim.server().value()))
        .map(claim -> ", as when server %s moves away".formatted(claim.server()));
  }

  private static boolean makesRoom(Near near, ClaimRecord claim, RequestSpec spec) {
    HostState then = near.host().without(claim.share());
    return near.by().stream().allMatch(filter -> filter.passes(then, spec));
  }
}
