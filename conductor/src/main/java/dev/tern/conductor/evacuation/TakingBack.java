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
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.EvacuationStore;
import dev.tern.store.EvacuationStore.Leftover;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A host was lost while a server of its own had left it for a cold migration, which ended without
 * the host. Nobody else has the server, so when the host is back it is told to have it again. What
 * of the two it is, where it was resized without leaving, the host's own files say.
 */
final class TakingBack {
  private static final Logger log = LoggerFactory.getLogger(TakingBack.class);

  private final EvacuationStore evacuations;
  private final Agents agents;

  TakingBack(EvacuationStore evacuations, Agents agents) {
    this.evacuations = evacuations;
    this.agents = agents;
  }

  /**
   * @param letGo the epoch in which it had left
   * @param silent gets the host when it does not answer
   */
  void look(Leftover owed, long letGo, Optional<ServerRecord> server, Set<HostName> silent)
      throws InterruptedException {
    boolean livesThere =
        server
            .filter(found -> found.terminatedAt().isEmpty())
            .flatMap(ServerRecord::host)
            .equals(Optional.of(owed.host()));
    if (!livesThere) {
      // It was evacuated, which tells the host itself what to keep, or it is deleted.
      evacuations.removed(owed);
      return;
    }
    long epoch = Math.max(owed.epoch(), server.map(ServerRecord::epoch).orElse(0L));
    Header header = new Header(owed.request(), owed.server(), epoch, Optional.empty());
    switch (agents.ask(owed.host(), new AgentRequest.TakeBack(header, letGo), Asking.ONCE)) {
      case Asked.Answered(AgentAnswer.Done _) -> has(owed, header);
      case Asked.Answered(AgentAnswer.Refused(Failure why)) -> refused(owed, header, why);
      case Asked.Answered(AgentAnswer.Working _) -> {}
      case Asked.NoAnswer<AgentAnswer> _ -> silent.add(owed.host());
    }
  }

  private Optional<GuestReport> report(Leftover owed, Header header) throws InterruptedException {
    return agents.ask(owed.host(), new AgentRequest.AskGuest(header), Asking.ONCE)
            instanceof Asked.Answered(AgentAnswer.Done(GuestReport report))
        ? Optional.of(report)
        : Optional.empty();
  }

  /** A guest that had not been ended yet when the host fell silent runs on. */
  private void has(Leftover owed, Header header) throws InterruptedException {
    Optional<GuestReport> report = report(owed, header);
    if (report.isEmpty()) {
      return;
    }
    switch (report.get().runner()) {
      case RUNNING -> told(owed, Optional.of(VmState.ACTIVE));
      case PAUSED -> told(owed, Optional.of(VmState.PAUSED));
      case SUSPENDED -> told(owed, Optional.of(VmState.SUSPENDED));
      case STOPPED -> told(owed, Optional.of(VmState.STOPPED));
      case BROKEN, ABSENT, DEAD -> told(owed, Optional.empty());
      case HANDED_OVER, INCOMING, UNKNOWN -> {} // The next look tells it again.
    }
  }

  private void refused(Leftover owed, Header header, Failure why) throws InterruptedException {
    if (why.code() == ErrorCode.STALE_EPOCH) {
      return; // Something younger has begun meanwhile; the next look sees how it ended.
    }
    log.atWarn()
        .addKeyValue("server", owed.server())
        .addKeyValue("host", owed.host())
        .addKeyValue("reason", why.message())
        .log("a host that was lost cannot take a server back yet");
    Optional<GuestReport> report = report(owed, header);
    if (report.isEmpty()) {
      return;
    }
    switch (report.get().runner()) {
      case RUNNING, PAUSED, BROKEN -> {
        // It runs as what it was to become, and was given up. The next look finds it stopped.
        Asked<AgentAnswer> _ =
            agents.ask(
                owed.host(), new AgentRequest.StopServer(header, Duration.ZERO), Asking.ONCE);
      }
      case ABSENT, DEAD -> told(owed, Optional.empty());
      case SUSPENDED, STOPPED, HANDED_OVER, INCOMING, UNKNOWN -> {} // It is told again.
    }
  }

  private void told(Leftover owed, Optional<VmState> state) {
    evacuations.takenBack(owed, state);
    log.atInfo()
        .addKeyValue("server", owed.server())
        .addKeyValue("host", owed.host())
        .addKeyValue("state", state.map(Object::toString).orElse("nothing, or broken"))
        .log("a host that was lost is back, and has been told to take its server back");
  }
}
