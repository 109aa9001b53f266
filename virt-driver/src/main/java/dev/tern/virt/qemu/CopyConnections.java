package dev.tern.virt.qemu;

import dev.tern.virt.DiskCopies.Export;
import dev.tern.virt.VirtException;
import dev.tern.virt.qmp.BlockNode;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.YankInstance;
import java.util.List;

/** Connections of one guest's copies to exports of foreign NBD servers. */
final class CopyConnections {
  private final Session session;

  CopyConnections(Session session) {
    this.session = session;
  }

  /** Also where the export is larger than that: a mirror wants both sides of one size. */
  void open(String node, Export export, long bytes) throws VirtException {
    Reachable.require(session, "The export", export.host(), export.port());
    String below = Nodes.file(node);
    session.call(
        new Commands.BlockdevAdd(
            new BlockNode.Nbd(
                below,
                new BlockNode.InetServer(export.host(), export.port()),
                export.name(),
                null,
                session.settings().deadlines().outage().toSeconds())));
    session.call(new Commands.BlockdevAdd(new BlockNode.Raw(node, below, bytes)));
  }

  /** Whether the disk is being copied to an export, or was and its nodes are still there. */
  boolean present(String disk) throws VirtException {
    return !of(disk).isEmpty();
  }

  private List<YankInstance> of(String disk) throws VirtException {
    return session.call(new Commands.QueryYank()).stream()
        .filter(y -> y.nodeName() != null && Nodes.isCopyFile(disk, y.nodeName()))
        .toList();
  }

  /**
   * Breaks them, if there are any. A job that is given up waits for its server otherwise, and a
   * node that is deleted flushes first, with QEMU's main loop held, for as long as the server is
   * silent.
   */
  void hangUp(String disk) throws VirtException {
    List<YankInstance> open = of(disk);
    if (!open.isEmpty()) {
      session.callUnlessRefused(new Commands.Yank(open));
    }
  }
}
