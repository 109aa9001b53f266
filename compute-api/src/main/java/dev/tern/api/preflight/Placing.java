package dev.tern.api.preflight;

import dev.tern.api.disks.AskHost;
import dev.tern.api.hosts.AskingHosts;
import dev.tern.api.request.ApiRequest;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostQuestion.CheckArrival;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerAnswer.NotAnswered;
import dev.tern.contract.scheduler.SchedulerAnswer.Planned;
import dev.tern.contract.scheduler.SchedulerRequest.GuestNeeds;
import dev.tern.contract.scheduler.SchedulerRequest.Placed;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.contract.scheduler.Wanted;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Asks where servers would go, as their migrations would: the schedulers which host, and that
 * whether it would take them. Nothing is claimed or reserved.
 */
final class Placing {
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final int DETAILS = 10;

  /** Destinations that refuse, before the rest is told as it is. */
  private static final int TRIES = 4;

  private final AskingHosts destinations;
  private final AskingSchedulers schedulers;

  Placing(AskingHosts destinations, AskingSchedulers schedulers) {
    this.destinations = destinations;
    this.schedulers = schedulers;
  }

  /**
   * What was found.
   *
   * @param there of each that has a destination which would take it
   */
  record Places(Map<ServerId, Decision> decisions, Map<ServerId, DestinationFacts> there) {
    Optional<Decision> of(ServerId server) {
      return Optional.ofNullable(decisions.get(server));
    }

    Optional<DestinationFacts> there(ServerId server) {
      return Optional.ofNullable(there.get(server));
    }
  }

  /**
   * Where each of them would go, and what its destination said; one at a time, as if those before
   * it had moved.
   *
   * @param share what each claims
   * @param earlier those that have their places already
   * @throws ComputeException when no scheduler answers
   */
  Places of(
      List<ServerRecord> leaving,
      Map<ServerId, SourceFacts> guests,
      Function<SourceFacts, Resources> share,
      List<HostName> targets,
      List<Placed> earlier,
      ApiRequest request)
      throws InterruptedException {
    Map<ServerId, Decision> decisions = new HashMap<>();
    Map<ServerId, DestinationFacts> there = new HashMap<>();
    Map<ServerId, Map<HostName, Failure>> refused = new HashMap<>();
    for (int tried = 0; tried < TRIES && !leaving.isEmpty(); tried++) {
      List<Wanted> wanted =
          leaving.stream()
              .map(server ->
                  wanted(
                      server,
                      Objects.requireNonNull(guests.get(server.id())),
                      share,
                      refused.getOrDefault(server.id(), Map.of())))
              .toList();
      plan(new PlanHosts(request.id(), wanted, targets, List.of(), earlier, DETAILS))
          .forEach(decision -> decisions.put(decision.server(), decision));
      boolean allCould = true;
      for (ServerRecord server : leaving) {
        Optional<HostName> host =
            Optional.ofNullable(decisions.get(server.id())).flatMap(Decision::host);
        if (host.isPresent()) {
          allCould &= couldCome(server, host.get(), guests, request, refused, there);
        }
      }
      if (allCould) {
        return new Places(decisions, there);
      }
    }
    // Told as refused what its last destination refused, too.
    for (ServerRecord server : leaving) {
      if (!there.containsKey(server.id())) {
        decisions.computeIfPresent(server.id(), (_, last) -> withoutHost(last, refused));
      }
    }
    return new Places(decisions, there);
  }

  private static Decision withoutHost(
      Decision last, Map<ServerId, Map<HostName, Failure>> refused) {
    Optional<Failure> why =
        last.host()
            .map(host ->
                Objects.requireNonNull(refused.getOrDefault(last.server(), Map.of()).get(host)))
            .or(last::failure);
    return new Decision(
        last.server(),
        Optional.empty(),
        why,
        last.looked(),
        last.passed(),
        last.hosts(),
        last.refused(),
        last.wouldFit());
  }

  private boolean couldCome(
      ServerRecord server,
      HostName host,
      Map<ServerId, SourceFacts> guests,
      ApiRequest request,
      Map<ServerId, Map<HostName, Failure>> refused,
      Map<ServerId, DestinationFacts> there)
      throws InterruptedException {
    CheckArrival check =
        new CheckArrival(
            AskHost.header(server, request), Objects.requireNonNull(guests.get(server.id())), true);
    @Nullable Failure why =
        switch (destinations.ask(host, check, DEADLINE)) {
          case Asked.Answered(HostAnswer.ArrivalChecked(DestinationFacts facts)) -> {
            there.put(server.id(), facts);
            yield null;
          }
          case Asked.Answered(HostAnswer.Refused(Failure failure)) -> failure;
          case Asked.Answered(HostAnswer other) ->
              new Failure(
                  ErrorCode.UNEXPECTED,
                  "Host %s answered %s.".formatted(host, other.getClass().getSimpleName()));
          case Asked.NoAnswer(String reason, _) ->
              new Failure(
                  ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
                  "Compute service of %s is unavailable at this time: %s.".formatted(host, reason));
        };
    if (why == null) {
      return true;
    }
    there.remove(server.id());
    refused.computeIfAbsent(server.id(), _ -> new HashMap<>()).put(host, why);
    return false;
  }

  private static Wanted wanted(
      ServerRecord server,
      SourceFacts guest,
      Function<SourceFacts, Resources> share,
      Map<HostName, Failure> refused) {
    return new Wanted(
        server.id(),
        share.apply(guest),
        Optional.empty(),
        server.host(),
        Optional.of(needs(guest, guest.hypervisorVersion())),
        refused);
  }

  static Resources share(SourceFacts guest) {
    return new Resources(guest.vcpus(), guest.memoryMib(), guest.allocatedBytes());
  }

  static GuestNeeds needs(SourceFacts guest, int version) {
    return new GuestNeeds(
        guest.hypervisorType(), version, guest.machineType(), guest.accelerator());
  }

  /**
   * What a scheduler says.
   *
   * @throws ComputeException when none answers
   */
  List<Decision> plan(PlanHosts question) throws InterruptedException {
    return switch (schedulers.ask(question, DEADLINE)) {
      case Asked.Answered(Planned(List<Decision> decisions)) -> decisions;
      case Asked.Answered(NotAnswered(Failure why)) ->
          throw new ComputeException(why.code(), why.message(), null);
      case Asked.Answered(SchedulerAnswer other) ->
          throw new ComputeException(
              ErrorCode.UNEXPECTED,
              "A scheduler answered %s.".formatted(other.getClass().getSimpleName()),
              null);
      case Asked.NoAnswer(String reason, _) ->
          throw new ComputeException(
              ErrorCode.SCHEDULER_NO_ANSWER, "No scheduler answers: %s".formatted(reason), null);
    };
  }
}
