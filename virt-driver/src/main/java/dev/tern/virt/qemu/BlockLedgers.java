package dev.tern.virt.qemu;

import dev.tern.virt.DiskCopies.Copy;
import dev.tern.virt.DiskCopies.File;
import dev.tern.virt.DiskLedgers;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.DirtyBitmap;
import dev.tern.virt.qmp.Commands.NodeState;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * {@link DiskLedgers} by persistent bitmaps and {@code blockdev-backup} with {@code
 * bitmap-mode=always}: whenever the job ends, the bitmap is what it did not copy and what was
 * written meanwhile. ({@code blockdev-mirror} takes no bitmap.)
 */
final class BlockLedgers implements DiskLedgers {
  private final Session session;
  private final BlockCopies copies;

  BlockLedgers(Session session, BlockCopies copies) {
    this.session = session;
    this.copies = copies;
  }

  @Override
  public Ledger look(String diskId, String ledger) throws VirtException {
    Optional<DirtyBitmap> found = bitmap(BlockGraph.of(session).requireTop(diskId), ledger);
    if (found.isEmpty()) {
      return new Ledger(State.ABSENT, 0);
    }
    DirtyBitmap bitmap = found.get();
    boolean usable =
        bitmap.persistent() && bitmap.recording() && !Boolean.TRUE.equals(bitmap.inconsistent());
    return usable ? new Ledger(State.USABLE, bitmap.count()) : new Ledger(State.UNUSABLE, 0);
  }

  private static Optional<DirtyBitmap> bitmap(NodeState top, String name) {
    return Optional.ofNullable(top.dirtyBitmaps()).orElse(List.of()).stream()
        .filter(bitmap -> Objects.equals(bitmap.name(), name))
        .findFirst();
  }

  @Override
  public void begin(Copy copy, String ledger) throws VirtException {
    if (copies.isUnderWay(copy)) {
      return;
    }
    NodeState top = check(copy);
    forget(copy.diskId(), ledger);
    copies.addTarget(copy, target(copy));
    try {
      session.call(new Commands.BlockDirtyBitmapAdd(top.nodeName(), ledger, true));
      start(copy, top, ledger, "full");
    } catch (VirtException e) {
      copies.cleanUpAfter(e, copy.diskId());
      forgetAfter(e, copy.diskId(), ledger);
      throw e;
    }
  }

  private void forgetAfter(VirtException failure, String disk, String ledger) {
    if (failure.kind() == Kind.REFUSED) {
      try {
        forget(disk, ledger);
      } catch (VirtException left) {
        failure.addSuppressed(left);
      }
    }
  }

  @Override
  public void goOn(Copy copy, String ledger) throws VirtException {
    if (copies.isUnderWay(copy)) {
      return;
    }
    NodeState top = check(copy);
    if (look(copy.diskId(), ledger).state() != State.USABLE) {
      throw BlockCopies.refused(
          "What is left to copy of disk %s is not known.".formatted(copy.diskId()));
    }
    copies.addTarget(copy, target(copy));
    try {
      start(copy, top, ledger, "bitmap");
    } catch (VirtException e) {
      copies.cleanUpAfter(e, copy.diskId());
      throw e;
    }
  }

  private NodeState check(Copy copy) throws VirtException {
    NodeState top = BlockGraph.of(session).requireTop(copy.diskId());
    if (!top.drv().equals("qcow2")) {
      throw BlockCopies.refused(
          "Disk %s is %s: only a qcow2 keeps what is left to copy."
              .formatted(copy.diskId(), top.drv()));
    }
    var _ = target(copy);
    copies.requireCopyable(copy, top);
    return top;
  }

  private static File target(Copy copy) throws VirtException {
    if (copy.target() instanceof File file && file.format().equals("raw") && !copy.shallow()) {
      return file;
    }
    throw BlockCopies.refused("A copy that is gone on with is a full one to a raw file.");
  }

  private void start(Copy copy, NodeState top, String ledger, String sync) throws VirtException {
    session.call(
        new Commands.BlockdevBackup(
            Nodes.copyJob(copy.diskId()),
            top.nodeName(),
            Nodes.copy(copy.diskId(), copy.tag()),
            sync,
            ledger,
            "always",
            copy.bytesPerSecond() == 0 ? null : copy.bytesPerSecond(),
            Nodes.copyFilter(copy.diskId())));
  }

  @Override
  public void forget(String diskId, String ledger) throws VirtException {
    NodeState top = BlockGraph.of(session).requireTop(diskId);
    if (bitmap(top, ledger).isPresent()) {
      session.call(new Commands.BlockDirtyBitmapRemove(top.nodeName(), ledger));
    }
  }
}
