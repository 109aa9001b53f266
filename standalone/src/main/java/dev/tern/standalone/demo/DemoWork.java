package dev.tern.standalone.demo;

/**
 * What the demo's guest does, and how much is proved.
 *
 * @param diskBytes the size of its disk
 * @param baseBytes of it that are in its image, for disks to share
 * @param guest what is said to the test guest, see {@code guest/README.md}
 * @param writesBefore acknowledged writes to wait for before the move
 * @param writesAfter blocks written at the destination to wait for
 */
record DemoWork(long diskBytes, int baseBytes, String guest, int writesBefore, int writesAfter) {
  /** 250 writes a second over 64 MiB of disk; 24 MiB of memory rewritten at 8 MiB/s and checked. */
  static final DemoWork USUAL =
      new DemoWork(
          1L << 30, 32 << 20, "tern.beat=10 tern.write=250,16384,0 tern.mem=24,8", 400, 200);

  /** Less of all: it moves on a narrow link, to have time for those who die. */
  static final DemoWork AMONG_KILLS =
      new DemoWork(
          256L << 20, 8 << 20, "tern.beat=10 tern.write=100,4096,0 tern.mem=8,4", 100, 100);
}
