package dev.tern.scheduler;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerAnswer.NoHost;
import dev.tern.contract.scheduler.SchedulerAnswer.Selected;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.scheduler.filter.HostFilter;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.ClaimStore;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.PlacementRules;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Chooses a host and claims its share there. Any number of schedulers may choose at once: figures
 * that were true when a host was looked at are checked again, atomically, by the claim.
 */
public final class Scheduler {
  private final HostCatalog hosts;
  private final ClaimStore claims;
  private final Ratios ratios;
  private final List<HostFilter> filters;
  private final Comparator<HostRecord> emptiestFirst;
  private final Function<ServerId, PlacementRules> rules;
  private final int namedHosts;

  /**
   * @param rules what a server asks of its host, as it is at that moment
   * @param namedHosts how many hosts the message names when none will do
   */
  public Scheduler(
      HostCatalog hosts,
      ClaimStore claims,
      Ratios ratios,
      Function<ServerId, PlacementRules> rules,
      int namedHosts) {
    this.hosts = hosts;
    this.claims = claims;
    this.ratios = ratios;
    this.rules = rules;
    this.filters = HostFilter.all(ratios);
    this.emptiestFirst =
        Comparator.comparingLong(this::freeMemory)
            .reversed()
            .thenComparingInt(HostRecord::activeMigrations)
            .thenComparing(host -> host.report().host().value());
    this.namedHosts = namedHosts;
  }

  /**
   * Answers with a host on which the share is claimed, or with every host's reason and nothing
   * claimed. The same question again has the same answer once there is a claim; who wants another
   * host gives the claim back and asks with a new one.
   */
  public SchedulerAnswer select(SelectHost request) {
    Optional<ClaimRecord> standing = claims.find(request.claim());
    if (standing.isPresent()) {
      return answer(standing.get(), request);
    }
    SchedulerAnswer answer =
        request.requested().isPresent()
            ? claimRequested(request.requested().get(), request)
            : claimEmptiest(request);
    return switch (answer) {
      case Selected selected -> selected;
      // The same question, asked twice at once, may have taken the last place itself.
      case NoHost none ->
          claims.find(request.claim()).map(claim -> answer(claim, request)).orElse(none);
    };
  }

  private SchedulerAnswer claimRequested(HostName name, SelectHost request) {
    Optional<HostRecord> host = hosts.find(name);
    if (host.isEmpty()) {
      Failure unknown =
          new Failure(
              ErrorCode.COMPUTE_HOST_NOT_FOUND,
              "Compute host %s could not be found.".formatted(name));
      return new NoHost(unknown, Map.of(name, unknown));
    }
    Optional<Failure> refusal = refusal(host.get(), request, rules.apply(request.server()));
    if (refusal.isPresent()) {
      return new NoHost(refusal.get(), Map.of(name, refusal.get()));
    }
    Optional<ClaimRecord> claim = claim(host.get(), request);
    if (claim.isPresent()) {
      return answer(claim.get(), request);
    }
    Failure lost = lostRace(host.get(), request);
    return new NoHost(lost, Map.of(name, lost));
  }

  private SchedulerAnswer claimEmptiest(SelectHost request) {
    Map<HostName, Failure> reasons = new LinkedHashMap<>();
    List<HostRecord> fitting = new ArrayList<>();
    PlacementRules its = rules.apply(request.server());
    hosts.forEach(host ->
        refusal(host, request, its)
            .ifPresentOrElse(
                why -> reasons.put(host.report().host(), why), () -> fitting.add(host)));
    fitting.sort(
        Comparator.comparingInt((HostRecord host) -> its.liking(host.report().host()))
            .reversed()
            .thenComparing(emptiestFirst));
    for (HostRecord host : fitting) {
      Optional<ClaimRecord> claim = claim(host, request);
      if (claim.isPresent()) {
        return answer(claim.get(), request);
      }
      reasons.put(host.report().host(), lostRace(host, request));
    }
    // Refused ones that are gone since.
    request.refused().keySet().stream()
        .sorted(Comparator.comparing(HostName::value))
        .forEach(host -> reasons.putIfAbsent(host, request.refused().get(host)));
    return new NoHost(NoValidHost.failure(reasons, namedHosts), reasons);
  }

  private Optional<Failure> refusal(HostRecord host, SelectHost request, PlacementRules its) {
    HostName name = host.report().host();
    Failure refusedBefore = request.refused().get(name);
    return refusedBefore != null
        ? Optional.of(refusedBefore)
        : filters.stream()
            .flatMap(filter -> filter.refusal(host, request).stream())
            .findFirst()
            .or(() ->
                its.refusal(name, request.server())
                    .map(why -> new Failure(ErrorCode.HOST_NOT_WANTED, why)));
  }

  private Optional<ClaimRecord> claim(HostRecord host, SelectHost request) {
    return claims.claim(
        request.claim(),
        request.server(),
        host.report().host(),
        request.resources(),
        ratios.limits(host.report()));
  }

  /** Said with the figures of now: those that passed the filters are out of date. */
  private Failure lostRace(HostRecord host, SelectHost request) {
    HostName name = host.report().host();
    return hosts
        .find(name)
        .flatMap(now -> refusal(now, request, rules.apply(request.server())))
        .orElseGet(() ->
            new Failure(
                ErrorCode.NO_VALID_HOST,
                ("The claim on %s was not granted: other servers took what was free, or the"
                        + " question was taken back. Try again.")
                    .formatted(name)));
  }

  private static SchedulerAnswer answer(ClaimRecord claim, SelectHost request) {
    boolean asAsked =
        claim.server().equals(request.server())
            && request.requested().map(claim.host()::equals).orElse(true)
            && !request.refused().containsKey(claim.host());
    if (asAsked) {
      return new Selected(claim.host(), claim.id());
    }
    Failure other =
        new Failure(
            ErrorCode.INVALID_INPUT,
            "Claim %s is already held by server %s on %s."
                .formatted(claim.id(), claim.server(), claim.host()));
    return new NoHost(other, Map.of(claim.host(), other));
  }

  private long freeMemory(HostRecord host) {
    Resources limits = ratios.limits(host.report());
    return limits.memoryMib() - host.claimed().memoryMib();
  }
}
