package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentResult.ChainReport;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.agent.AgentResult.DiskDigest;
import dev.tern.contract.agent.AgentResult.DiskReport;
import dev.tern.contract.agent.AgentResult.LayerFacts;
import dev.tern.virt.DiskCopies.DiskNode;
import dev.tern.virt.DiskImages;
import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import dev.tern.virt.VirtException;
import dev.tern.virt.disk.Qcow2Marks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What can be said of a server's disks. Changes nothing. */
final class DiskViews {
  /** What QEMU is started with where nothing else is asked for. */
  private static final String CACHE = "writeback";

  private final DiskImages images;

  DiskViews(DiskImages images) {
    this.images = images;
  }

  DiskReport describe(ServerDisks disks) throws VirtException {
    Map<String, DiskNode> nodes =
        disks.guest().isEmpty()
            ? Map.of()
            : disks.guest().get().copies().disks().stream()
                .collect(Collectors.toMap(DiskNode::diskId, Function.identity()));
    List<Disk> all = new ArrayList<>();
    for (DiskRecipe disk : disks.recipe().disks()) {
      all.add(describe(disks, disk, Optional.ofNullable(nodes.get(disk.id()))));
    }
    return new DiskReport(all);
  }

  private Disk describe(ServerDisks disks, DiskRecipe disk, Optional<DiskNode> node)
      throws VirtException {
    String file;
    Optional<String> storage = Optional.empty();
    String format;
    long allocated;
    switch (disk) {
      case LocalDisk local -> {
        Path path = disks.file(local);
        file = path.toString();
        storage = local.storage();
        format = local.format();
        allocated = images.allocatedBytes(path);
      }
      case ReadOnlyDisk readOnly -> {
        Path path = disks.bases().resolve(readOnly.sha256());
        file = path.toString();
        format = "raw";
        allocated = images.allocatedBytes(path);
      }
      case NetworkDisk network -> {
        file = network.url();
        format = "raw";
        allocated = 0;
      }
    }
    return new Disk(
        disk.id(),
        node.map(DiskNode::node),
        file,
        storage,
        format,
        node.map(DiskNode::cache).orElse(CACHE),
        node.map(DiskNode::device),
        disk.virtualBytes(),
        allocated);
  }

  ChainReport chain(ServerDisks disks, String id) throws IOException, VirtException {
    LocalDisk disk = disks.local(id);
    List<LayerFacts> layers = new ArrayList<>();
    layers.add(layer(disks.file(disk), disk.format(), Optional.empty()));
    for (LayerRecipe layer : disk.layers()) {
      layers.add(
          layer(
              disks.bases().resolve(layer.sha256()), layer.format(), Optional.of(layer.sha256())));
    }
    return new ChainReport(id, layers);
  }

  private LayerFacts layer(Path file, String format, Optional<String> sha256)
      throws IOException, VirtException {
    Optional<Qcow2Marks> marks =
        format.equals("qcow2") ? Optional.of(Qcow2Marks.of(file)) : Optional.empty();
    long length = Files.size(file);
    return new LayerFacts(
        file.toString(),
        format,
        sha256,
        marks.map(Qcow2Marks::virtualBytes).orElse(length),
        images.allocatedBytes(file),
        length,
        marks.map(Qcow2Marks::compat),
        marks.map(Qcow2Marks::lazyRefcounts).orElse(false),
        marks.map(Qcow2Marks::corrupt).orElse(false));
  }

  /** All the guest would read, written out beside the instance for as long as it takes. */
  DiskDigest digest(ServerDisks disks, String id)
      throws IOException, VirtException, InterruptedException {
    LocalDisk disk = disks.local(id);
    if (disks.guest().isPresent()) {
      throw new ComputeException(
          ErrorCode.DISK_IN_USE,
          ("The guest may write to disk %s now. Stop the server first, or copy the disk with"
                  + " then=finish and look at the copy.")
              .formatted(id),
          null);
    }
    if (disk.encrypted()) {
      throw Refusals.invalid(
          "Disk %s is encrypted: what it holds is not written out to be digested.".formatted(id));
    }
    Path flat = disks.directory().resolve("digest.raw");
    Files.deleteIfExists(flat);
    try {
      images.create(flat, NewImage.empty("raw", disk.virtualBytes()));
      images.flatten(disks.file(disk), disks.expected(disk), Optional.empty(), flat, "raw");
      return new DiskDigest(Digests.sha256(flat), disk.virtualBytes());
    } finally {
      Files.deleteIfExists(flat);
    }
  }
}
