package dev.tern.conductor.server;

import dev.tern.conductor.saga.Saga.Ending;
import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;
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
