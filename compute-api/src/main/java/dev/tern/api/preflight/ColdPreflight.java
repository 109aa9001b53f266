package dev.tern.api.preflight;

import dev.tern.api.disks.AskHost;
import dev.tern.api.preflight.Placing.Places;
import dev.tern.api.preflight.Preflight.Outlook;
import dev.tern.api.request.ApiRequest;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest.DescribeServer;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.SchedulerRequest.Placed;
import dev.tern.store.ColdForecast;
import dev.tern.store.Link;
import dev.tern.store.MigrationStore;
import dev.tern.store.Movable;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What would come of moving servers while they do not run, of those that cannot move while they do:
 * asked as a cold migration asks, and foreseen as a drain's plan foresees it.
 */
final class ColdPreflight {
  private final AskHost sources;
  private final Placing placing;
  private final MigrationStore migrations;
  private final long assumedBytesPerSecond;

  ColdPreflight(
      AskHost sources, Placing placing, MigrationStore migrations, long assumedBytesPerSecond) {
    this.sources = sources;
    this.placing = placing;
    this.migrations = migrations;
    this.assumedBytesPerSecond = assumedBytesPerSecond;
  }

  /**
   * What would come of one server.
   *
   * @param why it does not move while it runs
   * @param blockers why it would not move cold either; it would when there are none
   * @param decision where it would go; empty when it cannot leave
   * @param load bytes to move, as far as they are known
   * @param forecast empty when it would not move
   */
  record ColdOutlook(
      String why,
      List<Failure> blockers,
      Optional<Decision> decision,
      ColdForecast.Load load,
      Optional<ColdForecast> forecast) {
    private static ColdOutlook none(String why, Failure blocker) {
      return new ColdOutlook(
          why, List.of(blocker), Optional.empty(), new ColdForecast.Load(0, 0), Optional.empty());
    }
  }

  /**
   * Of those that stay or would not converge; the others keep the places that they were told.
   *
   * @throws ComputeException when no scheduler answers
   */
  Map<ServerId, ColdOutlook> of(List<Outlook> outlooks, List<HostName> targets, ApiRequest request)
      throws InterruptedException {
    Map<ServerId, ColdOutlook> told = new HashMap<>();
    Map<ServerId, SourceFacts> guests = new LinkedHashMap<>();
    List<Outlook> stay = outlooks.stream().filter(each -> why(each).isPresent()).toList();
    for (Outlook each : stay) {
      ServerRecord server = each.server();
      try {
        guests.put(server.id(), describe(each, request));
      } catch (ComputeException e) {
        told.put(
            server.id(),
            ColdOutlook.none(why(each).orElse(""), new Failure(e.code(), e.explanation())));
      }
    }
    List<ServerRecord> leaving =
        stay.stream()
            .map(Outlook::server)
            .filter(server -> guests.containsKey(server.id()))
            .toList();
    if (leaving.isEmpty()) {
      return told;
    }
    List<Placed> earlier =
        outlooks.stream().filter(each -> !stay.contains(each)).map(ColdPreflight::placed).toList();
    Places places = placing.of(leaving, guests, ColdPreflight::share, targets, earlier, request);
    for (Outlook each : stay) {
      Optional.ofNullable(guests.get(each.server().id()))
          .ifPresent(guest -> told.put(each.server().id(), foreseen(each, guest, places)));
    }
    return told;
  }

  /** Empty of one that moves while it runs. */
  private static Optional<String> why(Outlook live) {
    if (live.blockers().isEmpty()) {
      return live.converges().filter(does -> !does).map(_ -> live.forecast().reason());
    }
    return Movable.against(live.server(), false)
        .or(() ->
            Optional.of(
                live.blockers().stream().map(Failure::message).collect(Collectors.joining(" "))));
  }

  private SourceFacts describe(Outlook live, ApiRequest request) throws InterruptedException {
    ServerRecord server = live.server();
    Optional<String> against = Movable.against(server, true);
    if (against.isPresent()) {
      throw new ComputeException(ErrorCode.INSTANCE_INVALID_STATE, against.get(), null);
    }
    // Who was just silent is not asked a second time.
    Optional<Failure> silent =
        live.blockers().stream().filter(why -> why.code() == ErrorCode.AGENT_NO_ANSWER).findFirst();
    if (silent.isPresent()) {
      throw new ComputeException(silent.get().code(), silent.get().message(), null);
    }
    return sources
        .ask(server, new DescribeServer(AskHost.header(server, request)), SourceFacts.class)
        .orElseThrow(() ->
            new ComputeException(
                ErrorCode.AGENT_NO_ANSWER,
                "The host of instance %s is still busy; try again later.".formatted(server.id()),
                null));
  }

  /** As a cold migration claims it: the disks are copied as they are then. */
  private static Resources share(SourceFacts guest) {
    return new Resources(guest.vcpus(), guest.memoryMib(), guest.virtualBytes());
  }

  private static Placed placed(Outlook live) {
    return new Placed(
        live.server().id(),
        Placing.share(live.guest().orElseThrow()),
        live.server().host(),
        live.decision().flatMap(Decision::host).orElseThrow());
  }

  private ColdOutlook foreseen(Outlook live, SourceFacts guest, Places places) {
    ServerRecord server = live.server();
    Optional<DestinationFacts> there = places.there(server.id());
    Optional<Decision> decision = places.of(server.id());
    String why = why(live).orElse("");
    ColdForecast.Load load =
        new ColdForecast.Load(
            guest.disks().stream()
                .filter(disk -> disk.kind() == DiskKind.LOCAL)
                .mapToLong(DiskFacts::allocatedBytes)
                .sum(),
            Outlook.absent(guest, there));
    Optional<HostName> destination = decision.flatMap(Decision::host);
    return new ColdOutlook(
        why,
        Preflight.against(decision),
        decision,
        load,
        destination.map(host ->
            ColdForecast.of(
                load,
                server.vmState() != VmState.STOPPED,
                why,
                Link.between(
                    migrations,
                    server.host().orElseThrow(),
                    Optional.of(host),
                    assumedBytesPerSecond))));
  }
}
