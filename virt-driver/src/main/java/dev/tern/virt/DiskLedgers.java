package dev.tern.virt;

/**
 * Copies of disks that can be gone on with after their QEMU has ended. What is not copied yet, and
 * what the guest wrote since, is kept in a ledger: a bitmap inside the disk's own qcow2, which QEMU
 * stores there when it ends in good order. Such a copy holds the disk as it was when its last run
 * began. While it runs it is a {@link DiskCopies.Copy} like any other: it is looked at, limited,
 * finished and dropped by the same names, {@link DiskCopies.State#FINISHED} once all is copied, and
 * cannot be moved onto.
 *
 * <pre>
 *   begin ──▶ RUNNING ──▶ FINISHED ── finish, forget
 *                │  QEMU ends in good order, and another has the disk
 *                └──────▶ USABLE ── goOn ──▶ RUNNING, with what remained and what was written
 *                │  QEMU is killed
 *                └──────▶ ABSENT or UNUSABLE: nothing of the copy may be believed
 * </pre>
 */
public interface DiskLedgers {
  /** What QEMU has of a ledger. */
  Ledger look(String diskId, String ledger) throws VirtException;

  /**
   * Starts to copy all of a disk, with a new ledger in the place of any of that name.
   *
   * @param copy to a raw file: of a qcow2's tables nobody could say which were written when its
   *     QEMU ended
   * @throws VirtException {@code REFUSED} as {@link DiskCopies#start}, and when the disk is no
   *     qcow2, where a ledger could be, or the target is none of raw; nothing is left in QEMU
   */
  void begin(DiskCopies.Copy copy, String ledger) throws VirtException;

  /**
   * Goes on with what the ledger says is not copied.
   *
   * @param copy to the file it went to before
   * @throws VirtException {@code REFUSED} as above, and when the ledger is not {@link
   *     State#USABLE}; the ledger stays
   */
  void goOn(DiskCopies.Copy copy, String ledger) throws VirtException;

  /**
   * Removes a ledger, whatever it is worth. Harmless when there is none.
   *
   * @throws VirtException {@code REFUSED} while a copy uses it
   */
  void forget(String diskId, String ledger) throws VirtException;

  /** Whether a ledger may be believed. */
  enum State {
    ABSENT,
    /** QEMU did not end in good order, so writes may be missing in it. */
    UNUSABLE,
    USABLE
  }

  /**
   * A ledger as QEMU has it.
   *
   * @param bytes not copied yet; 0 unless it is usable
   */
  record Ledger(State state, long bytes) {}
}
