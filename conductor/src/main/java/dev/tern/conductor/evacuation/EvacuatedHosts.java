package dev.tern.conductor.evacuation;

import dev.tern.conductor.asking.Agents;
import dev.tern.conductor.asking.Asking;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.DisksKept;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.EvacuationStore;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.EvacuationStore.Leftover;
import dev.tern.store.FenceStore.Outcome;
import dev.tern.store.HostStore;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Tells hosts that come back after all what was evacuated from them: a QEMU that outlived the fence
 * is ended, and the old disks are put aside, as they may be the last copy of what the guest wrote;
 * or removed, when whoever asked for the evacuation said that they are not worth keeping. And tells
 * destinations that fell silent half-way to remove what they have.
 */
public final class EvacuatedHosts {
  private static final Logger log = LoggerFactory.getLogger(EvacuatedHosts.class);
  private static final int AT_ONCE = 50;

  private final EvacuationStore evacuations;
  private final HostStore hosts;
  private final ServerStore servers;
  private final Agents agents;
  private final Duration downAfter;
  private final TakingBack takingBack;

  public EvacuatedHosts(
      EvacuationStore evacuations,
      HostStore hosts,
      ServerStore servers,
      Agents agents,
      Duration downAfter) {
    this.evacuations = evacuations;
    this.hosts = hosts;
    this.servers = servers;
    this.agents = agents;
    this.downAfter = downAfter;
    this.takingBack = new TakingBack(evacuations, agents);
  }

  /** One look at each that is owed something; who does not answer is owed it still. */
  public void look() {
    Set<HostName> silent = new HashSet<>();
    try {
      for (EvacuationRecord evacuation : evacuations.owing(AT_ONCE)) {
        if (!silent.contains(evacuation.source()) && isThere(evacuation.source())) {
          look(evacuation, silent);
        }
      }
      for (Leftover leftover : evacuations.leftovers(AT_ONCE)) {
        if (!silent.contains(leftover.host()) && isThere(leftover.host())) {
          look(leftover, silent);
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Forced down or not: it stays that until it has been told. */
  private boolean isThere(HostName host) {
    return hosts
        .find(host, downAfter)
        .filter(found -> found.forcedDown() || found.up())
        .isPresent();
  }

  private void look(EvacuationRecord evacuation, Set<HostName> silent) throws InterruptedException {
    Optional<ServerRecord> server = servers.findEvenDeleted(evacuation.server());
    if (server.flatMap(ServerRecord::task).isPresent() || resized(server)) {
      return; // Something may be on its way to that host; what begins later is younger.
    }
    if (server.flatMap(ServerRecord::host).equals(Optional.of(evacuation.source()))
        && server.filter(it -> it.terminatedAt().isEmpty()).isPresent()) {
      settle(evacuation, Outcome.OVERTAKEN, "the server has been moved to it since");
      return;
    }
    Header header =
        new Header(
            evacuation.request(),
            evacuation.server(),
            Math.max(evacuation.epoch(), server.map(ServerRecord::epoch).orElse(0L)),
            Optional.empty());
    noteOutlived(evacuation, header);
    switch (agents.ask(
        evacuation.source(),
        new AgentRequest.LeaveServer(header, !evacuation.removeOldDisks()),
        Asking.ONCE)) {
      case Asked.Answered(AgentAnswer.Done(DisksKept kept)) -> told(evacuation, kept);
      case Asked.Answered(AgentAnswer.Refused(Failure why)) -> refused(evacuation, why);
      case Asked.Answered(AgentAnswer _) -> {}
      case Asked.NoAnswer<AgentAnswer> _ -> silent.add(evacuation.source());
    }
  }

  private void noteOutlived(EvacuationRecord evacuation, Header header)
      throws InterruptedException {
    if (agents.ask(evacuation.source(), new AgentRequest.AskGuest(header), Asking.ONCE)
            instanceof Asked.Answered(AgentAnswer.Done(GuestReport report))
        && (report.runner() == Runner.RUNNING || report.runner() == Runner.PAUSED)) {
      log.atError()
          .addKeyValue("server", evacuation.server())
          .addKeyValue("host", evacuation.source())
          .log("a host that was stated to be dead has the guest; it is ended there");
    }
  }

  private void told(EvacuationRecord evacuation, DisksKept kept) {
    if (kept.directory().isPresent()) {
      settle(evacuation, Outcome.LEFT, "its disks are kept in " + kept.directory().get());
    } else {
      settle(evacuation, Outcome.REMOVED, "nothing of the server is there");
    }
  }

  private void refused(EvacuationRecord evacuation, Failure why) {
    if (why.code() == ErrorCode.STALE_EPOCH) {
      return; // Something younger has begun meanwhile; the next look sees how it ended.
    }
    if (why.code().kind() == ErrorCode.Kind.CONFLICT) {
      settle(evacuation, Outcome.LEFT, why.message());
      return;
    }
    log.atWarn()
        .addKeyValue("server", evacuation.server())
        .addKeyValue("host", evacuation.source())
        .addKeyValue("reason", why.message())
        .log("a host that was evacuated cannot put away what it has; it is told again");
  }

  private void settle(EvacuationRecord evacuation, Outcome outcome, String said) {
    evacuations.settle(evacuation.id(), outcome, said);
    log.atLevel(outcome == Outcome.LEFT ? Level.WARN : Level.INFO)
        .addKeyValue("server", evacuation.server())
        .addKeyValue("host", evacuation.source())
        .addKeyValue("outcome", outcome)
        .addKeyValue("reason", said)
        .log("a host that was evacuated is back");
  }

  /** Two hosts have it, and the one that it left may be this. */
  private static boolean resized(Optional<ServerRecord> server) {
    return server.filter(it -> it.vmState() == VmState.RESIZED).isPresent();
  }

  private void look(Leftover leftover, Set<HostName> silent) throws InterruptedException {
    Optional<ServerRecord> server = servers.findEvenDeleted(leftover.server());
    if (server.flatMap(ServerRecord::task).isPresent() || resized(server)) {
      return;
    }
    if (leftover.takeBack().isPresent()) {
      takingBack.look(leftover, leftover.takeBack().get(), server, silent);
      return;
    }
    if (server.flatMap(ServerRecord::host).equals(Optional.of(leftover.host()))) {
      evacuations.removed(leftover); // It lives there by now, and whatever brought it made room.
      return;
    }
    long epoch = Math.max(leftover.epoch(), server.map(ServerRecord::epoch).orElse(0L));
    Header own =
        new Header(leftover.request(), leftover.server(), leftover.epoch(), Optional.empty());
    Header header = new Header(leftover.request(), leftover.server(), epoch, Optional.empty());
    // What was on its way there is of its own epoch; one that is over says so, and the rest
    // follows.
    Asked<AgentAnswer> _ =
        agents.ask(leftover.host(), new AgentRequest.ClearArrival(own), Asking.ONCE);
    switch (agents.ask(leftover.host(), new AgentRequest.LeaveServer(header, false), Asking.ONCE)) {
      case Asked.Answered(AgentAnswer.Done _) -> {
        evacuations.removed(leftover);
        log.atInfo()
            .addKeyValue("server", leftover.server())
            .addKeyValue("host", leftover.host())
            .log("what an evacuation had left on a host is gone");
      }
      case Asked.Answered(AgentAnswer _) -> {} // It is told again.
      case Asked.NoAnswer<AgentAnswer> _ -> silent.add(leftover.host());
    }
  }
}
