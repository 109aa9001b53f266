package dev.tern.api.preflight;

import dev.tern.api.ApiSettings;
import dev.tern.api.disks.AskHost;
import dev.tern.api.hosts.AskingHosts;
import dev.tern.api.request.ApiRequest;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.ImmutableFile;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.contract.host.HostQuestion.CheckArrival;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.move.DiskChoice;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerAnswer.NotAnswered;
import dev.tern.contract.scheduler.SchedulerAnswer.Planned;
import dev.tern.contract.scheduler.SchedulerRequest.GuestNeeds;
import dev.tern.contract.scheduler.SchedulerRequest.Placed;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.contract.scheduler.Wanted;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.Link;
import dev.tern.store.MigrationStore;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.WatchedForecast;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Asks everyone whom a migration would ask before anything is made: the source what the guest is,
 * the schedulers where it would go, the destination whether it could come. Nothing is claimed,
 * reserved or written.
 */
@Component
final class Preflight {
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final Duration LONG_AGO = Duration.ofDays(365);
  private static final int DETAILS = 10;
  private static final List<Failure> NO_DECISION =
      List.of(new Failure(ErrorCode.NO_VALID_HOST, "The schedulers said nothing of it."));

  /** Destinations that refuse, before the rest is told as it is. */
  private static final int TRIES = 4;

  private final AskHost sources;
  private final AskingHosts destinations;
  private final AskingSchedulers schedulers;
  private final HostStore hosts;
  private final MigrationStore migrations;
  private final Watching watched;
  private final long assumedBytesPerSecond;

  Preflight(
      AskHost sources,
      AskingHosts destinations,
      AskingSchedulers schedulers,
      HostStore hosts,
      MigrationStore migrations,
      ApiSettings settings) {
    this.assumedBytesPerSecond = settings.assumedBytesPerSecond();
    this.sources = sources;
    this.destinations = destinations;
    this.schedulers = schedulers;
    this.hosts = hosts;
    this.migrations = migrations;
    this.watched = new Watching(destinations);
  }

  /**
   * What would come of one server.
   *
   * @param blockers why it would not move; it would when there are none
   * @param guest as its host describes it; empty when it does not
   * @param decision where it would go, with what is against each host; empty when it cannot leave
   * @param there what its destination said
   * @param converges whether it would end by itself; empty when that cannot be said
   * @param writes how much it writes, if it was watched
   * @param back whether it could return from there to where it is
   */
  record Outlook(
      ServerRecord server,
      List<Failure> blockers,
      Optional<SourceFacts> guest,
      Optional<Decision> decision,
      Optional<DestinationFacts> there,
      Forecast forecast,
      Optional<Boolean> converges,
      Optional<GuestWrites> writes,
      Optional<Decision> back) {
    /** Of disks, as they would be sent. */
    long diskBytes() {
      return guest.stream()
          .flatMap(facts -> facts.disks().stream())
          .mapToLong(DiskFacts::bytesToMove)
          .sum();
    }

    /** Of layers and images that the destination lacks. */
    long layerBytes() {
      Set<String> absent = Set.copyOf(there.flatMap(DestinationFacts::absent).orElse(List.of()));
      return guest.stream()
          .flatMap(facts -> facts.layers().stream())
          .filter(layer -> absent.contains(layer.sha256()))
          .mapToLong(ImmutableFile::sizeBytes)
          .sum();
    }

    long memoryBytes() {
      return guest.map(facts -> facts.memoryMib() << 20).orElse(0L);
    }
  }

  /**
   * The outlook of each server in turn, as if those before it had moved.
   *
   * @param targets the only hosts allowed; empty for all
   * @throws ComputeException when no scheduler answers
   */
  List<Outlook> of(List<ServerRecord> servers, List<HostName> targets, ApiRequest request)
      throws InterruptedException {
    Map<ServerId, SourceFacts> guests = new LinkedHashMap<>();
    Map<ServerId, List<Failure>> blockers = new HashMap<>();
    for (ServerRecord server : servers) {
      try {
        guests.put(server.id(), describe(server, request));
      } catch (ComputeException e) {
        blockers.put(server.id(), List.of(new Failure(e.code(), e.explanation())));
      }
    }
    List<ServerRecord> leaving =
        servers.stream().filter(server -> guests.containsKey(server.id())).toList();
    Map<ServerId, Decision> decisions = new HashMap<>();
    Map<ServerId, DestinationFacts> there = new HashMap<>();
    place(leaving, guests, targets, request, decisions, there);
    List<Outlook> outlooks = new ArrayList<>();
    for (ServerRecord server : servers) {
      Optional<Decision> decision = Optional.ofNullable(decisions.get(server.id()));
      Optional<SourceFacts> guest = Optional.ofNullable(guests.get(server.id()));
      List<Failure> against =
          blockers.getOrDefault(server.id(), decision.map(Preflight::against).orElse(NO_DECISION));
      Outlook before =
          new Outlook(
              server,
              against,
              guest,
              decision,
              Optional.ofNullable(there.get(server.id())),
              Forecast.unknown("it would not move"),
              Optional.empty(),
              Optional.empty(),
              Optional.empty());
      outlooks.add(before);
    }
    Map<ServerId, GuestWrites> writes =
        watched.of(
            outlooks.stream()
                .filter(outlook -> outlook.blockers().isEmpty())
                .map(Outlook::server)
                .toList());
    List<Outlook> told = new ArrayList<>();
    for (Outlook before : outlooks) {
      told.add(
          before.blockers().isEmpty()
              ? foreseen(before, Optional.ofNullable(writes.get(before.server().id())), request)
              : before);
    }
    return told;
  }

