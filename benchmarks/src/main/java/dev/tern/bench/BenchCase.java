package dev.tern.bench;

import dev.tern.virt.Guest.Sync;
import java.util.List;
import java.util.Optional;

/**
 * What is moved.
 *
 * @param what for people
 * @param disks how many, all alike; the guest writes to the first only
 * @param format {@code qcow2} or {@code raw}
 * @param diskMib what the guest sees of each disk
 * @param dataMib written to each disk before the guest boots, in pieces of 1 MiB all over it
 * @param baseMib written to a base below each disk, which is on both hosts beforehand; 0: no base
 * @param guestWork options of the test guest, see {@code guest/README.md}; always some memory that
 *     it checks
 * @param writes whether it writes to its first disk
 * @param memoryMib of the guest
 */
record BenchCase(
    String name,
    String what,
    int disks,
    String format,
    int diskMib,
    int dataMib,
    int baseMib,
    String guestWork,
    boolean writes,
    int memoryMib) {
  /** Where the pieces begin; the guest's own blocks lie before. */
  static final int FIRST_PIECE_MIB = 16;

  private static final int SMALL = 128;
  private static final String READS = "tern.mem=24,0";
  private static final String DIRTIES = "tern.mem=32,40";

  /** 250 flushed writes a second over 8 MiB. */
  private static final String WRITES = " tern.write=250,2048,0";

  static final List<BenchCase> ALL =
      List.of(
          new BenchCase(
              "idle", "64 MiB of disk, a quiet guest", 1, "qcow2", 512, 64, 0, READS, false, SMALL),
          new BenchCase(
              "disk",
              "it writes 250 blocks/s",
              1,
              "qcow2",
              512,
              64,
              0,
              READS + WRITES,
              true,
              SMALL),
          new BenchCase(
              "memory",
              "it dirties 40 MiB/s of memory",
              1,
              "qcow2",
              512,
              64,
              0,
              DIRTIES,
              false,
              SMALL),
          new BenchCase(
              "both", "it does both", 1, "qcow2", 512, 64, 0, DIRTIES + WRITES, true, SMALL),
          new BenchCase(
              "disks-3", "three disks of 32 MiB", 3, "qcow2", 256, 32, 0, READS, false, SMALL),
          new BenchCase(
              "overlay",
              "32 MiB over a base of 128 MiB that is there",
              1,
              "qcow2",
              512,
              32,
              128,
              READS,
              false,
              SMALL),
          new BenchCase(
              "sparse", "64 MiB in 2 GiB, qcow2", 1, "qcow2", 2048, 64, 0, READS, false, SMALL),
          new BenchCase(
              "sparse-raw", "64 MiB in 2 GiB, raw", 1, "raw", 2048, 64, 0, READS, false, SMALL),
          new BenchCase(
              "memory-512",
              "512 MiB of memory, 64 MiB of disk",
              1,
              "qcow2",
              512,
              64,
              0,
              "tern.mem=512,0",
              false,
              640));

  static Optional<BenchCase> named(String name) {
    return ALL.stream().filter(c -> c.name().equals(name)).findAny();
  }

  boolean hasBase() {
    return baseMib > 0;
  }

  Sync sync() {
    return hasBase() ? Sync.TOP : Sync.FULL;
  }

  long diskBytes() {
    return (long) diskMib << 20;
  }
}
