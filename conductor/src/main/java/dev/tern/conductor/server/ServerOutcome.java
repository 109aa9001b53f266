package dev.tern.conductor.server;

import dev.tern.conductor.saga.Saga.Ending;
import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.store.ServerStore;
import org.slf4j.event.Level;

/** What the database says of a server, as an operation goes on and when it ends. */
public final class ServerOutcome {
  private final Work work;
  private final ServerStore servers;

  public ServerOutcome(Work work, ServerStore servers) {
    this.work = work;
    this.servers = servers;
  }

  ServerFacts placed(ServerFacts facts) {
    ClaimId claim =
        facts.claim().orElseThrow(() -> new IllegalStateException("nothing is claimed yet"));
    servers.placed(work.hold().lease(), work.server().id(), facts.place(), claim);
    return facts;
  }

  void running(ServerFacts facts) {
    servers.running(work.hold().lease(), work.server().id());
    work.log().at(Level.INFO).addKeyValue("host", facts.place()).log("server runs");
  }

  void stopped(ServerFacts facts) {
    servers.stopped(work.hold().lease(), work.server().id());
    work.log().at(Level.INFO).addKeyValue("host", facts.place()).log("server stopped");
  }

  void deleted(ServerFacts facts) {
    servers.deleted(work.hold().lease(), work.server().id());
    work.log().at(Level.INFO).log("server deleted");
  }

  /**
   * The server is what its host found; when that refused, what it was before.
   *
   * @param before {@code ACTIVE} when it was to be paused or suspended, {@code PAUSED} or {@code
   *     SUSPENDED} when it was to run
   */
  Ending<ServerFacts> changed(VmState before) {
    return facts -> {
      if (facts.failure().isPresent()) {
        failed(before, powerOf(before), false).end(facts);
        return;
      }
      switch (facts.found().orElse(Runner.UNKNOWN)) {
        // A guest that was let run, and stands again for want of room on its disk, goes on by
        // itself.
        case RUNNING -> running(facts);
        case PAUSED -> {
          if (before != VmState.ACTIVE) {
            running(facts);
          } else {
            servers.paused(work.hold().lease(), work.server().id());
            work.log().at(Level.INFO).addKeyValue("host", facts.place()).log("server paused");
          }
        }
        case SUSPENDED -> {
          servers.suspended(work.hold().lease(), work.server().id());
          work.log().at(Level.INFO).addKeyValue("host", facts.place()).log("server suspended");
        }
        case BROKEN -> notReached(facts, VmState.ERROR, PowerState.CRASHED, "can not go on");
        case STOPPED, ABSENT, INCOMING, HANDED_OVER, DEAD, UNKNOWN ->
            notReached(facts, VmState.STOPPED, PowerState.SHUTDOWN, "had ended");
      }
    };
  }

  private static PowerState powerOf(VmState before) {
    return switch (before) {
      case ACTIVE -> PowerState.RUNNING;
      case PAUSED -> PowerState.PAUSED;
      case SUSPENDED, STOPPED -> PowerState.SHUTDOWN;
      case BUILDING, RESIZED, ERROR, DELETED -> PowerState.NOSTATE;
    };
  }

  private void notReached(ServerFacts facts, VmState state, PowerState power, String why)
      throws InterruptedException {
    Failure failure =
        new Failure(
            ErrorCode.INSTANCE_INVALID_STATE,
            "The guest of server %s %s.".formatted(work.server().id(), why));
    failed(state, power, false).end(facts.failedWith(failure));
  }

  /** The server is left like this. */
  Ending<ServerFacts> failed(VmState state, PowerState power, boolean releaseClaims) {
    return facts -> {
      Failure failure =
          facts
              .failure()
              .orElseGet(() -> new Failure(ErrorCode.UNEXPECTED, "The operation failed."));
      servers.failed(work.hold().lease(), work.server().id(), state, power, failure, releaseClaims);
      work.log()
          .at(Level.WARN)
          .addKeyValue("code", failure.code())
          .addKeyValue("reason", failure.message())
          .log("server operation failed");
    };
  }
}
