package dev.tern.conductor.reports;

import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.store.HostStore;
import dev.tern.store.MigrationStore;
import dev.tern.store.ServerStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes reports in. Each may be lost or come twice; the next says it again. */
public final class Reports {
  private static final Logger log = LoggerFactory.getLogger(Reports.class);

  private final HostStore hosts;
  private final ServerStore servers;
  private final MigrationStore migrations;

  public Reports(HostStore hosts, ServerStore servers, MigrationStore migrations) {
    this.hosts = hosts;
    this.servers = servers;
    this.migrations = migrations;
  }

  /** A host says how it is; a guest of its that ended by itself is a server that stopped. */
  public void host(HostReport report) {
    hosts.report(report);
    report
        .guests()
        .forEach((server, runner) -> {
          if (ended(runner) && servers.guestEnded(server, report.host())) {
            log.atInfo()
                .addKeyValue("server", server)
                .addKeyValue("host", report.host())
                .log("the guest ended by itself");
          }
        });
  }

  private static boolean ended(Runner runner) {
    return switch (runner) {
      case STOPPED, BROKEN -> true;
      case RUNNING, PAUSED, INCOMING, HANDED_OVER, DEAD, ABSENT -> false;
    };
  }

  /** A migration says how far it is. */
  public void progress(MigrationProgress progress) {
    migrations.progress(progress);
  }
}
