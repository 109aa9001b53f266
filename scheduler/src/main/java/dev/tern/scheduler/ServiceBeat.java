package dev.tern.scheduler;

import dev.tern.store.HostStore;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.scheduling.TaskScheduler;

/** Says every ten seconds that this scheduler lives, for the list of services. */
final class ServiceBeat implements SmartLifecycle {
  static final String BINARY = "nova-scheduler";

  private static final Duration EVERY = Duration.ofSeconds(10);
  private static final Logger log = LoggerFactory.getLogger(ServiceBeat.class);

  private final HostStore services;
  private final String name;
  private final TaskScheduler timer;

  private volatile @Nullable ScheduledFuture<?> beating;

  ServiceBeat(HostStore services, String name, TaskScheduler timer) {
    this.services = services;
    this.name = name;
    this.timer = timer;
  }

  /** A beat that fails is left out; the next comes as if nothing had been. */
  void beat() {
    try {
      services.beat(BINARY, name);
    } catch (RuntimeException e) {
      log.atWarn().addKeyValue("host", name).setCause(e).log("a beat could not be written");
    }
  }

  @Override
  public void start() {
    beat();
    beating =
        timer.scheduleWithFixedDelay(this::beat, timer.getClock().instant().plus(EVERY), EVERY);
  }

  @Override
  public void stop() {
    ScheduledFuture<?> running = beating;
    if (running != null) {
      running.cancel(false);
      beating = null;
    }
  }

  @Override
  public boolean isRunning() {
    return beating != null;
  }
}
