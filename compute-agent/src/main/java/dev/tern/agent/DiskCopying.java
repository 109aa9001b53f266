package dev.tern.agent;

import dev.tern.agent.CopyNote.Stage;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.CopyEnd;
import dev.tern.contract.agent.AgentResult.CopyReport;
import dev.tern.contract.agent.AgentResult.CopyState;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.virt.DiskCopies;
import dev.tern.virt.DiskCopies.Progress;
import dev.tern.virt.DiskImages;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of disks to other files of this host or to exports of foreign NBD servers. While a guest
 * runs, its QEMU copies, and this only begins, asks and ends; what must be known after a crash of
 * anybody is in a {@link CopyNote}, and which file is the disk is in the recipe and nowhere else.
 */
final class DiskCopying {
  private static final Logger log = LoggerFactory.getLogger(DiskCopying.class);

  private final CopyTargets targets;
  private final DiskImages images;
  private final DiskSecrets secrets;

  DiskCopying(CopyTargets targets, DiskImages images, DiskSecrets secrets) {
    this.targets = targets;
    this.images = images;
    this.secrets = secrets;
  }

  /** Whether {@link #start} would begin. */
  void check(ServerDisks disks, CopyOrder order) throws IOException, VirtException {
    targets.resolve(disks, order);
  }

  void start(ServerDisks disks, CopyOrder order)
      throws IOException, VirtException, InterruptedException {
    DiskNotes notes = new DiskNotes(disks.directory());
    Optional<CopyNote> known = notes.copy(order.id());
    if (known.isPresent() && !again(disks, known.get())) {
      if (order.resumable() && known.get().stage() == Stage.STARTED) {
        ResumableCopies.begun(disks, known.get());
      }
      return;
    }
    Optional<LocalDisk> target = targets.resolve(disks, overwriting(disks, order, known));
    CopyNote note =
        new CopyNote(
            order,
            target,
            disks.local(order.disk()),
            Stage.STARTED,
            Optional.empty(),
            ResumableCopies.boot());
    // First the note, so that whatever is made from here on is known to somebody.
    notes.write(note);
    try {
      if (order.resumable()) {
        ResumableCopies.start(disks, note, copy(disks, note), () -> targets.create(disks, note));
        return;
      }
      targets.create(disks, note);
      if (disks.guest().isPresent()) {
        disks.guest().get().copies().start(copy(disks, note));
      } else {
        copyWithoutGuest(disks, note);
        notes.write(note.at(Stage.WHOLE));
      }
    } catch (VirtException e) {
      if (e.kind() == Kind.REFUSED && !(order.resumable() && ResumableCopies.keep(disks, note))) {
        remove(disks, note);
      }
      throw explained(e, note);
    }
  }

  private void copyWithoutGuest(ServerDisks disks, CopyNote note)
      throws IOException, VirtException, InterruptedException {
    Path from = disks.file(note.before());
    DiskImages.Expected expected = disks.expected(note.before());
    switch (target(disks, note)) {
      case DiskCopies.Export export ->
          images.flatten(from, expected, export, note.before().virtualBytes());
      case DiskCopies.File(Path to, String format) -> {
        if (note.order().shallow()) {
          // The same file on the same layers.
          Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
        } else {
          images.flatten(from, expected, secrets.of(disks.recipe(), note.before()), to, format);
        }
        Durable.sync(to);
      }
    }
  }

  private static DiskCopies.Target target(ServerDisks disks, CopyNote note) {
    if (note.order().export().isPresent()) {
      return CopyExports.target(note.order().export().get());
    }
    LocalDisk target = note.file();
    return new DiskCopies.File(disks.file(target), target.format());
  }

  /** What this very copy made before is its own to replace. */
  private static CopyOrder overwriting(ServerDisks disks, CopyOrder order, Optional<CopyNote> known)
      throws IOException {
    boolean asIs =
        known.isEmpty()
            || order.reuse()
            || order.export().isPresent()
            || ResumableCopies.earlier(disks, known.get().file()).isPresent();
    return asIs ? order : order.overwriting();
  }

  /** Whether a noted copy has to be begun anew: nobody works on it, and nothing was ended. */
  private static boolean again(ServerDisks disks, CopyNote note) throws VirtException {
    if (note.stage() != Stage.STARTED) {
      return false;
    }
    return disks.guest().isEmpty()
        || progress(disks.guest().get(), note).state() == DiskCopies.State.ABSENT;
  }

  private static DiskCopies.Copy copy(ServerDisks disks, CopyNote note) {
    return new DiskCopies.Copy(
        note.order().disk(),
        note.tag(),
        target(disks, note),
        note.order().shallow(),
        note.order().bytesPerSecond());
  }

