package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The disks of a running guest that are files of this host, as its block graph tells: those move
 * with the guest. Read-only disks and network disks do not.
 */
final class LocalDisks {
  private LocalDisks() {}

  static Set<String> of(Session session) throws VirtException {
    return of(BlockGraph.of(session));
  }

  private static Set<String> of(BlockGraph graph) {
    Set<String> local = new TreeSet<>();
    for (Commands.BlockDevice device : graph.devices()) {
      Optional.ofNullable(device.qdev())
          .flatMap(Nodes::diskOf)
          .filter(disk -> graph.node(Nodes.network(disk)).isEmpty())
          .filter(disk -> graph.top(disk).map(top -> !top.ro()).orElse(true))
          .ifPresent(local::add);
    }
    return local;
  }

  /**
   * @throws VirtException {@code REFUSED} when one of them is none
   */
  static void require(BlockGraph graph, List<String> disks) throws VirtException {
    Set<String> local = of(graph);
    for (String disk : disks) {
      if (!local.contains(disk)) {
        throw new VirtException(
            Kind.REFUSED, "Disk %s is no local disk of the guest.".formatted(disk), null);
      }
    }
  }
}
