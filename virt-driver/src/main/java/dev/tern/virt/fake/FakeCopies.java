package dev.tern.virt.fake;

import static dev.tern.virt.fake.FakeVirtDriver.refused;

import dev.tern.virt.DiskCopies;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import dev.tern.virt.VirtException;
import dev.tern.virt.disk.UntrustedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Copies of a simulated guest's disks. A copy is half done at the first look, ready at the second.
 */
final class FakeCopies implements DiskCopies {
  private final FakeWorld world;
  private final FakeProcess process;
  private final Path instance;
  private final Beginning beginning;

  FakeCopies(FakeWorld world, FakeProcess process, Path instance, Beginning beginning) {
    this.world = world;
    this.process = process;
    this.instance = instance;
    this.beginning = beginning;
  }

  /** What every call of a guest begins with. */
  interface Beginning {
    void of(String method) throws VirtException;
  }

  /** One copy under way. */
  static final class Job {
    final Copy copy;
    final long total;
    volatile State state = State.RUNNING;
    volatile long limit;
    volatile boolean looked;
    private final @Nullable LongConsumer ledger;

    Job(Copy copy, long total) {
      this(copy, total, null);
    }

    /**
     * One of a moment: nothing is copied but what the disk held when it began.
     *
     * @param ledger told what is left whenever it ends
     */
    Job(Copy copy, long total, @Nullable LongConsumer ledger) {
      this.copy = copy;
      this.total = total;
      this.ledger = ledger;
      this.limit = copy.bytesPerSecond();
    }

    boolean keepsLedger() {
      return ledger != null;
    }

    State atEnd() {
      return ledger == null ? State.READY : State.DECIDING;
    }

    /** It ends as far as it is. */
    void interrupt() {
      if (ledger != null) {
        ledger.accept(state == State.DECIDING ? 0 : looked ? total / 2 : total);
      }
    }
  }

  /** Where the disk is now. */
  Path file(String disk) throws VirtException {
    return top(disk(disk)).file();
  }

  /** What a disk's device reads, once it is no longer what it was launched with. */
  record Top(String tag, Path file, String format, boolean onLayers) {}

  private LocalDisk disk(String id) throws VirtException {
    return process.recipe().localDisks().stream()
        .filter(disk -> disk.id().equals(id))
        .findFirst()
        .orElseThrow(() -> refused("The guest has no disk %s.".formatted(id)));
  }

  private Top top(LocalDisk disk) {
    return Optional.ofNullable(process.tops.get(disk.id()))
        .orElseGet(() -> new Top("", disk.in(instance), disk.format(), !disk.layers().isEmpty()));
  }

  @Override
  public List<DiskNode> disks() throws VirtException {
    beginning.of("copies.disks");
    return process.recipe().disks().stream()
        .map(disk ->
            switch (disk) {
              case LocalDisk local -> {
                Top top = top(local);
                yield node(
                    disk,
                    top.tag().isEmpty() ? disk.id() : disk.id() + "-c" + top.tag(),
                    top.file().toString(),
                    top.format());
              }
              case ReadOnlyDisk readOnly -> node(disk, disk.id(), readOnly.sha256(), "raw");
              case NetworkDisk network -> node(disk, disk.id(), network.url(), "raw");
            })
        .toList();
  }

  private static DiskNode node(DiskRecipe disk, String node, String file, String format) {
    return new DiskNode(
        disk.id(),
        node,
        file,
        format,
        "writeback",
        "/machine/peripheral/dev-" + disk.id(),
        disk.virtualBytes(),
        0);
  }

  @Override
  public void start(Copy copy) throws VirtException {
    beginning.of("copies.start");
    if (isUnderWay(copy)) {
      return;
    }
    LocalDisk disk = requireCopyable(copy);
    if (copy.shallow() && !top(disk).onLayers()) {
      throw refused("Disk %s lies on nothing: copy it in full.".formatted(copy.diskId()));
    }
    process.copies.put(copy.diskId(), new Job(copy, disk.virtualBytes()));
    world.after("copies.start");
  }

  boolean isUnderWay(Copy copy) throws VirtException {
    @Nullable Job running = process.copies.get(copy.diskId());
    return top(disk(copy.diskId())).tag().equals(copy.tag())
        || (running != null && running.copy.tag().equals(copy.tag()));
  }

  LocalDisk requireCopyable(Copy copy) throws VirtException {
    LocalDisk disk = disk(copy.diskId());
    if (process.copies.containsKey(copy.diskId())) {
      throw refused("Disk %s is being copied already.".formatted(copy.diskId()));
    }
    if (process.mirrors.containsKey(copy.diskId())) {
      throw refused("Disk %s is being mirrored to another host.".formatted(copy.diskId()));
    }
    switch (copy.target()) {
      case File(Path file, String format) -> {
        if (!Files.isRegularFile(file) || file.equals(top(disk).file())) {
          throw refused("The file %s is missing or in use.".formatted(file.getFileName()));
        }
        requireAlike(disk, file, format);
      }
      case Export(String host, int port, String name) -> {
        if (disk.encrypted() || world.volume(host, port, name) < disk.virtualBytes()) {
          throw refused("The export is smaller than the disk, or the disk is encrypted.");
        }
      }
    }
    return disk;
  }