  private static Exception explainedOf(VirtException e, CopyNote note) {
    String said = String.valueOf(e.getMessage());
    boolean locked = said.contains("lock") || said.contains("in use");
    return e.kind() == Kind.REFUSED && locked
        ? new ComputeException(
            ErrorCode.DISK_BUSY, "%s is in use: %s".formatted(note.place(), said), e)
        : e;
  }

  private static VirtException explained(VirtException e, CopyNote note) throws ComputeException {
    if (explainedOf(e, note) instanceof ComputeException busy) {
      throw busy;
    }
    return e;
  }

  private static Progress progress(Guest guest, CopyNote note) throws VirtException {
    return guest.copies().look(note.order().disk(), note.tag());
  }

  CopyReport look(ServerDisks disks, UUID id) throws IOException, VirtException {
    Optional<CopyNote> found = new DiskNotes(disks.directory()).copy(id);
    if (found.isEmpty()) {
      return report(CopyState.ABSENT, Optional.empty(), Optional.of("nothing is known of it"));
    }
    CopyNote note = found.get();
    Optional<String> file = note.target().map(target -> disks.file(target).toString());
    return switch (note.stage()) {
      case PIVOTED -> report(CopyState.PIVOTED, file, Optional.empty());
      case FINISHED -> report(CopyState.FINISHED, file, Optional.empty());
      case WHOLE -> whole(note, file);
      case STARTED, LEDGER, ENDING -> working(disks, note, file);
      case BROKEN ->
          report(CopyState.FAILED, file, Optional.of("it broke; asked for again it goes on"));
    };
  }

  private static CopyReport whole(CopyNote note, Optional<String> file) {
    long bytes = note.before().virtualBytes();
    return new CopyReport(CopyState.READY, bytes, bytes, 0, file, Optional.empty());
  }

  private static CopyReport report(CopyState state, Optional<String> file, Optional<String> error) {
    return new CopyReport(state, 0, 0, 0, file, error);
  }

  private static CopyReport working(ServerDisks disks, CopyNote note, Optional<String> file)
      throws VirtException {
    if (disks.guest().isEmpty()) {
      return isDisk(disks, note)
          ? report(CopyState.PIVOTED, file, Optional.empty())
          : report(CopyState.FAILED, file, Optional.of(qemuEnded(note)));
    }
    Progress seen = progress(disks.guest().get(), note);
    CopyState state =
        switch (seen.state()) {
          case RUNNING -> CopyState.RUNNING;
          case READY, DECIDING, FINISHED -> CopyState.READY;
          case PIVOTED -> CopyState.PIVOTED;
          case ABSENT, FAILED -> CopyState.FAILED;
        };
    return new CopyReport(
        state,
        seen.totalBytes(),
        seen.copiedBytes(),
        seen.limit(),
        file,
        seen.error().map(error -> "%s (%s)".formatted(error, note.place())));
  }

  private static String qemuEnded(CopyNote note) {
    return note.order().resumable()
        ? "its QEMU ended; start the server and ask for the same copy again, it goes on"
        : "its QEMU ended";
  }

  /** Whether the recipe says that the copy is the disk. */
  private static boolean isDisk(ServerDisks disks, CopyNote note) {
    LocalDisk now = disks.local(note.order().disk());
    return note.target()
        .filter(
            target -> now.file().equals(target.file()) && now.storage().equals(target.storage()))
        .isPresent();
  }

  void limit(ServerDisks disks, UUID id, long bytesPerSecond) throws IOException, VirtException {
    if (bytesPerSecond < 0) {
      throw Refusals.invalid("A bandwidth is not negative; 0 is unlimited.");
    }
    CopyNote note = noted(disks, id);
    if (disks.guest().isPresent() && !note.ended()) {
      disks.guest().get().copies().limit(note.order().disk(), note.tag(), bytesPerSecond);
    }
  }

  private static CopyNote noted(ServerDisks disks, UUID id) throws IOException {
    return new DiskNotes(disks.directory())
        .copy(id)
        .orElseThrow(() ->
            new ComputeException(
                ErrorCode.DISK_COPY_NOT_FOUND, "Nothing is known of copy %s.".formatted(id), null));
  }

  CopyReport end(ServerDisks disks, UUID id, CopyEnd how)
      throws IOException, VirtException, InterruptedException {
    CopyNote note = noted(disks, id);
    if (note.order().resumable() && how == CopyEnd.PIVOT) {
      throw Refusals.invalid(
          "A resumable copy is the disk at one moment and does not follow it, so the guest cannot"
              + " go on with it.");
    }
    if (!note.ended()) {
      if (note.end().isPresent() && note.end().get() != how) {
        throw new ComputeException(
            ErrorCode.INSTANCE_INVALID_STATE,
            "Copy %s is already ending the other way.".formatted(id),
            null);
      }
      switch (how) {
        case PIVOT -> pivot(disks, note);
        case FINISH -> finish(disks, note);
      }
    }
    return look(disks, id);
  }

