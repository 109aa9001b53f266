package dev.tern.conductor.migration;

import dev.tern.conductor.ConductorSettings;
import dev.tern.conductor.asking.Agents;
import dev.tern.conductor.asking.Asking;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.FenceStore;
import dev.tern.store.FenceStore.FenceRecord;
import dev.tern.store.FenceStore.Outcome;
import dev.tern.store.FenceStore.Runs;
import dev.tern.store.HostStore;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells hosts that come back after all how migrations ended without them: by the migration's epoch,
 * that the copy there is dead, or that the guest lives elsewhere. They clear it away as they would
 * have then. A source that was lost with its guest has the server again. What had arrived there and
 * ran is stopped, and its disks are left: nobody but a person can say which of the two copies has
 * what matters.
 */
public final class FencedHosts {
  private static final Logger log = LoggerFactory.getLogger(FencedHosts.class);
  private static final int AT_ONCE = 50;
  private static final String OUTLIVED = "its QEMU had outlived the fence, and has the guest again";

  private final FenceStore fences;
  private final HostStore hosts;
  private final ServerStore servers;
  private final Agents agents;
  private final ConductorSettings settings;

  public FencedHosts(
      FenceStore fences,
      HostStore hosts,
      ServerStore servers,
      Agents agents,
      ConductorSettings settings) {
    this.fences = fences;
    this.hosts = hosts;
    this.servers = servers;
    this.agents = agents;
    this.settings = settings;
  }

