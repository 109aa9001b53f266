package dev.tern.virt.qemu;

import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.BlockNode;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.QmpEvent;
import dev.tern.virt.qmp.QmpEvents;
import java.time.Duration;
import java.util.Optional;

/** Volumes that come and go while the guest runs. */
final class HotPlug {
  private static final Duration ASK_AGAIN = Duration.ofSeconds(5);
  private static final int MOST_PORTS = 7;

  private final Session session;

  HotPlug(Session session) {
    this.session = session;
  }

  void plug(NetworkDisk disk) throws VirtException {
    RecipeCheck.check(disk, MOST_PORTS);
    BlockGraph graph = BlockGraph.of(session);
    if (graph.device(disk.id()).isPresent()) {
      requireVolume(graph, disk.id());
      return;
    }
    Reachable.require(session, "The volume " + disk.url(), disk.host(), disk.port());
    try {
      for (BlockNode node : DiskGraph.network(disk)) {
        if (graph.node(node.nodeName()).isEmpty()) {
          session.call(new Commands.BlockdevAdd(node));
        }
      }
      session.call(
          new Commands.DeviceAdd(
              "virtio-blk-pci",
              Nodes.device(disk.id()),
              Nodes.port(disk.hotPlugPort()),
              // QEMU would take a second device on the port, where no guest can see it.
              CommandLine.PORT_SLOT,
              disk.id()));
    } catch (VirtException e) {
      if (e.kind() == Kind.REFUSED) {
        removeAfter(e, disk.id());
      }
      throw e;
    }
  }

  void unplug(String disk, Duration patience) throws VirtException, InterruptedException {
    try (QmpEvents events = session.monitor().events()) {
      BlockGraph graph = BlockGraph.of(session);
      if (graph.device(disk).isPresent()) {
        requireVolume(graph, disk);
        awaitRelease(disk, patience, events);
      }
    }
    removeNodes(disk);
  }

  private static void requireVolume(BlockGraph graph, String disk) throws VirtException {
    if (graph.node(Nodes.network(disk)).isEmpty()) {
      throw new VirtException(
          Kind.REFUSED, "Disk %s is no volume that was plugged in.".formatted(disk), null);
    }
  }

  private void awaitRelease(String disk, Duration patience, QmpEvents events)
      throws VirtException, InterruptedException {
    long until = System.nanoTime() + patience.toNanos();
    do {
      // Asked again and again: a guest that has just booted may not listen yet. QEMU refuses while
      // an earlier question is open.
      session.callUnlessRefused(new Commands.DeviceDel(Nodes.device(disk)));
      long askAgain = System.nanoTime() + ASK_AGAIN.toNanos();
      for (long left = ASK_AGAIN.toNanos(); left > 0; left = askAgain - System.nanoTime()) {
        Optional<QmpEvent> event = events.next(Duration.ofNanos(left));
        if (event.isEmpty() || event.get().name().equals("DEVICE_DELETED")) {
          break;
        }
      }
      if (BlockGraph.of(session).device(disk).isEmpty()) {
        return;
      }
    } while (System.nanoTime() < until);
    throw new VirtException(
        Kind.REFUSED,
        "The guest did not let go of disk %s within %d s.".formatted(disk, patience.toSeconds()),
        null);
  }

  private void removeAfter(VirtException failure, String disk) {
    try {
      removeNodes(disk);
    } catch (VirtException left) {
      failure.addSuppressed(left);
    }
  }

  private void removeNodes(String disk) throws VirtException {
    BlockGraph graph = BlockGraph.of(session);
    if (graph.node(Nodes.network(disk)).isEmpty()) {
      return;
    }
    if (graph.node(disk).isPresent()) {
      session.call(new Commands.BlockdevDel(disk));
    }
    session.call(new Commands.BlockdevDel(Nodes.network(disk)));
  }
}