  /** A qcow2 is opened as encrypted just when the disk is. */
  private static void requireAlike(LocalDisk disk, Path file, String format) throws VirtException {
    if (format.equals("qcow2")) {
      var _ = UntrustedImage.virtualBytes(file, format, true, disk.encrypted());
    } else if (disk.encrypted()) {
      throw refused("Disk %s is encrypted: its copy is a qcow2.".formatted(disk.id()));
    }
  }

  private Optional<Job> job(String disk, String tag) {
    return Optional.ofNullable(process.copies.get(disk)).filter(job -> job.copy.tag().equals(tag));
  }

  @Override
  public Progress look(String diskId, String tag) throws VirtException {
    beginning.of("copies.look");
    if (top(disk(diskId)).tag().equals(tag)) {
      return Progress.none(State.PIVOTED);
    }
    Optional<Job> found = job(diskId, tag);
    if (found.isEmpty()) {
      return Progress.none(State.ABSENT);
    }
    Job job = found.get();
    if (job.state == State.RUNNING && job.looked) {
      job.state = job.atEnd();
    }
    job.looked = true;
    return new Progress(
        job.state,
        job.total,
        job.state == State.RUNNING ? job.total / 2 : job.total,
        job.limit,
        Optional.ofNullable(job.state == State.FAILED ? "Input/output error" : null));
  }

  @Override
  public void limit(String diskId, String tag, long bytesPerSecond) throws VirtException {
    beginning.of("copies.limit");
    job(diskId, tag).ifPresent(job -> job.limit = bytesPerSecond);
    world.after("copies.limit");
  }

  @Override
  public void pivot(String diskId, String tag, Decision decision) throws VirtException {
    beginning.of("copies.pivot");
    if (!top(disk(diskId)).tag().equals(tag)) {
      Job job = ready(diskId, tag);
      if (job.keepsLedger()) {
        throw refused("The copy of %s is of a moment that is past.".formatted(diskId));
      }
      if (!(job.copy.target() instanceof File(Path file, String format))) {
        throw refused("The copy of %s is an export.".formatted(diskId));
      }
      job.state = State.DECIDING;
      keep(diskId, decision);
      Top old = top(disk(diskId));
      process.tops.put(diskId, new Top(tag, file, format, job.copy.shallow() && old.onLayers()));
      process.copies.remove(diskId);
    } else {
      keep(diskId, decision);
    }
    world.after("copies.pivot");
  }

  private void keep(String diskId, Decision decision) throws VirtException {
    try {
      decision.keep();
    } catch (IOException e) {
      process.copies.remove(diskId);
      throw refused(
          "That %s moves onto its copy could not be recorded: %s"
              .formatted(diskId, e.getMessage()));
    }
  }

  private Job ready(String diskId, String tag) throws VirtException {
    Job job =
        job(diskId, tag)
            .orElseThrow(() -> refused("Disk %s is not being copied.".formatted(diskId)));
    return switch (job.state) {
      case READY, DECIDING -> job;
      case RUNNING -> throw refused("The copy of %s is not ready.".formatted(diskId));
      case FAILED -> throw refused("The copy of %s failed: it broke.".formatted(diskId));
      case ABSENT, PIVOTED, FINISHED ->
          throw refused("Disk %s is not being copied.".formatted(diskId));
    };
  }

  @Override
  public void finish(String diskId, String tag) throws VirtException {
    beginning.of("copies.finish");
    if (top(disk(diskId)).tag().equals(tag)) {
      throw refused("Disk %s is on its copy already.".formatted(diskId));
    }
    ready(diskId, tag);
    end(diskId, tag);
    world.after("copies.finish");
  }

  @Override
  public void drop(String diskId, String tag) throws VirtException {
    beginning.of("copies.drop");
    if (top(disk(diskId)).tag().equals(tag)) {
      throw refused("Disk %s is on its copy already.".formatted(diskId));
    }
    end(diskId, tag);
    world.after("copies.drop");
  }

  private void end(String diskId, String tag) {
    job(diskId, tag)
        .ifPresent(job -> {
          job.interrupt();
          process.copies.remove(diskId);
        });
  }

  @Override
  public void overlay(String diskId, String tag, Path file) throws VirtException {
    beginning.of("copies.overlay");
    LocalDisk disk = disk(diskId);
    if (top(disk).tag().equals(tag)) {
      return;
    }
    if (process.copies.containsKey(diskId)) {
      throw refused("Disk %s is being copied already.".formatted(diskId));
    }
    if (process.mirrors.containsKey(diskId)) {
      throw refused("Disk %s is being mirrored to another host.".formatted(diskId));
    }
    if (!Files.isRegularFile(file)) {
      throw refused("The file %s is missing.".formatted(file.getFileName()));
    }
    requireAlike(disk, file, "qcow2");
    process.tops.put(diskId, new Top(tag, file, "qcow2", true));
    world.after("copies.overlay");
  }
}
