package dev.tern.virt.qemu;

import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import dev.tern.virt.qmp.BlockNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The block nodes of one disk, each before the one that lies on it; the last is named as the disk.
 *
 * <pre>
 *   local       layerN-file ── layerN ── … ── layer1 ── (disk) on disk-file
 *   read-only   disk-file ── (disk), raw, read-only
 *   network     disk-nbd ── (disk), raw
 * </pre>
 */
final class DiskGraph {
  private static final String UNMAP = "unmap";

  private final Path instance;
  private final Path bases;

  DiskGraph(Path instance, Path bases) {
    this.instance = instance.toAbsolutePath();
    this.bases = bases.toAbsolutePath();
  }

  List<BlockNode> nodes(DiskRecipe disk) {
    return switch (disk) {
      case LocalDisk local -> local(local);
      case ReadOnlyDisk readOnly -> readOnly(readOnly);
      case NetworkDisk network -> network(network);
    };
  }

  private List<BlockNode> local(LocalDisk disk) {
    List<BlockNode> nodes = new ArrayList<>();
    BlockNode.@Nullable Backing below = bottom(disk.format());
    // The deepest first: each is opened on a node that is there, never by what its header says.
    for (int n = disk.layers().size(); n >= 1; n--) {
      LayerRecipe layer = disk.layers().get(n - 1);
      String node = Nodes.layer(disk.id(), n);
      nodes.add(new BlockNode.File(Nodes.file(node), base(layer.sha256()), true, null));
      nodes.add(
          new BlockNode.Format(
              layer.format(),
              node,
              Nodes.file(node),
              true,
              null,
              null,
              n == disk.layers().size() ? bottom(layer.format()) : below,
              encryption(disk.id(), layer.encrypted())));
      below = new BlockNode.BackingNode(node);
    }
    String file = disk.in(instance).toString();
    nodes.add(new BlockNode.File(Nodes.file(disk.id()), file, false, UNMAP));
    nodes.add(
        new BlockNode.Format(
            disk.format(),
            disk.id(),
            Nodes.file(disk.id()),
            false,
            UNMAP,
            UNMAP,
            below,
            encryption(disk.id(), disk.encrypted())));
    return nodes;
  }

  /** Nothing below, said so where a header could say otherwise. */
  private static BlockNode.@Nullable Backing bottom(String format) {
    return format.equals("qcow2") ? new BlockNode.NoBacking() : null;
  }

  private static BlockNode.@Nullable Encrypt encryption(String disk, boolean encrypted) {
    return encrypted ? new BlockNode.Encrypt(Nodes.secret(disk)) : null;
  }

  private List<BlockNode> readOnly(ReadOnlyDisk disk) {
    String file = Nodes.file(disk.id());
    return List.of(
        new BlockNode.File(file, base(disk.sha256()), true, null),
        new BlockNode.Format("raw", disk.id(), file, true, null, null, null));
  }

  static List<BlockNode> network(NetworkDisk disk) {
    String client = Nodes.network(disk.id());
    return List.of(
        new BlockNode.Nbd(
            client, new BlockNode.InetServer(disk.host(), disk.port()), disk.export(), null),
        new BlockNode.Raw(disk.id(), client));
  }

  private String base(String sha256) {
    return bases.resolve(sha256).toString();
  }
}
