package dev.tern.agent;

import dev.tern.contract.MigrationId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.virt.Guest.MoveProgress;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells how migrations get on, at most twice a second each, however often the driver does. The
 * driver never waits for whoever listens: it may be in the middle of a guest's pause, and the
 * broker may be away. What could not be told in time is replaced by what is newer. The log is told
 * every 30 s.
 */
final class ProgressTeller {
  private static final Logger log = LoggerFactory.getLogger(ProgressTeller.class);
  private static final Duration LOG_INTERVAL = Duration.ofSeconds(30);
  private static final Duration INTERVAL = Duration.ofMillis(500);
  private static final Duration TOLERANCE = Duration.ofMillis(50);

  /** Migrations remembered between their steps; one that is forgotten is measured anew. */
  private static final int REMEMBERED = 1_000;

  private final Consumer<MigrationProgress> out;
  private final Clock clock;
  private final LongSupplier nanos;

  /** Guarded by itself. */
  private final Map<MigrationId, Telling> tellings =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<MigrationId, Telling> eldest) {
          return size() > REMEMBERED;
        }
      };

  ProgressTeller(Consumer<MigrationProgress> out, Clock clock, LongSupplier nanos) {
    this.out = out;
    this.clock = clock;
    this.nanos = nanos;
  }

  /**
   * For one step of one migration; what goes on outside a migration is told to nobody.
   *
   * @param guestMemory bytes of it
   * @param downtimeLimit for the last pass of memory
   */
  Consumer<MoveProgress> of(Header header, long guestMemory, Duration downtimeLimit) {
    return header
        .migration()
        .map(id -> telling(id, guestMemory, downtimeLimit))
        .<Consumer<MoveProgress>>map(telling -> moved -> telling.measured(header, moved))
        .orElse(moved -> {});
  }

  /** The newest measurement of a migration, told or not, while this agent lives. */
  Optional<MigrationProgress> last(Header header) {
    synchronized (tellings) {
      return header.migration().map(tellings::get).flatMap(Telling::last);
    }
  }

  private Telling telling(MigrationId id, long guestMemory, Duration downtimeLimit) {
    synchronized (tellings) {
      return tellings.computeIfAbsent(
          id, _ -> new Telling(new MoveWatch(id, guestMemory, downtimeLimit), now()));
    }
  }

  private Duration now() {
    return Duration.ofNanos(nanos.getAsLong());
  }

  /** One migration's. Measurements come from one thread at a time, and go out on another. */
  private final class Telling {
    private final AtomicReference<@Nullable MigrationProgress> newest = new AtomicReference<>();
    private final AtomicBoolean going = new AtomicBoolean();
    private final MoveWatch watch; // guarded by this object's lock, as are the next three
    private @Nullable MigrationProgress measured;
    private @Nullable Duration toldAt;
    private Duration loggedAt;

    Telling(MoveWatch watch, Duration now) {
      this.watch = watch;
      this.loggedAt = now;
    }

    synchronized void measured(Header header, MoveProgress moved) {
      Duration now = now();
      if (now.minus(loggedAt).compareTo(LOG_INTERVAL) >= 0) {
        loggedAt = now;
        log(header, moved);
      }
      MigrationProgress progress = watch.after(moved, now, clock.instant());
      measured = progress;
      boolean complete = moved.memoryTotal() > 0 && moved.memoryRemaining() == 0;
      Duration last = toldAt;
      if (last == null || complete || now.minus(last).compareTo(INTERVAL.minus(TOLERANCE)) >= 0) {
        toldAt = now;
        newest.set(progress);
        go();
      }
    }

    synchronized Optional<MigrationProgress> last() {
      return Optional.ofNullable(measured);
    }

    private void go() {
      if (going.compareAndSet(false, true)) {
        Thread.ofVirtual().name("progress").start(this::tell);
      }
    }

    private void tell() {
      try {
        for (MigrationProgress next = newest.getAndSet(null);
            next != null;
            next = newest.getAndSet(null)) {
          out.accept(next);
        }
      } catch (RuntimeException e) {
        log.atWarn().setCause(e).log("progress could not be told; the next tells more");
      } finally {
        going.set(false);
      }
      if (newest.get() != null) {
        go();
      }
    }
  }

  private static void log(Header header, MoveProgress moved) {
    log.atInfo()
        .addKeyValue("server", header.server())
        .addKeyValue("migration", header.migration().map(Object::toString).orElse("-"))
        .addKeyValue("request", header.request())
        .addKeyValue("diskBytes", moved.diskProcessed())
        .addKeyValue("diskRemaining", moved.diskRemaining())
        .addKeyValue("memoryBytes", moved.memoryProcessed())
        .addKeyValue("memoryRemaining", moved.memoryRemaining())
        .log("migration goes on");
  }
}
