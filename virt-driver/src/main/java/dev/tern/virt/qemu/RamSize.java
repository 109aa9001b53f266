package dev.tern.virt.qemu;

/**
 * How large a guest's main memory block is made.
 *
 * <p>QEMU before 9.0 under tcg has a fast path for blocks of a multiple of 64 pages that forgets
 * the translated code's view of dirty pages: what the guest writes between two passes of a
 * migration is not sent again, and it runs on with stale memory. A block of two pages more takes
 * the slow, right path.
 */
public final class RamSize {
  private static final int FIRST_RIGHT_VERSION = 9_000_000;
  private static final long SMALLEST_STEP_KIB = 8; // QEMU rounds RAM up to this

  private RamSize() {}

  /**
   * The size to record in a launch recipe, in KiB.
   *
   * @param accelerator {@code kvm} or {@code tcg}
   * @param versionNumber as in {@link dev.tern.virt.HostCapabilities#versionNumber}
   */
  public static long forGuest(int memoryMib, String accelerator, int versionNumber) {
    if (memoryMib <= 0) {
      throw new IllegalArgumentException("A guest has at least 1 MiB of memory.");
    }
    long kib = memoryMib * 1024L;
    boolean forgetful = accelerator.equals("tcg") && versionNumber < FIRST_RIGHT_VERSION;
    return forgetful ? kib + SMALLEST_STEP_KIB : kib;
  }
}
