package dev.tern.agent;

import dev.tern.agent.CopyNote.Stage;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.virt.DiskCopies;
import dev.tern.virt.DiskLedgers.State;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies that are gone on with after their QEMU has ended. What is left is in a ledger inside the
 * disk ({@link dev.tern.virt.DiskLedgers}). It is believed only when all of this holds: the copy's
 * note says that the ledger was begun with the copy; QEMU says that it was stored in good order;
 * and what was copied is durable, which the agent sees to when the copy breaks, on the boot of the
 * host it was copied on. In any other case the copy starts over, when its user says so.
 */
final class ResumableCopies {
  private static final Logger log = LoggerFactory.getLogger(ResumableCopies.class);
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");

  private ResumableCopies() {}

  /** Its name in the disk: the same for every try to make the same file. */
  private static String ledger(LocalDisk target) {
    return "tern-" + target.storage().orElse("") + "-" + target.file();
  }

  /** This boot of the host. */
  static Optional<String> boot() throws IOException {
    return Optional.of(Files.readString(BOOT).strip());
  }

  /** The format of a resumable copy: one without tables of its own. */
  static String format(CopyOrder order, LocalDisk disk) {
    return order.format().orElse(order.resumable() ? "raw" : disk.format());
  }

  /** What can be said of a request before anything is looked at. */
  static void check(ServerDisks disks, LocalDisk disk, CopyOrder order) {
    require(
        order.name().isPresent(),
        "A resumable copy needs a name: asked for again by it, it goes on.");
    require(
        !disk.encrypted(),
        "Disk %s is encrypted: a resumable copy is raw, and would hold it in plaintext."
            .formatted(disk.id()));
    require(
        format(order, disk).equals("raw"),
        "A resumable copy is raw: nobody could say which tables of a qcow2 were written when its"
            + " QEMU ended.");
    require(!order.shallow(), "A resumable copy is a full one.");
    require(!order.reuse(), "A resumable copy makes its own file.");
    require(
        disk.format().equals("qcow2"),
        "Disk %s is %s: only a qcow2 can keep what is left to copy."
            .formatted(disk.id(), disk.format()));
    if (disks.guest().isEmpty()) {
      throw new ComputeException(
          ErrorCode.INSTANCE_INVALID_STATE,
          "A resumable copy is made by the server's QEMU: start the server first.",
          null);
    }
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw Refusals.invalid(otherwise);
    }
  }

  /** The try before this one to make the same file, which broke. */
  static Optional<CopyNote> earlier(ServerDisks disks, LocalDisk target) throws IOException {
    return new DiskNotes(disks.directory())
        .copies().stream()
            .filter(
                note -> note.stage() == Stage.BROKEN && note.target().equals(Optional.of(target)))
            .findFirst();
  }

  /**
   * Whether a request goes on with what is there.
   *
   * @throws ComputeException INSTANCE_INVALID_STATE when there is something, and nobody can say
   *     what of the disk is in it
   */
  static boolean goesOn(ServerDisks disks, LocalDisk target, CopyOrder order)
      throws IOException, VirtException {
    if (!order.resumable()
        || order.overwrite()
        || disks.guest().isEmpty()
        || earlier(disks, target).isEmpty()) {
      return false;
    }
    State state = disks.guest().get().ledgers().look(order.disk(), ledger(target)).state();
    return switch (state) {
      case USABLE -> true;
      case UNUSABLE, ABSENT ->
          throw new ComputeException(
              ErrorCode.INSTANCE_INVALID_STATE,
              ("%s cannot be gone on with: the server's QEMU did not end in good order, or the disk"
                      + " is another file now, so nobody knows what is left to copy. Ask with"
                      + " overwrite=true to start over.")
                  .formatted(target.file()),
              null);
    };
  }

  /**
   * Starts or goes on, or finds it started.
   *
   * @param fresh makes the file anew
   */
  static void start(ServerDisks disks, CopyNote note, DiskCopies.Copy copy, Fresh fresh)
      throws IOException, VirtException {
    DiskNotes notes = new DiskNotes(disks.directory());
    Guest guest = disks.guest().orElseThrow(() -> Refusals.processGone(disks.server()));
    Optional<CopyNote> earlier = earlier(disks, note.file());
    String ledger = ledger(note.file());
    if (goesOn(disks, note.file(), note.order())) {
      guest.ledgers().goOn(copy, ledger);
      log.atInfo()
          .addKeyValue("server", disks.server())
          .addKeyValue("disk", note.order().disk())
          .addKeyValue("file", note.file().file())
          .log("a copy is gone on with");
    } else {
      // From here on nobody believes what is there.
      for (CopyNote old : earlier.stream().toList()) {
        notes.forgetCopy(old.order().id());
      }
      fresh.make();
      guest.ledgers().begin(copy, ledger);
    }
    begun(disks, note);
  }

  /** QEMU copies: from now on the ledger may be believed, if QEMU does. */
  static void begun(ServerDisks disks, CopyNote note) throws IOException {
    DiskNotes notes = new DiskNotes(disks.directory());
    notes.write(note.at(Stage.LEDGER));
    for (CopyNote old : earlier(disks, note.file()).stream().toList()) {
      notes.forgetCopy(old.order().id());
    }
  }

  /** The file of a copy, empty. */
  @FunctionalInterface
  interface Fresh {
    void make() throws IOException, VirtException;
  }

  /**
   * Keeps what there is of a copy that broke, when it can be worth something.
   *
   * @return whether it is kept
   */
  static boolean keep(ServerDisks disks, CopyNote note) throws IOException, VirtException {
    DiskNotes notes = new DiskNotes(disks.directory());
    if (note.stage() == Stage.STARTED) {
      if (earlier(disks, note.file()).isEmpty()) {
        return false;
      }
      // It never began, so all is as the try before left it.
      notes.forgetCopy(note.order().id());
      return true;
    }
    if (!note.boot().equals(boot())) {
      return false;
    }
    Durable.sync(disks.file(note.file()));
    notes.write(note.at(Stage.BROKEN));
    return true;
  }

  /** Nobody goes on with it any more. Harmless when there is no ledger. */
  static void forget(ServerDisks disks, CopyNote note) throws IOException, VirtException {
    if (!note.order().resumable()) {
      return;
    }
    if (disks.guest().isPresent()) {
      disks.guest().get().ledgers().forget(note.order().disk(), ledger(note.file()));
    }
    List<CopyNote> old = earlier(disks, note.file()).stream().toList();
    for (CopyNote one : old) {
      new DiskNotes(disks.directory()).forgetCopy(one.order().id());
    }
  }
}
