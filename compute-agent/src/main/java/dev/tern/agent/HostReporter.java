package dev.tern.agent;

import dev.tern.contract.amqp.ReportPublisher;
import dev.tern.virt.VirtException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the conductors about this host. */
final class HostReporter {
  private static final Logger log = LoggerFactory.getLogger(HostReporter.class);

  private final Agent agent;
  private final ReportPublisher publisher;

  HostReporter(Agent agent, ReportPublisher publisher) {
    this.agent = agent;
    this.publisher = publisher;
  }

  /** One report; what fails is told in the log. */
  void report() {
    try {
      publisher.publish(agent.report());
    } catch (IOException | VirtException | RuntimeException e) {
      // Without reports this host soon counts as down, which is what it is.
      log.atError().addKeyValue("host", agent.host()).setCause(e).log("no report of this host");
    }
  }
}
