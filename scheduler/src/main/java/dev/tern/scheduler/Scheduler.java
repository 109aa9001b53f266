package dev.tern.scheduler;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.Decision;
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
import dev.tern.scheduler.weigher.HostWeigher.Multipliers;
import dev.tern.scheduler.weigher.HostWeigher.Weighted;
import dev.tern.store.ClaimStore;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.PlacementRules;
import java.util.Collection;
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
  /** Hosts that were lost to others, or are not as they were, before all are looked at anew. */
  private static final int LOST_BEFORE_A_NEW_LOOK = 5;

  /** How often all are looked at anew because the best host has changed meanwhile. */
  private static final int NEW_LOOKS = 3;

  /** Hosts a kept decision describes, of those that passed and of those refused each. */
  private static final int DESCRIBED_HOSTS = 10;

  /** Hosts whose reasons are answered; with thousands of hosts the rest is counted. */
  private static final int MOST_REASONS = 500;

  private final HostView hosts;
  private final ClaimStore claims;
  private final Choosing choosing;
  private final Function<ServerId, PlacementRules> rules;
  private final int namedHosts;
  private final KeptDecisions kept;
  private final Explaining explaining;

  /** What is looked at, and how much it counts. */
  public record Choosing(List<HostFilter> filters, List<Weighted> weighers) {
    /** As it is unless an operator says otherwise. */
    public static final Choosing STANDARD =
        new Choosing(HostFilter.all(), HostWeigher.of(Multipliers.STANDARD));

    public Choosing {
      filters = List.copyOf(filters);
      weighers = List.copyOf(weighers);
    }
  }

  /**
   * @param rules what a server asks of its host, as it is at that moment
   * @param namedHosts how many hosts the message names when none will do
   * @param kept where each decision goes
   */
  public Scheduler(
      HostView hosts,
      ClaimStore claims,
      Choosing choosing,
      Function<ServerId, PlacementRules> rules,
      int namedHosts,
      KeptDecisions kept) {
    this.hosts = hosts;
    this.claims = claims;
    this.choosing = choosing;
    this.rules = rules;
    this.namedHosts = namedHosts;
    this.kept = kept;
    this.explaining = new Explaining(choosing.filters(), claims);
  }

  /** One that reads all hosts for each question. */
  public Scheduler(
      HostCatalog hosts,
      ClaimStore claims,
      Ratios ratios,
      Function<ServerId, PlacementRules> rules,
      int namedHosts) {
    this(
        new CatalogView(hosts, ratios), claims, Choosing.STANDARD, rules, namedHosts, (_, _) -> {});
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
            hosts.now(),
            claims,
            rules,
            choosing,
            reasons -> NoValidHost.failure(reasons, namedHosts))
        .plan(request);
  }

  private Choice claimRequested(HostName name, SelectHost request) {
    Optional<HostState> host = hosts.now(name);
    if (host.isEmpty()) {
      Failure unknown = unknown(name);
      return new NoHost(unknown, Map.of(name, unknown));
    }
    RequestSpec spec = spec(request, request.source().flatMap(hosts::now));
    Choice choice = claimRequested(host.get(), request, spec);
    Ranking ranking =
        Ranking.of(List.of(host.get()), spec, choosing.filters(), choosing.weighers());
    keep(request, spec, ranking, choice);
    return choice;
  }

  private Choice claimRequested(HostState host, SelectHost request, RequestSpec spec) {
    Optional<Failure> refusal = refusal(host, spec);
    if (refusal.isPresent()) {
      return new NoHost(refusal.get(), Map.of(host.name(), refusal.get()));
    }
    Optional<ClaimRecord> claim = claim(host, request);
    if (claim.isPresent()) {
      return answer(claim.get(), request);
    }
    Failure lost = lostRace(host.name(), spec);
    return new NoHost(lost, Map.of(host.name(), lost));
  }

  private Decision keep(SelectHost request, RequestSpec spec, Ranking ranking, Choice choice) {
    Decision decision =
        switch (choice) {
          case Selected(HostName host, _) ->
              explaining.decision(
                  spec, ranking, Optional.of(host), Optional.empty(), DESCRIBED_HOSTS);
          case NoHost(Failure failure, _) ->
              explaining.decision(
                  spec, ranking, Optional.empty(), Optional.of(failure), DESCRIBED_HOSTS);
        };
    kept.keep(request, decision);
    return decision;
  }

  static Failure unknown(HostName name) {
    return new Failure(
        ErrorCode.COMPUTE_HOST_NOT_FOUND, "Compute host %s could not be found.".formatted(name));
  }

  private Choice claimBest(SelectHost request) {
    PlacementRules its = rules.apply(request.server());
    if (hosts.mayBeOld()) {
      Optional<Choice> chosen =
          new Round(hosts.lately(), request, its).claim(LOST_BEFORE_A_NEW_LOOK, true);
      // Servers that are asked for in one moment are ranked alike before the first is claimed: who
      // finds the best host changed ranks anew, or all of them would go there.
      for (int look = 0; chosen.isEmpty() && look < NEW_LOOKS; look++) {
        chosen = new Round(hosts.now(), request, its).claim(1, true);
      }
      if (chosen.isPresent()) {
        return chosen.get();
      }
    }
    // Nobody is told that there is no host by figures that may be old.
    Round round = new Round(hosts.now(), request, its);
    return round.claim(Integer.MAX_VALUE, false).orElseGet(round::noHost);
  }

  /** All hosts, looked at once. */
  private final class Round {
    private final SelectHost request;
    private final RequestSpec spec;
    private final Ranking ranking;
    private final Map<HostName, Failure> lost = new LinkedHashMap<>();

    Round(Collection<HostState> all, SelectHost request, PlacementRules its) {
      this.request = request;
      this.spec = new RequestSpec(request.wanted(), its, source(all, request.source()));
      this.ranking = Ranking.of(all, spec, choosing.filters(), choosing.weighers());
    }

    /**
     * Empty when no host could be claimed in so many tries.
     *
     * @param onlyAsRanked also when others have claimed on the best host, or given back, since it
     *     was ranked
     */
    Optional<Choice> claim(int tries, boolean onlyAsRanked) {
      for (int tried = 0; tried < tries; tried++) {
        Optional<HostState> best = ranking.next();
        if (best.isEmpty()) {
          return Optional.empty();
        }
        HostName name = best.get().name();
        Optional<HostState> now = hosts.mayBeOld() ? hosts.now(name) : best;
        if (now.filter(host -> refusal(host, spec).isEmpty()).isPresent()) {
          if (onlyAsRanked && !now.get().claimed().equals(best.get().claimed())) {
            return Optional.empty();
          }
          Optional<ClaimRecord> claim = Scheduler.this.claim(now.get(), request);
          if (claim.isPresent()) {
            hosts.claimed(name, request.resources());
            Choice choice = answer(claim.get(), request);
            keep(request, spec, ranking, choice);
            return Optional.of(choice);
          }
        }
        lost.put(name, lostRace(name, spec));
      }
      return Optional.empty();
    }

    Choice noHost() {
      Map<HostName, Failure> reasons = new LinkedHashMap<>();
      ranking.refused().stream()
          .limit(MOST_REASONS)
          .forEach(host -> reasons.put(host.name(), refusal(host, spec).orElseThrow()));
      reasons.putAll(lost);
      // Refused ones that are gone since.
      request.refused().keySet().stream()
          .sorted(Comparator.comparing(HostName::value))
          .forEach(host -> reasons.putIfAbsent(host, request.refused().get(host)));
      Failure failure =
          NoValidHost.failure(
              reasons,
              namedHosts,
              Math.max(reasons.size(), ranking.refused().size() + lost.size()));
      Decision why = keep(request, spec, ranking, new NoHost(failure, reasons));
      return new NoHost(NoValidHost.hinting(failure, why.wouldFit()), reasons);
    }
  }

  static Optional<HostState> source(Collection<HostState> all, Optional<HostName> name) {
    return name.flatMap(
        source -> all.stream().filter(host -> host.name().equals(source)).findFirst());
  }

  private RequestSpec spec(SelectHost request, Optional<HostState> source) {
    return new RequestSpec(request.wanted(), rules.apply(request.server()), source);
  }

  private Optional<Failure> refusal(HostState host, RequestSpec spec) {
    for (HostFilter filter : choosing.filters()) {
      if (!filter.passes(host, spec)) {
        return Optional.of(filter.why(host, spec).why());
      }
    }
    return Optional.empty();
  }

  private Optional<ClaimRecord> claim(HostState host, SelectHost request) {
    return claims.claim(
        request.claim(), request.server(), host.name(), request.resources(), host.limits());
  }

  /** Said with the figures of now: those that passed the filters are out of date. */
  private Failure lostRace(HostName name, RequestSpec before) {
    RequestSpec spec =
        new RequestSpec(before.wanted(), rules.apply(before.wanted().server()), before.source());
    return hosts
        .now(name)
        .flatMap(now -> refusal(now, spec))
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
