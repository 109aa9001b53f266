package dev.tern.virt.converge;

/**
 * One figure for all streams of a move, dealt to those that run now. Ready mirrors are not limited
 * by QEMU: what they take is what the guest writes, so the others get the rest.
 */
public final class Bandwidth {
  private Bandwidth() {}

  /**
   * Limits in bytes per second; 0 is unlimited.
   *
   * @param eachMirror that still copies
   * @param memory the memory's stream
   * @param eachDisksWrites what the guest may write to each disk, so that ready mirrors stay within
   *     half of the figure
   */
  public record Shares(long eachMirror, long memory, long eachDisksWrites) {
    /** Nobody is limited. */
    public static final Shares UNLIMITED = new Shares(0, 0, 0);
  }

  /**
   * Deals a total.
   *
   * @param total bytes per second; 0 is unlimited
   * @param copying mirrors that are not ready
   * @param ready mirrors that are
   * @param readyTake what ready mirrors send now
   * @param writesLimited whether the guest's writes are limited for this already
   */
  public static Shares divide(
      long total, int copying, int ready, long readyTake, boolean writesLimited) {
    if (total == 0) {
      return Shares.UNLIMITED;
    }
    // What the guest does is not ours to stop, but it may not starve the move.
    long rest = Math.max(1, Math.max(total / 2, total - readyTake));
    boolean tooMuch = ready > 0 && (writesLimited || readyTake > total / 2);
    return new Shares(
        copying == 0 ? 0 : Math.max(1, rest / copying),
        rest,
        tooMuch ? Math.max(Convergence.LEAST_WRITES, total / 2 / ready) : 0);
  }
}
