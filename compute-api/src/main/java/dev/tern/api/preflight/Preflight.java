package dev.tern.api.preflight;

import dev.tern.api.disks.AskHost;
import dev.tern.api.hosts.AskingHosts;
import dev.tern.api.preflight.ColdPreflight.ColdOutlook;
import dev.tern.api.preflight.Placing.Places;
import dev.tern.api.request.ApiRequest;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.ImmutableFile;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.move.DiskChoice;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.SchedulerRequest.Placed;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.contract.scheduler.Wanted;
import dev.tern.store.ForecastSettings;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.Link;
import dev.tern.store.MigrationStore;
import dev.tern.store.Movable;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.WatchedForecast;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.springframework.stereotype.Component;

/**
 * Asks everyone whom a migration would ask before anything is made: the source what the guest is,
 * the schedulers where it would go, the destination whether it could come. Nothing is claimed,
 * reserved or written.
 */
@Component
final class Preflight {
  private static final Duration LONG_AGO = Duration.ofDays(365);
  private static final List<Failure> NO_DECISION =
      List.of(new Failure(ErrorCode.NO_VALID_HOST, "The schedulers said nothing of it."));

  private final AskHost sources;
  private final Placing placing;
  private final ColdPreflight cold;
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
      ForecastSettings settings) {
    this.assumedBytesPerSecond = settings.assumedBytesPerSecond();
    this.sources = sources;
    this.placing = new Placing(destinations, schedulers);
    this.cold = new ColdPreflight(sources, placing, migrations, assumedBytesPerSecond);
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
   * @param cold what a move with its guest shut down would be, of one that does not move while it
   *     runs
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
      Optional<Decision> back,
      Optional<ColdOutlook> cold) {
    /** Of disks, as they would be sent. */
    long diskBytes() {
      return guest.stream()
          .flatMap(facts -> facts.disks().stream())
          .mapToLong(DiskFacts::bytesToMove)
          .sum();
    }

    /** Of layers and images that the destination lacks. */
    long layerBytes() {
      return guest.map(facts -> absent(facts, there)).orElse(0L);
    }

    static long absent(SourceFacts guest, Optional<DestinationFacts> there) {
      Set<String> absent = Set.copyOf(there.flatMap(DestinationFacts::absent).orElse(List.of()));
      return guest.layers().stream()
          .filter(layer -> absent.contains(layer.sha256()))
          .mapToLong(ImmutableFile::sizeBytes)
          .sum();
    }

    /** Whether it would move, if need be with its guest shut down. */
    boolean possible(boolean orCold) {
      return blockers.isEmpty()
          || (orCold && cold.filter(its -> its.blockers().isEmpty()).isPresent());
    }

    private Outlook with(Optional<ColdOutlook> now) {
      return new Outlook(
          server, blockers, guest, decision, there, forecast, converges, writes, back, now);
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
    Places places = placing.of(leaving, guests, Placing::share, targets, List.of(), request);
    List<Outlook> outlooks = new ArrayList<>();
    for (ServerRecord server : servers) {
      outlooks.add(
          new Outlook(
              server,
              blockers.getOrDefault(server.id(), against(places.of(server.id()))),
              Optional.ofNullable(guests.get(server.id())),
              places.of(server.id()),
              places.there(server.id()),
              Forecast.unknown("it would not move"),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty()));
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
    Map<ServerId, ColdOutlook> coldly = cold.of(told, targets, request);
    return told.stream()
        .map(each -> each.with(Optional.ofNullable(coldly.get(each.server().id()))))
        .toList();
  }

  /** Nothing when there is a place. */
  static List<Failure> against(Optional<Decision> decision) {
    return decision
        .map(its ->
            its.host().isPresent()
                ? List.<Failure>of()
                : its.failure().map(List::of).orElse(NO_DECISION))
        .orElse(NO_DECISION);
  }

  /** As its migration would have it described, with the ways its disks would go. */
  private SourceFacts describe(ServerRecord server, ApiRequest request)
      throws InterruptedException {
    Optional<String> against = Movable.against(server, false);
    if (against.isPresent()) {
      throw new ComputeException(ErrorCode.INSTANCE_INVALID_STATE, against.get(), null);
    }
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
              Placing.share(guest),
              Optional.of(source),
              Optional.of(destination),
              Optional.of(Placing.needs(guest, there.get().hypervisorVersion())),
              Map.of());
      Placed moved =
          new Placed(before.server().id(), Placing.share(guest), Optional.of(source), destination);
      back =
          placing
              .plan(
                  new PlanHosts(
                      request.id(), List.of(home), List.of(), List.of(), List.of(moved), 1))
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
        back,
        Optional.empty());
  }
}
