package dev.tern.agent;

import dev.tern.contract.ServerId;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.contract.host.HostAnswer.WritesWatched;
import dev.tern.virt.Guest;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How much guests of this host write, and wrote when they were watched last. */
final class WatchedWrites {
  private static final Logger log = LoggerFactory.getLogger(WatchedWrites.class);

  /** Nobody asks for what is older. */
  private static final Duration KEPT = Duration.ofMinutes(15);

  private final Instances instances;
  private final LongSupplier nanos;
  private final Map<ServerId, Last> seen = new ConcurrentHashMap<>();

  WatchedWrites(Instances instances) {
    this(instances, System::nanoTime);
  }

  WatchedWrites(Instances instances, LongSupplier nanos) {
    this.instances = instances;
    this.nanos = nanos;
  }

  /** What one guest was seen to write. Its lock: QEMU samples for one at a time. */
  private static final class Last {
    private final ReentrantLock watching = new ReentrantLock();
    private Optional<GuestWrites> writes = Optional.empty();
    private volatile long at;

    private Last(long at) {
      this.at = at;
    }
  }

  /**
   * All are watched at once, but for those that were no longer ago than {@code notOlderThan}; a
   * guest that is not here, or whose QEMU says nothing, is left out.
   */
  WritesWatched of(List<ServerId> servers, Duration over, Optional<Duration> notOlderThan)
      throws InterruptedException {
    seen.values()
        .removeIf(
            last -> nanos.getAsLong() - last.at > KEPT.toNanos() && !last.watching.isLocked());
    Map<ServerId, GuestWrites> writes = new ConcurrentHashMap<>();
    List<Thread> watching = new ArrayList<>();
    for (ServerId server : servers) {
      watching.add(
          Thread.startVirtualThread(
              () -> known(server, over, notOlderThan).ifPresent(told -> writes.put(server, told))));
    }
    for (Thread one : watching) {
      one.join();
    }
    return new WritesWatched(writes);
  }

  private Optional<GuestWrites> known(
      ServerId server, Duration over, Optional<Duration> notOlderThan) {
    Last last = seen.computeIfAbsent(server, _ -> new Last(nanos.getAsLong()));
    last.watching.lock();
    try {
      boolean fresh =
          last.writes.isPresent()
              && notOlderThan
                  .filter(age -> nanos.getAsLong() - last.at <= age.toNanos())
                  .isPresent();
      if (!fresh) {
        last.writes = watch(server, over);
        last.at = nanos.getAsLong();
      }
      return last.writes;
    } finally {
      last.watching.unlock();
    }
  }

  private Optional<GuestWrites> watch(ServerId server, Duration over) {
    try {
      Optional<Guest> guest = instances.of(server).guestIfKnown();
      return guest.isPresent() ? Optional.of(told(guest.get().writes(over))) : Optional.empty();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } catch (IOException | VirtException | RuntimeException e) {
      log.atInfo().addKeyValue("server", server).setCause(e).log("a guest could not be watched");
      return Optional.empty();
    }
  }

  private static GuestWrites told(Guest.WriteRates rates) {
    OptionalLong memory = rates.memoryBytesPerSecond();
    return new GuestWrites(
        memory.isPresent() ? Optional.of(memory.getAsLong()) : Optional.empty(),
        rates.reason(),
        rates.diskBytesPerSecond());
  }
}