  private static void pivot(ServerDisks disks, CopyNote note)
      throws IOException, VirtException, InterruptedException {
    DiskNotes notes = new DiskNotes(disks.directory());
    LocalDisk target = note.file();
    boolean decided = isDisk(disks, note);
    if (disks.guest().isPresent()) {
      notes.write(note.ending(CopyEnd.PIVOT));
      // The recipe is the decision: QEMU lets the guest write to neither file until it is kept.
      disks
          .guest()
          .get()
          .copies()
          .pivot(note.order().disk(), note.tag(), () -> disks.record(target));
    } else if (note.stage() == Stage.WHOLE) {
      disks.record(target);
    } else if (!decided) {
      throw Refusals.processGone(disks.server());
    }
    notes.write(note.ending(CopyEnd.PIVOT).at(Stage.PIVOTED));
    log.atInfo()
        .addKeyValue("server", disks.server())
        .addKeyValue("disk", note.order().disk())
        .addKeyValue("file", target.file())
        .log("disk moved onto its copy");
    if (!note.order().keepOld()) {
      Files.deleteIfExists(disks.file(note.before()));
    }
  }

  private static void finish(ServerDisks disks, CopyNote note)
      throws IOException, VirtException, InterruptedException {
    DiskNotes notes = new DiskNotes(disks.directory());
    if (note.stage() != Stage.WHOLE) {
      Guest guest = disks.guest().orElseThrow(() -> Refusals.processGone(disks.server()));
      notes.write(note.ending(CopyEnd.FINISH));
      guest.copies().finish(note.order().disk(), note.tag());
      if (note.target().isPresent()) {
        Durable.sync(disks.file(note.target().get()));
      }
      ResumableCopies.forget(disks, note);
    }
    notes.write(note.ending(CopyEnd.FINISH).at(Stage.FINISHED));
  }

  /**
   * Nothing of a copy is left that was not ended.
   *
   * @param broken nobody wanted that: what can be gone on with is kept
   */
  void drop(ServerDisks disks, UUID id, boolean broken)
      throws IOException, VirtException, InterruptedException {
    Optional<CopyNote> found = new DiskNotes(disks.directory()).copy(id);
    if (found.isEmpty() || found.get().ended()) {
      return;
    }
    CopyNote note = found.get();
    if (isDisk(disks, note)) {
      // Decided and not told: the guest is on it, or is as soon as somebody asks for that again.
      pivot(disks, note);
      return;
    }
    if (disks.guest().isPresent()) {
      disks.guest().get().copies().drop(note.order().disk(), note.tag());
    }
    if (broken && note.order().resumable() && ResumableCopies.keep(disks, note)) {
      return;
    }
    ResumableCopies.forget(disks, note);
    remove(disks, note);
  }

  /** The file of an ended copy that is no disk goes. */
  void removeEnded(ServerDisks disks, UUID id) throws IOException {
    Optional<CopyNote> found = new DiskNotes(disks.directory()).copy(id);
    if (found.filter(note -> note.stage() == Stage.FINISHED).isPresent()) {
      remove(disks, found.get());
    }
  }

  /**
   * What was reused is not ours to delete; it holds half a copy, and its user knows. So it is with
   * an export.
   */
  private static void remove(ServerDisks disks, CopyNote note) throws IOException {
    if (!note.order().reuse() && note.target().isPresent()) {
      Files.deleteIfExists(disks.file(note.target().get()));
    }
    new DiskNotes(disks.directory()).forgetCopy(note.order().id());
  }

  /** The file of a finished copy. */
  Path finished(ServerDisks disks, UUID id) throws IOException {
    CopyNote note = noted(disks, id);
    if (note.stage() != Stage.FINISHED) {
      throw new ComputeException(
          ErrorCode.INSTANCE_INVALID_STATE, "Copy %s is not finished.".formatted(id), null);
    }
    return disks.file(note.file());
  }

  /**
   * Goes on with what a former agent was ending: the guest's I/O may be waiting for the decision.
   */
  void goOn(ServerDisks disks) throws IOException, VirtException, InterruptedException {
    for (CopyNote note : new DiskNotes(disks.directory()).copies()) {
      if (note.stage() == Stage.ENDING
          && disks.guest().isPresent()
          && progress(disks.guest().get(), note).state() == DiskCopies.State.DECIDING) {
        end(disks, note.order().id(), note.end().orElse(CopyEnd.FINISH));
      }
    }
  }
}
