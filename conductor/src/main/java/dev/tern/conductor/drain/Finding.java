package dev.tern.conductor.drain;

import dev.tern.conductor.asking.Schedulers;
import dev.tern.conductor.balance.Move;
import dev.tern.conductor.balance.Piece;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.Decision.Hint;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest.GuestNeeds;
import dev.tern.contract.scheduler.SchedulerRequest.Placed;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.contract.scheduler.Wanted;
import dev.tern.store.HostStore.HostRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Asks the schedulers where servers could go, with the same filters as when they go. Nothing is
 * claimed: each migration selects its host when it begins.
 */
final class Finding {
  private static final Duration SILENCE = Duration.ofSeconds(10);
  private static final int DETAILS = 3;
  private static final Pattern MACHINE = Pattern.compile("pc-q35-(\\d{1,4})\\.(\\d{1,4})");

  private final Schedulers schedulers;
  private final Supplier<UUID> newIds;

  Finding(Schedulers schedulers, Supplier<UUID> newIds) {
    this.schedulers = schedulers;
    this.newIds = newIds;
  }

  /**
   * Where a server could go.
   *
   * @param why it can go nowhere; empty when it can
   * @param remedies what would make a host fit
   */
  record Found(Optional<HostName> host, String why, List<String> remedies) {
    Found {
      remedies = List.copyOf(remedies);
    }
  }

  /** No scheduler could say anything; that is no refusal. */
  static final class Unanswered extends Exception {
    private static final long serialVersionUID = 1L;

    private final String why;

    Unanswered(String why) {
      super(why);
      this.why = why;
    }

    String why() {
      return why;
    }
  }

  /**
   * A place for each, those in front first.
   *
   * @param targets the only ones allowed; empty for all
   */
  Map<ServerId, Found> find(List<Guest> guests, HostRecord source, Set<HostName> targets)
      throws Unanswered, InterruptedException {
    Map<ServerId, Found> found = new LinkedHashMap<>();
    List<Placed> earlier = new ArrayList<>();
    HostName home = source.report().host();
    for (int from = 0; from < guests.size(); from += PlanHosts.MOST) {
      List<Guest> some = guests.subList(from, Math.min(guests.size(), from + PlanHosts.MOST));
      Map<ServerId, Decision> decisions =
          ask(some.stream().map(guest -> wanted(guest, source)).toList(), targets, earlier);
      for (Guest guest : some) {
        Decision decision = decisions.get(guest.id());
        if (decision == null) {
          throw new Unanswered("A scheduler left out server %s.".formatted(guest.id()));
        }
        found.put(guest.id(), found(decision));
        decision
            .host()
            .ifPresent(host ->
                earlier.add(new Placed(guest.id(), guest.needs(), Optional.of(home), host)));
      }
    }
    return found;
  }

  /**
   * What is against each of these moves, one after the other; those that nothing is against are
   * left out.
   *
   * @param hosts that servers are on
   */
  Map<Move, String> refusals(List<Move> moves, Map<HostName, HostRecord> hosts)
      throws Unanswered, InterruptedException {
    Map<Move, String> refusals = new LinkedHashMap<>();
    Map<ServerId, Decision> decisions =
        ask(moves.stream().map(move -> wanted(move, hosts)).toList(), Set.of(), List.of());
    for (Move move : moves) {
      Decision decision = decisions.get(move.piece().server());
      if (decision == null || decision.host().isEmpty()) {
        refusals.put(
            move,
            Optional.ofNullable(decision)
                .flatMap(Decision::failure)
                .map(Failure::message)
                .orElse("It will not do."));
      }
    }
    return refusals;
  }

  private static Wanted wanted(Move move, Map<HostName, HostRecord> hosts) {
    Piece piece = move.piece();
    return new Wanted(
        piece.server(),
        FewMovesPlan.needs(piece),
        Optional.of(move.to()),
        Optional.of(piece.host()),
        Optional.ofNullable(hosts.get(piece.host())).flatMap(host -> needs(host.report())),
        Map.of());
  }

  private Map<ServerId, Decision> ask(
      List<Wanted> wanted, Set<HostName> targets, List<Placed> earlier)
      throws Unanswered, InterruptedException {
    PlanHosts question =
        new PlanHosts(
            RequestId.of(newIds.get()),
            wanted,
            targets.stream().sorted(Comparator.comparing(HostName::value)).toList(),
            List.of(),
            earlier,
            DETAILS);
    return switch (schedulers.ask(question, SILENCE)) {
      case Asked.Answered(SchedulerAnswer.Planned(List<Decision> decisions)) ->
          decisions.stream()
              .collect(Collectors.toMap(Decision::server, decision -> decision, (_, last) -> last));
      case Asked.Answered(SchedulerAnswer.NotAnswered(Failure why)) ->
          throw new Unanswered(why.message());
      case Asked.Answered(SchedulerAnswer other) ->
          throw new Unanswered("A scheduler answered " + other.getClass().getSimpleName() + ".");
      case Asked.NoAnswer<SchedulerAnswer>(String why, _) ->
          throw new Unanswered("No scheduler answers: %s.".formatted(why));
    };
  }

  private static Found found(Decision decision) {
    return new Found(
        decision.host(),
        decision.host().isPresent()
            ? ""
            : decision.failure().map(Failure::message).orElse("No host will do."),
        decision.wouldFit().stream().map(Hint::text).toList());
  }

  private static Wanted wanted(Guest guest, HostRecord source) {
    return new Wanted(
        guest.id(),
        guest.needs(),
        Optional.empty(),
        Optional.of(source.report().host()),
        needs(source.report()),
        guest.refused().entrySet().stream()
            .collect(
                Collectors.toMap(
                    Map.Entry::getKey,
                    each -> new Failure(ErrorCode.MIGRATION_PRE_CHECK_ERROR, each.getValue()))));
  }

  /**
   * Which machine a guest has, only its host knows, and says when it migrates. No guest there has a
   * newer one than the newest that is known there.
   */
  private static Optional<GuestNeeds> needs(HostReport source) {
    return source.machineTypes().stream()
        .max(Comparator.comparingInt(Finding::version))
        .map(machine ->
            new GuestNeeds(
                source.hypervisorType(),
                source.hypervisorVersion(),
                machine,
                source.accelerator()));
  }

  private static int version(String machine) {
    Matcher matcher = MACHINE.matcher(machine);
    return matcher.matches()
        ? Integer.parseInt(matcher.group(1)) * 10_000 + Integer.parseInt(matcher.group(2))
        : -1;
  }
}
