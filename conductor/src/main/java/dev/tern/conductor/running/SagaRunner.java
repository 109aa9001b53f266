package dev.tern.conductor.running;

import dev.tern.conductor.saga.Bell;
import dev.tern.conductor.saga.Parked;
import dev.tern.store.SagaStore;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LeaseLostException;
import dev.tern.store.SagaStore.SagaRecord;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs sagas, each on a virtual thread of its own, as long as this conductor holds its lease. What
 * it has no place for, or could not lease, is found again by {@link #sweep}, here or elsewhere.
 */
public final class SagaRunner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SagaRunner.class);
  private static final long CLOSE_SECONDS = 20;

  /** Tells a saga's story from where it stands to its end, and looks when the bell rings. */
  @FunctionalInterface
  public interface Teller {
    void run(SagaRecord saga, Bell bell) throws InterruptedException;
  }

  private final SagaStore sagas;
  private final Teller teller;
  private final String name;
  private final Duration lease;
  private final Semaphore places;
  private final Map<UUID, Bell> here = new ConcurrentHashMap<>();
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("saga-", 0).factory());

  /**
   * A runner of no saga yet.
   *
   * @param name the holder of the leases, for people
   * @param atOnce sagas at most
   */
  public SagaRunner(SagaStore sagas, Teller teller, String name, Duration lease, int atOnce) {
    this.sagas = sagas;
    this.teller = teller;
    this.name = name;
    this.lease = lease;
    this.places = new Semaphore(atOnce);
  }

  /**
   * Runs a saga unless it runs elsewhere, or there is no place. One that runs here is told to look
   * what is asked of it; one that runs elsewhere looks by itself within a second. Returns at once.
   */
  public void wake(UUID saga) {
    Bell running = here.get(saga);
    if (running != null) {
      running.ring();
      return;
    }
    if (threads.isShutdown() || !places.tryAcquire()) {
      return;
    }
    Bell bell = new Bell();
    Bell other = here.putIfAbsent(saga, bell);
    if (other != null) {
      places.release();
      other.ring();
      return;
    }
    threads.execute(() -> runAndLookOn(saga, bell));
  }

  /** Wakes what waits and nobody runs. */
  public void sweep() {
    int free = places.availablePermits();
    if (free > 0) {
      sagas.waiting(free).forEach(this::wake);
    }
  }

  /** How many run here. */
  public int running() {
    return here.size();
  }

  private void runAndLookOn(UUID saga, Bell bell) {
    boolean ended;
    try {
      ended = run(saga, bell);
    } finally {
      here.remove(saga);
      places.release();
    }
    if (ended) {
      lookForOthers();
    }
  }

  // A saga of the same server may have waited for this one.
  private void lookForOthers() {
    try {
      sweep();
    } catch (RuntimeException e) {
      log.atWarn().setCause(e).log("the next look around finds what waits");
    }
  }

  private boolean run(UUID id, Bell bell) {
    Optional<SagaRecord> leased;
    try {
      leased = sagas.lease(id, name, lease);
    } catch (RuntimeException e) {
      // Taken or not: the next look around finds it when nobody runs it.
      log.atWarn().addKeyValue("saga", id).setCause(e).log("a saga could not be leased");
      return false;
    }
    if (leased.isEmpty()) {
      return false;
    }
    SagaRecord saga = leased.get();
    try {
      teller.run(saga, bell);
      return true;
    } catch (Parked e) {
      // Woken between its decision to wait and this, it is found by the look that follows.
      giveBack(saga, sagas::giveBack);
      return true;
    } catch (LeaseLostException e) {
      log.atWarn().addKeyValue("saga", id).log("another conductor has taken the saga over");
    } catch (InterruptedException e) {
      // Only who closes this interrupts.
      giveBack(saga, sagas::handOver);
    } catch (RuntimeException e) {
      log.atError()
          .addKeyValue("saga", id)
          .addKeyValue("server", saga.server())
          .setCause(e)
          .log("saga broke off and will be taken up again");
      giveBack(saga, sagas::giveBack);
    }
    return false;
  }

  // Without it the saga would only wait for the end of the lease.
  private void giveBack(SagaRecord saga, Consumer<Lease> way) {
    // The writing below would break off at once in an interrupted thread; it ends after it anyway.
    boolean interrupted = Thread.interrupted();
    try {
      way.accept(saga.lease());
    } catch (RuntimeException e) {
      log.atInfo()
          .addKeyValue("saga", saga.id())
          .setCause(e)
          .log("the lease could not be given back");
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Stops all sagas where they are and hands them over: another conductor is woken for each and
   * goes on at once.
   */
  @Override
  public void close() {
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        log.warn("some sagas did not stop in time; their leases will run out");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
