package dev.tern.virt.fake;

import static dev.tern.virt.fake.FakeVirtDriver.refused;

import dev.tern.virt.DiskCopies;
import dev.tern.virt.DiskCopies.Copy;
import dev.tern.virt.DiskCopies.File;
import dev.tern.virt.DiskLedgers;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Ledgers of a simulated guest's disks. They are in the process, and in the files from when it ends
 * in good order; one that was in a file when its process was killed is there and of no use.
 */
final class FakeLedgers implements DiskLedgers {
  private final FakeWorld world;
  private final FakeProcess process;
  private final FakeCopies copies;
  private final FakeCopies.Beginning beginning;

  FakeLedgers(
      FakeWorld world, FakeProcess process, FakeCopies copies, FakeCopies.Beginning beginning) {
    this.world = world;
    this.process = process;
    this.copies = copies;
    this.beginning = beginning;
  }

  /** Files on a host's file system with ledgers in them. */
  static final class Stored {
    private final Map<Path, Map<String, Ledger>> files = new ConcurrentHashMap<>();

    /** QEMU opens the disks: what is in their files is worth nothing until it is stored again. */
    void open(FakeProcess process, Path instance) {
      for (LocalDisk disk : process.recipe().localDisks()) {
        Path file = disk.in(instance);
        Map<String, Ledger> here = files.getOrDefault(file, Map.of());
        process.ledgers.put(file, new ConcurrentHashMap<>(here));
        Map<String, Ledger> open = new ConcurrentHashMap<>();
        here.keySet().forEach(name -> open.put(name, new Ledger(State.UNUSABLE, 0)));
        files.put(file, open);
      }
    }

    /** QEMU ends in good order. */
    void store(FakeProcess process) {
      for (FakeCopies.Job job : process.copies.values()) {
        job.interrupt();
      }
      process.ledgers.forEach((file, ledgers) -> files.put(file, new ConcurrentHashMap<>(ledgers)));
    }
  }

  private Map<String, Ledger> in(String disk) throws VirtException {
    return process.ledgers.computeIfAbsent(copies.file(disk), _ -> new ConcurrentHashMap<>());
  }

  @Override
  public Ledger look(String diskId, String ledger) throws VirtException {
    beginning.of("ledgers.look");
    return Optional.ofNullable(in(diskId).get(ledger)).orElseGet(() -> new Ledger(State.ABSENT, 0));
  }

  @Override
  public void begin(Copy copy, String ledger) throws VirtException {
    beginning.of("ledgers.begin");
    if (!copies.isUnderWay(copy)) {
      LocalDisk disk = check(copy);
      in(copy.diskId()).put(ledger, new Ledger(State.USABLE, 0));
      run(copy, ledger, disk.virtualBytes());
    }
    world.after("ledgers.begin");
  }

  @Override
  public void goOn(Copy copy, String ledger) throws VirtException {
    beginning.of("ledgers.goOn");
    if (!copies.isUnderWay(copy)) {
      check(copy);
      Ledger kept = look(copy.diskId(), ledger);
      if (kept.state() != State.USABLE) {
        throw refused("What is left to copy of disk %s is not known.".formatted(copy.diskId()));
      }
      run(copy, ledger, kept.bytes());
    }
    world.after("ledgers.goOn");
  }

  private LocalDisk check(Copy copy) throws VirtException {
    LocalDisk disk = copies.requireCopyable(copy);
    if (!disk.format().equals("qcow2")) {
      throw refused("Disk %s is no qcow2.".formatted(copy.diskId()));
    }
    boolean raw = copy.target() instanceof File(_, String format) && format.equals("raw");
    if (!raw || copy.shallow()) {
      throw refused("A copy that is gone on with is a full one to a raw file.");
    }
    return disk;
  }

  private void run(Copy copy, String ledger, long bytes) throws VirtException {
    Map<String, Ledger> file = in(copy.diskId());
    FakeCopies.Job job =
        new FakeCopies.Job(copy, bytes, left -> file.put(ledger, new Ledger(State.USABLE, left)));
    process.copies.put(copy.diskId(), job);
  }

  @Override
  public void forget(String diskId, String ledger) throws VirtException {
    beginning.of("ledgers.forget");
    FakeCopies.Job job = process.copies.get(diskId);
    if (job != null && job.keepsLedger() && job.state == DiskCopies.State.RUNNING) {
      throw refused("Bitmap '%s' is currently in use by another operation.".formatted(ledger));
    }
    in(diskId).remove(ledger);
    world.after("ledgers.forget");
  }
}
