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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How much guests of this host write. */
final class WatchedWrites {
  private static final Logger log = LoggerFactory.getLogger(WatchedWrites.class);

  private final Instances instances;

  WatchedWrites(Instances instances) {
    this.instances = instances;
  }

  /** All are watched at once; a guest that is not here, or whose QEMU says nothing, is left out. */
  WritesWatched of(List<ServerId> servers, Duration over) throws InterruptedException {
    Map<ServerId, GuestWrites> writes = new ConcurrentHashMap<>();
    List<Thread> watching = new ArrayList<>();
    for (ServerId server : servers) {
      watching.add(
          Thread.startVirtualThread(
              () -> watch(server, over).ifPresent(told -> writes.put(server, told))));
    }
    for (Thread one : watching) {
      one.join();
    }
    return new WritesWatched(writes);
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
