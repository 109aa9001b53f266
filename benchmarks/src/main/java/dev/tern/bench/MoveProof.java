package dev.tern.bench;

import dev.tern.standalone.demo.DiskProof;
import dev.tern.standalone.demo.GuestWatch;
import dev.tern.standalone.demo.GuestWatch.Sight;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Whether a move left guest, memory and disks as they must be: a fast wrong one is none. */
final class MoveProof {
  private final BenchCase what;
  private final GuestWatch watch;

  MoveProof(BenchCase what, GuestWatch watch) {
    this.what = what;
    this.watch = watch;
  }

  /** What the guest says of itself. */
  List<String> guest(Host source, Host destination, int moves) {
    Sight sight = watch.sight();
    List<String> wrong = new ArrayList<>(sight.troubles());
    if (sight.bootIds() != 1) {
      wrong.add("the guest rebooted");
    }
    if (sight.beatsBackwards() > 0) {
      wrong.add("the guest's heartbeats went back");
    }
    if (sight.switches() != moves) {
      wrong.add("the guest changed hosts %d times in %d moves".formatted(sight.switches(), moves));
    }
    if (!destination.name().equals(sight.lastHost().orElse(source.name()))) {
      wrong.add("the guest still runs on %s".formatted(source.name()));
    }
    if (sight.badPages() > 0) {
      wrong.add("%d pages of memory are not as the guest left them".formatted(sight.badPages()));
    }
    return wrong;
  }

  /**
   * Compares the disks. The source's QEMU has ended, the destination's guest stands still.
   *
   * @param work for flat copies
   */
  List<String> disks(Host source, Host destination, List<LocalDisk> disks, Path work)
      throws IOException {
    List<String> wrong = new ArrayList<>();
    for (LocalDisk disk : disks) {
      Path left = source.instance().resolve(disk.file());
      Path arrived = destination.instance().resolve(disk.file());
      if (what.writes() && disk.equals(disks.getFirst())) {
        wrong.addAll(written(source, left, arrived, disk, work));
      } else {
        wrong.addAll(equal(left, arrived, disk));
      }
    }
    return wrong;
  }

  private static List<String> equal(Path left, Path arrived, LocalDisk disk) {
    try {
      Disks.run(
          List.of(
              "qemu-img",
              "compare",
              "-U",
              "-f",
              disk.format(),
              "-F",
              disk.format(),
              left.toString(),
              arrived.toString()));
      return List.of();
    } catch (IOException e) {
      return List.of("%s differs: %s".formatted(disk.id(), e.getMessage()));
    }
  }

  /** The disk the guest writes to goes on changing where it arrived. */
  private List<String> written(Host source, Path left, Path arrived, LocalDisk disk, Path work)
      throws IOException {
    Path before = work.resolve("left.raw");
    Path after = work.resolve("arrived.raw");
    try {
      flatten(left, before, disk);
      flatten(arrived, after, disk);
      Map<Long, Long> atSource = watch.acknowledgedOn(source.name());
      long last = atSource.values().stream().mapToLong(Long::longValue).max().orElse(0);
      DiskProof.Verdict verdict = new DiskProof(watch.acknowledged(), last).judge(before, after);
      return verdict.lostWrites() + verdict.corruptBlocks() + verdict.unexplainedBlocks() == 0
          ? List.of()
          : List.of("%s: %s".formatted(disk.id(), verdict));
    } finally {
      Files.deleteIfExists(before);
      Files.deleteIfExists(after);
    }
  }

  private static void flatten(Path image, Path raw, LocalDisk disk) throws IOException {
    Disks.run(
        List.of(
            "qemu-img",
            "convert",
            "-U",
            "-f",
            disk.format(),
            "-O",
            "raw",
            image.toString(),
            raw.toString()));
  }
}
