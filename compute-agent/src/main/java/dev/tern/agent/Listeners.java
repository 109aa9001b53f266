package dev.tern.agent;

import dev.tern.agent.Standing.Place;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Has incoming guests listen: on ports of this host's range, under names nobody can guess. */
final class Listeners {
  private static final int PORT_TRIES = 4;

  private final Ports ports;
  private final String address;
  private final Duration patience;
  private final StreamKeys keys;
  private final Supplier<UUID> ids;
  private final Receipts receipts;

  /**
   * The listeners of a host.
   *
   * @param patience how long a guest waits for ports when all are taken
   * @param ids random and unguessable
   */
  Listeners(
      Ports ports,
      String address,
      Duration patience,
      StreamKeys keys,
      Supplier<UUID> ids,
      Receipts receipts) {
    this.ports = ports;
    this.address = address;
    this.patience = patience;
    this.keys = keys;
    this.ids = ids;
    this.receipts = receipts;
  }

  /**
   * Ports for one more guest, once there are some; nobody else is given them until they are closed.
   *
   * @param place where the server must go on standing
   * @param waits told what for while there are none
   */
  Ports.Pair awaitPorts(Instance instance, Place place, Consumer<String> waits)
      throws IOException, InterruptedException {
    return ports.take(patience, () -> stillAt(instance, place, waits));
  }

  private static void stillAt(Instance instance, Place place, Consumer<String> waits)
      throws IOException {
    Standing standing = instance.standing();
    if (standing.place() != place) {
      throw Refusals.wrongPlace(instance.server(), standing, "received");
    }
    waits.accept("waits for a free port: all for incoming guests are taken on this host");
  }

  /** Opens what the guest listens on: these ports, or others where these were taken meanwhile. */
  IncomingReady open(
      Header header, Instance instance, Guest guest, Arriving arriving, Ports.Pair pair)
      throws VirtException, IOException, InterruptedException {
    try {
      return opened(header, guest, arriving, pair.nbd(), pair.migration());
    } catch (VirtException e) {
      if (e.kind() != VirtException.Kind.REFUSED) {
        throw e;
      }
      return open(header, instance, guest, arriving);
    }
  }

  private IncomingReady open(Header header, Instance instance, Guest guest, Arriving arriving)
      throws VirtException, IOException, InterruptedException {
    for (int tried = 1; ; tried++) {
      try (Ports.Pair pair =
          ports.take(patience, () -> stillAt(instance, Place.INCOMING, what -> {}))) {
        return opened(header, guest, arriving, pair.nbd(), pair.migration());
      } catch (VirtException e) {
        // Between trying a port and QEMU's binding it another process may have taken it.
        if (tried == PORT_TRIES || e.kind() != VirtException.Kind.REFUSED) {
          throw e;
        }
      }
    }
  }

  /** Finds open what the guest listens on, or opens it: an agent may have died in between. */
  IncomingReady openAgain(Header header, Instance instance, Guest guest, Arriving arriving)
      throws VirtException, IOException, InterruptedException {
    try {
      // Without ports: what is open needs none, and all may be taken by now.
      return opened(header, guest, arriving, 0, 0);
    } catch (VirtException e) {
      if (e.kind() != VirtException.Kind.REFUSED) {
        throw e;
      }
      return open(header, instance, guest, arriving);
    }
  }

  private IncomingReady opened(
      Header header, Guest guest, Arriving arriving, int nbdPort, int migrationPort)
      throws VirtException, IOException {
    Map<String, String> exports = new HashMap<>();
    arriving.recipe().localDisks().forEach(disk -> exports.put(disk.id(), ids.get().toString()));
    if (nbdPort != 0) {
      receipts.intend(
          header,
          List.of(
              ReceiptLook.port(nbdPort, LedgerEntry.Place.IN_QEMU),
              ReceiptLook.port(migrationPort, LedgerEntry.Place.IN_QEMU)));
    }
    IncomingEndpoints open =
        guest.openIncoming(
            new IncomingRequest(
                address,
                nbdPort,
                migrationPort,
                exports,
                arriving.options(),
                keys.stream(header),
                arriving.suppressVmdesc(),
                arriving.awaitSource()));
    return new IncomingReady(
        open.address(),
        open.nbdPort(),
        open.migrationPort(),
        open.exportNames(),
        open.suppressVmdesc(),
        open.awaitsSource() ? Optional.of(true) : Optional.empty());
  }
}