  private static List<Failure> against(Decision decision) {
    return decision.host().isPresent()
        ? List.of()
        : decision.failure().map(List::of).orElse(NO_DECISION);
  }

  /** As its migration would have it described, with the ways its disks would go. */
  private SourceFacts describe(ServerRecord server, ApiRequest request)
      throws InterruptedException {
    SourceFacts guest =
        sources
            .ask(server, new DescribeSource(AskHost.header(server, request)), SourceFacts.class)
            .orElseThrow(() ->
                new ComputeException(
                    ErrorCode.AGENT_NO_ANSWER,
                    "The host of instance %s is still busy; try again later."
                        .formatted(server.id()),
                    null));
    return DiskChoice.planned(guest, Optional.empty());
  }

  private void place(
      List<ServerRecord> leaving,
      Map<ServerId, SourceFacts> guests,
      List<HostName> targets,
      ApiRequest request,
      Map<ServerId, Decision> decisions,
      Map<ServerId, DestinationFacts> there)
      throws InterruptedException {
    Map<ServerId, Map<HostName, Failure>> refused = new HashMap<>();
    for (int tried = 0; tried < TRIES && !leaving.isEmpty(); tried++) {
      List<Wanted> wanted =
          leaving.stream()
              .map(server ->
                  wanted(
                      server,
                      Objects.requireNonNull(guests.get(server.id())),
                      refused.getOrDefault(server.id(), Map.of())))
              .toList();
      plan(new PlanHosts(request.id(), wanted, targets, List.of(), List.of(), DETAILS))
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
        return;
      }
    }
    // Told as refused what its last destination refused, too.
    for (ServerRecord server : leaving) {
      if (!there.containsKey(server.id())) {
        decisions.computeIfPresent(server.id(), (_, last) -> withoutHost(last, refused));
      }
    }
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
      ServerRecord server, SourceFacts guest, Map<HostName, Failure> refused) {
    return new Wanted(
        server.id(),
        share(guest),
        Optional.empty(),
        server.host(),
        Optional.of(needs(guest, guest.hypervisorVersion())),
        refused);
  }

  private static Resources share(SourceFacts guest) {
    return new Resources(guest.vcpus(), guest.memoryMib(), guest.allocatedBytes());
  }

  private static GuestNeeds needs(SourceFacts guest, int version) {
    return new GuestNeeds(
        guest.hypervisorType(), version, guest.machineType(), guest.accelerator());
  }

  private List<Decision> plan(PlanHosts question) throws InterruptedException {
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

  private Outlook foreseen(Outlook before, Optional<GuestWrites> writes, ApiRequest request)
      throws InterruptedException {
    HostName source = before.server().host().orElseThrow();
    HostName destination = before.decision().flatMap(Decision::host).orElseThrow();
    SourceFacts guest = before.guest().orElseThrow();
    WatchedForecast forecast =
        WatchedForecast.of(
            new WatchedForecast.Load(
                before.diskBytes() + before.layerBytes(), before.memoryBytes()),
            writes,
            Link.between(migrations, source, Optional.of(destination), assumedBytesPerSecond));
    Optional<HostReport> there = hosts.find(destination, LONG_AGO).map(HostRecord::report);
    Optional<Decision> back = Optional.empty();
    if (there.isPresent()) {
      // QEMU there may be newer, and then the guest would come back from a newer one.
      Wanted home =
          new Wanted(
              before.server().id(),
              share(guest),
              Optional.of(source),
              Optional.of(destination),
              Optional.of(needs(guest, there.get().hypervisorVersion())),
              Map.of());
      Placed moved =
          new Placed(before.server().id(), share(guest), Optional.of(source), destination);
      back =
          plan(new PlanHosts(request.id(), List.of(home), List.of(), List.of(), List.of(moved), 1))
              .stream()
              .findFirst();
    }
    return new Outlook(
        before.server(),
        before.blockers(),
        before.guest(),
        before.decision(),
        before.there(),
        forecast.forecast(),
        forecast.converges(),
        writes,
        back);
  }
}