  /** One look at each that is owed something; who does not answer is owed it still. */
  public void look() {
    try {
      for (FenceRecord fence : fences.owing(AT_ONCE)) {
        if (isUp(fence)) {
          look(fence);
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isUp(FenceRecord fence) {
    return hosts.find(fence.host(), settings.hostDownAfter()).filter(host -> host.up()).isPresent();
  }

  private void look(FenceRecord fence) throws InterruptedException {
    Optional<ServerRecord> server = servers.findEvenDeleted(fence.server());
    if (server.flatMap(ServerRecord::task).isPresent()) {
      // Another migration may be on its way to that host, with a key and room of its own there.
      return;
    }
    boolean here = server.flatMap(ServerRecord::host).equals(Optional.of(fence.host()));
    long epoch = Math.max(fence.epoch(), server.map(ServerRecord::epoch).orElse(0L));
    if (here && fence.runs() == Runs.NOWHERE) {
      returns(fence, server.get().vmState(), epoch);
      return;
    }
    if (here) {
      settle(fence, Outcome.OVERTAKEN, "the server has been moved to it since");
      return;
    }
    // The server's own epoch, not the migration's: a younger operation may have asked the host
    // something in passing, and the host refuses what is older. At this epoch the guest lives
    // elsewhere, or is deleted, and nothing is under way, so whatever the host has is left over;
    // and what begins from now on is younger still.
    tell(fence, epoch);
  }

  private static Header header(FenceRecord fence, long epoch) {
    return new Header(fence.request(), fence.server(), epoch, Optional.of(fence.migration()));
  }

  /**
   * A lost source that is back: nobody else has the guest or ever will, for the destination had
   * recorded that before the migration ended. So what it handed over is its own again, be it a
   * paused guest whose QEMU outlived the fence, or the disks alone.
   */
  private void returns(FenceRecord fence, VmState state, long epoch) throws InterruptedException {
    if (state == VmState.DELETED) {
      // It is deleted only once its host has said so: nothing of it is there.
      settle(fence, Outcome.REMOVED, "the server has been deleted");
      return;
    }
    Header header = header(fence, epoch);
    for (AgentRequest request :
        List.of(
            new AgentRequest.ReturnHome(header, Optional.of(fence.epoch())),
            new AgentRequest.StopLayers(header),
            new AgentRequest.WithdrawKey(header))) {
      switch (agents.ask(fence.host(), request, Asking.ONCE)) {
        case Asked.Answered(AgentAnswer.Done _) -> {}
        case Asked.Answered(AgentAnswer.Refused(Failure why)) -> {
          if (why.code() == ErrorCode.STALE_EPOCH) {
            return; // As below.
          }
          // That its process is gone is a refusal too: what it has, it is asked last.
        }
        case Asked.Answered(AgentAnswer.Working _) -> {
          return;
        }
        case Asked.NoAnswer<AgentAnswer> _ -> {
          return;
        }
      }
    }
    if (agents.ask(fence.host(), new AgentRequest.AskGuest(header), Asking.ONCE)
        instanceof Asked.Answered(AgentAnswer.Done(GuestReport report))) {
      isBack(fence, report);
    }
  }

  private void isBack(FenceRecord fence, GuestReport report) {
    switch (report.runner()) {
      case RUNNING -> returned(fence, VmState.ACTIVE, OUTLIVED);
      // Whose user had paused it: what was paused to be handed over has gone on.
      case PAUSED -> returned(fence, VmState.PAUSED, OUTLIVED);
      case SUSPENDED -> returned(fence, VmState.SUSPENDED, "it has the guest as a file");
      case STOPPED ->
          returned(
              fence, VmState.STOPPED, "its disks are there, and the server can be started again");
      case ABSENT, DEAD -> settle(fence, Outcome.REMOVED, "it came back without the server");
      case BROKEN -> settle(fence, Outcome.RETURNED, "the guest is broken: " + report.detail());
      // Not yet; the next look tells it again.
      case HANDED_OVER, INCOMING, UNKNOWN -> {}
    }
  }

  private void returned(FenceRecord fence, VmState state, String said) {
    fences.returned(fence.migration(), state, said);
    told(fence, Outcome.RETURNED, said);
  }

  private void tell(FenceRecord fence, long epoch) throws InterruptedException {
    Header header = header(fence, epoch);
    for (AgentRequest request : requests(fence, header)) {
      switch (agents.ask(fence.host(), request, Asking.ONCE)) {
        case Asked.Answered(AgentAnswer.Done _) -> {}
        case Asked.Answered(AgentAnswer.Refused(Failure why)) -> {
          refused(fence, header, why);
          return;
        }
        case Asked.Answered(AgentAnswer.Working _) -> {
          return;
        }
        case Asked.NoAnswer<AgentAnswer> _ -> {
          return;
        }
      }
    }
    settle(fence, Outcome.REMOVED, "what it had of the server is gone");
  }

  private List<AgentRequest> requests(FenceRecord fence, Header header) {
    if (fence.source()) {
      // Whether its QEMU had sent everything is settled: the migration went on without this host.
      return List.of(
          new AgentRequest.RetireSource(
              header, settings.migration().keepSourceDisks(), Optional.of(true)));
    }
    return List.of(
        new AgentRequest.KillIncoming(header),
        new AgentRequest.WithdrawKey(header),
        new AgentRequest.DropLayers(header),
        new AgentRequest.DeleteDisks(header),
        new AgentRequest.ReleaseSpace(header));
  }

  private void refused(FenceRecord fence, Header header, Failure why) throws InterruptedException {
    if (why.code() == ErrorCode.STALE_EPOCH) {
      return; // Something younger has begun meanwhile; the next look sees how it ended.
    }
    if (why.code().kind() != ErrorCode.Kind.CONFLICT) {
      log.atWarn()
          .addKeyValue("server", fence.server())
          .addKeyValue("migration", fence.migration())
          .addKeyValue("host", fence.host())
          .addKeyValue("reason", why.message())
          .log("a host that was fenced cannot clear away what it has; it is told again");
      return;
    }
    if (agents.ask(fence.host(), new AgentRequest.AskGuest(header), Asking.ONCE)
        instanceof Asked.Answered(AgentAnswer.Done(GuestReport report))) {
      arrived(fence, header, report, why);
    }
  }

  private void arrived(FenceRecord fence, Header header, GuestReport report, Failure why)
      throws InterruptedException {
    switch (report.runner()) {
      case RUNNING, PAUSED, BROKEN, UNKNOWN -> {
        log.atError()
            .addKeyValue("server", fence.server())
            .addKeyValue("migration", fence.migration())
            .addKeyValue("host", fence.host())
            .log("a host that was stated to be dead has the guest; it is stopped there");
        // The next look finds it stopped.
        var _ =
            agents.ask(
                fence.host(), new AgentRequest.StopServer(header, Duration.ZERO), Asking.ONCE);
      }
      case SUSPENDED, STOPPED, ABSENT, DEAD, INCOMING, HANDED_OVER ->
          settle(fence, Outcome.LEFT, why.message());
    }
  }

  private void settle(FenceRecord fence, Outcome outcome, String said) {
    fences.settle(fence.migration(), outcome, said);
    told(fence, outcome, said);
  }

  private static void told(FenceRecord fence, Outcome outcome, String said) {
    log.atLevel(outcome == Outcome.LEFT ? org.slf4j.event.Level.ERROR : org.slf4j.event.Level.INFO)
        .addKeyValue("server", fence.server())
        .addKeyValue("migration", fence.migration())
        .addKeyValue("host", fence.host())
        .addKeyValue("outcome", outcome)
        .addKeyValue("reason", said)
        .log("a host that was fenced is back");
  }
}
