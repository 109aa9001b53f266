package dev.tern.conductor.reports;

import dev.tern.conductor.asking.Agents;
import dev.tern.conductor.asking.Asking;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostReport;
import dev.tern.store.HostStore;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes reports in. Each may be lost or come twice; the next says it again. */
public final class Reports {
  private static final Logger log = LoggerFactory.getLogger(Reports.class);

  private final HostStore hosts;
  private final ServerStore servers;
  private final Agents agents;
  private final Supplier<UUID> ids;

  public Reports(HostStore hosts, ServerStore servers, Agents agents, Supplier<UUID> ids) {
    this.hosts = hosts;
    this.servers = servers;
    this.agents = agents;
    this.ids = ids;
  }

  /** A host says how it is; a guest of its that ended by itself is a server that stopped. */
  public void host(HostReport report) {
    hosts.report(report);
    report
        .guests()
        .forEach((server, runner) -> {
          if (ended(runner)
              && runsHere(server, report.host())
              && stillEnded(server, report.host())) {
            settle(server, report.host());
          }
        });
  }

  private void settle(ServerId server, HostName host) {
    if (servers.guestEnded(server, host)) {
      log.atInfo()
          .addKeyValue("server", server)
          .addKeyValue("host", host)
          .log("the guest ended by itself");
    }
  }

  private boolean runsHere(ServerId server, HostName host) {
    return servers
        .find(server)
        .filter(s ->
            s.vmState() == VmState.ACTIVE
                || s.vmState() == VmState.PAUSED
                || (s.vmState() == VmState.RESIZED && s.power() == PowerState.RUNNING))
        .filter(s -> s.task().isEmpty())
        .flatMap(ServerRecord::host)
        .equals(Optional.of(host));
  }

  /**
   * A report may be old when it is read: one made before a start and read after it would stop a
   * server that runs. So the agent is asked; when it does not answer, nothing is concluded, and its
   * next report says it again.
   */
  private boolean stillEnded(ServerId server, HostName host) {
    AgentRequest.Header header =
        new AgentRequest.Header(RequestId.of(ids.get()), server, 0, Optional.empty());
    try {
      return switch (agents.ask(host, new AgentRequest.AskGuest(header), Asking.ONCE)) {
        case Asked.Answered<AgentAnswer>(AgentAnswer.Done(AgentResult.GuestReport now)) ->
            ended(now.runner());
        case Asked.Answered<AgentAnswer> _, Asked.NoAnswer<AgentAnswer> _ -> false;
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static boolean ended(Runner runner) {
    return switch (runner) {
      case STOPPED -> true;
      // A broken one still has its process, and an unknown one may run.
      case RUNNING, PAUSED, SUSPENDED, INCOMING, HANDED_OVER, DEAD, ABSENT, BROKEN, UNKNOWN ->
          false;
    };
  }
}
