package dev.tern.scheduler;

import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.scheduling.TaskScheduler;

/** Brings the hosts in memory up to date for as long as the scheduler runs. */
final class KeepingUp implements SmartLifecycle {
  private static final Logger log = LoggerFactory.getLogger(KeepingUp.class);

  private final HostMemory hosts;
  private final Duration every;
  private final TaskScheduler timer;

  private volatile @Nullable ScheduledFuture<?> running;

  KeepingUp(HostMemory hosts, Duration every, TaskScheduler timer) {
    this.hosts = hosts;
    this.every = every;
    this.timer = timer;
  }

  /** One that fails leaves the hosts as they were known; what is chosen is looked at again. */
  private void refresh() {
    try {
      var _ = hosts.refresh();
    } catch (RuntimeException e) {
      log.atWarn().setCause(e).log("the hosts in memory could not be brought up to date");
    }
  }

  @Override
  public void start() {
    running =
        timer.scheduleWithFixedDelay(this::refresh, timer.getClock().instant().plus(every), every);
  }

  @Override
  public void stop() {
    ScheduledFuture<?> now = running;
    if (now != null) {
      now.cancel(false);
      running = null;
    }
  }

  @Override
  public boolean isRunning() {
    return running != null;
  }
}
