package dev.tern.scheduler;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.SchedulerAnswer.Choice;
import dev.tern.contract.scheduler.SchedulerAnswer.NoHost;
import dev.tern.contract.scheduler.SchedulerAnswer.Planned;
import dev.tern.contract.scheduler.SchedulerAnswer.Selected;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.scheduler.filter.HostFilter;
import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.scheduler.filter.RequestSpec;
import dev.tern.scheduler.weigher.HostWeigher;
import dev.tern.scheduler.weigher.HostWeigher.Weighted;
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
  private final List<Weighted> weighers;
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
    this.filters = HostFilter.all();
    this.weighers = HostWeigher.standard();
    this.namedHosts = namedHosts;
  }

  /**
   * Answers with a host on which the share is claimed, or with every host's reason and nothing
   * claimed. The same question again has the same answer once there is a claim; who wants another
   * host gives the claim back and asks with a new one.
   */
  public Choice select(SelectHost request) {
    Optional<ClaimRecord> standing = claims.find(request.claim());
    if (standing.isPresent()) {
      return answer(standing.get(), request);
    }
    Choice answer =
        request.requested().isPresent()
            ? claimRequested(request.requested().get(), request)
            : claimBest(request);
    return switch (answer) {
      case Selected selected -> selected;
      // The same question, asked twice at once, may have taken the last place itself.
      case NoHost none ->
          claims.find(request.claim()).map(claim -> answer(claim, request)).orElse(none);
    };
  }

  /** Answers with what would be selected, one server after the other, and claims nothing. */
  public Planned plan(PlanHosts request) {
    return new Planning(
            states(),
            claims,
            rules,
            filters,
            weighers,
            reasons -> NoValidHost.failure(reasons, namedHosts))
        .plan(request);
  }

  private List<HostState> states() {
    List<HostState> states = new ArrayList<>();
    hosts.forEach(host -> states.add(HostState.of(host, ratios)));
    return states;
  }

  private Choice claimRequested(HostName name, SelectHost request) {
    Optional<HostRecord> host = hosts.find(name);
    if (host.isEmpty()) {
      Failure unknown = unknown(name);
      return new NoHost(unknown, Map.of(name, unknown));
    }
    HostState state = HostState.of(host.get(), ratios);
    Optional<Failure> refusal = refusal(state, spec(request));
    if (refusal.isPresent()) {
      return new NoHost(refusal.get(), Map.of(name, refusal.get()));
    }
    Optional<ClaimRecord> claim = claim(state, request);
    if (claim.isPresent()) {
      return answer(claim.get(), request);
    }
    Failure lost = lostRace(name, request);
    return new NoHost(lost, Map.of(name, lost));
  }

  static Failure unknown(HostName name) {
    return new Failure(
        ErrorCode.COMPUTE_HOST_NOT_FOUND, "Compute host %s could not be found.".formatted(name));
  }

  private Choice claimBest(SelectHost request) {
    RequestSpec spec = spec(request);
    Ranking ranking = Ranking.of(states(), spec, filters, weighers);
    Map<HostName, Failure> lost = new LinkedHashMap<>();
    for (Optional<HostState> best = ranking.next(); best.isPresent(); best = ranking.next()) {
      Optional<ClaimRecord> claim = claim(best.get(), request);
      if (claim.isPresent()) {
        return answer(claim.get(), request);
      }
      lost.put(best.get().name(), lostRace(best.get().name(), request));
    }
    Map<HostName, Failure> reasons = new LinkedHashMap<>();
    ranking.refused().forEach(host -> reasons.put(host.name(), refusal(host, spec).orElseThrow()));
    reasons.putAll(lost);
    // Refused ones that are gone since.
    request.refused().keySet().stream()
        .sorted(Comparator.comparing(HostName::value))
        .forEach(host -> reasons.putIfAbsent(host, request.refused().get(host)));
    return new NoHost(NoValidHost.failure(reasons, namedHosts), reasons);
  }

  private RequestSpec spec(SelectHost request) {
    return new RequestSpec(request.wanted(), rules.apply(request.server()));
  }

  private Optional<Failure> refusal(HostState host, RequestSpec spec) {
    return filters.stream()
        .flatMap(filter -> filter.refusal(host, spec).stream())
        .map(refusal -> refusal.why())
        .findFirst();
  }

  private Optional<ClaimRecord> claim(HostState host, SelectHost request) {
    return claims.claim(
        request.claim(), request.server(), host.name(), request.resources(), host.limits());
  }

  /** Said with the figures of now: those that passed the filters are out of date. */
  private Failure lostRace(HostName name, SelectHost request) {
    return hosts
        .find(name)
        .flatMap(now -> refusal(HostState.of(now, ratios), spec(request)))
        .orElseGet(() ->
            new Failure(
                ErrorCode.NO_VALID_HOST,
                ("The claim on %s was not granted: other servers took what was free, or the"
                        + " question was taken back. Try again.")
                    .formatted(name)));
  }

  private static Choice answer(ClaimRecord claim, SelectHost request) {
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
}
