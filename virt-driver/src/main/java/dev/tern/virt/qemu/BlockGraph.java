package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.BlockDevice;
import dev.tern.virt.qmp.Commands.NodeState;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * QEMU's block nodes as they are at one moment. A disk's top node is named as the disk until the
 * first copy or snapshot; afterwards only QEMU knows.
 */
record BlockGraph(List<BlockDevice> devices, List<NodeState> nodes) {
  /** Drivers of nodes that jobs put between a device and its disk. */
  private static final Set<String> FILTERS = Set.of("mirror_top", "copy-before-write");

  /** Drivers of nodes that hold a file and no format. */
  private static final Set<String> PROTOCOLS = Set.of("file", "host_device", "nbd");

  /** How often a graph is asked for that changes meanwhile. */
  private static final int LOOKS = 5;

  /**
   * Asks QEMU. These are two questions, and a job that ends between the two takes its filter out of
   * the graph: then a device lies on a node that is not there, and both are asked again.
   */
  static BlockGraph of(Session session) throws VirtException {
    BlockGraph graph = seen(session);
    for (int looks = 1; looks < LOOKS && graph.torn(); looks++) {
      graph = seen(session);
    }
    return graph;
  }

  private static BlockGraph seen(Session session) throws VirtException {
    var devices = session.monitor().submit(new Commands.QueryBlock());
    var nodes = session.monitor().submit(new Commands.QueryNamedBlockNodes(true));
    return new BlockGraph(session.monitor().await(devices), session.monitor().await(nodes));
  }

  /** Whether a device's node, or what a filter of a job shows, is missing. */
  boolean torn() {
    return devices.stream()
        .flatMap(device -> Optional.ofNullable(device.qdev()).flatMap(Nodes::diskOf).stream())
        .anyMatch(disk -> device(disk).orElseThrow().inserted() != null && top(disk).isEmpty());
  }

  Optional<BlockDevice> device(String disk) {
    return devices.stream()
        .filter(device ->
            Optional.ofNullable(device.qdev())
                .flatMap(Nodes::diskOf)
                .filter(disk::equals)
                .isPresent())
        .findFirst();
  }

  /** What the disk's device reads; below the filter of a job, if there is one. */
  Optional<NodeState> top(String disk) {
    return device(disk)
        .flatMap(device -> Optional.ofNullable(device.inserted()))
        .flatMap(inserted -> node(inserted.nodeName()))
        .flatMap(node -> FILTERS.contains(node.drv()) ? filtered(disk, node) : Optional.of(node));
  }

  /**
   * @throws VirtException {@code REFUSED} when the guest has no such disk
   */
  NodeState requireTop(String disk) throws VirtException {
    return top(disk)
        .orElseThrow(() ->
            new VirtException(Kind.REFUSED, "The guest has no disk %s.".formatted(disk), null));
  }

  private Optional<NodeState> filtered(String disk, NodeState filter) {
    return nodes.stream()
        .filter(node -> isOf(disk, node.nodeName()) && isFormat(node))
        .filter(node -> node.file() != null && node.file().equals(filter.file()))
        .findFirst();
  }

  /** The node right below a disk's top. */
  Optional<NodeState> below(String disk, NodeState top) {
    return nodes.stream()
        .filter(node -> isOf(disk, node.nodeName()) && isFormat(node))
        .filter(node -> !node.nodeName().equals(top.nodeName()))
        .filter(node -> node.file() != null && node.file().equals(top.backingFile()))
        .findFirst();
  }

  Optional<NodeState> node(String name) {
    return nodes.stream().filter(node -> node.nodeName().equals(name)).findFirst();
  }

  /** Every node made for the disk. */
  List<String> of(String disk) {
    return nodes.stream().map(NodeState::nodeName).filter(name -> isOf(disk, name)).toList();
  }

  boolean opens(String file) {
    return nodes.stream().anyMatch(node -> file.equals(node.file()));
  }

  private static boolean isOf(String disk, String node) {
    return node.equals(disk) || node.startsWith(disk + "-");
  }

  private static boolean isFormat(NodeState node) {
    return !PROTOCOLS.contains(node.drv()) && !FILTERS.contains(node.drv());
  }
}
