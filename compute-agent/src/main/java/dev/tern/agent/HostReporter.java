package dev.tern.agent;

import dev.tern.contract.Pause;
import dev.tern.contract.amqp.ReportPublisher;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/** Tells the conductors about this host, at start and at every beat. */
final class HostReporter implements SmartLifecycle {
  private static final Logger log = LoggerFactory.getLogger(HostReporter.class);

  private final Agent agent;
  private final ReportPublisher publisher;
  private final Duration beat;
  private final Pause pause;
  private volatile Thread thread = new Thread();

  HostReporter(Agent agent, ReportPublisher publisher, Duration beat, Pause pause) {
    this.agent = agent;
    this.publisher = publisher;
    this.beat = beat;
    this.pause = pause;
  }

  @Override
  public void start() {
    thread = Thread.ofVirtual().name("reports").start(this::beat);
  }

  private void beat() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        report();
        pause.of(beat);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void report() {
    try {
      publisher.publish(agent.report());
    } catch (IOException | VirtException | RuntimeException e) {
      // Without reports this host soon counts as down, which is what it is.
      log.atError().addKeyValue("host", agent.host()).setCause(e).log("no report of this host");
    }
  }

  @Override
  public void stop() {
    thread.interrupt();
  }

  @Override
  public boolean isRunning() {
    return thread.isAlive();
  }
}
