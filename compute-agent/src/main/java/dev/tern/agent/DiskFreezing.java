package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentResult.DiskFrozen;
import dev.tern.virt.DiskImages;
import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes what a disk holds an immutable layer, named by its content as every layer is, and lets the
 * guest write to an empty file above it. The content's digest can only be known once nobody writes
 * any more; until the recipe can name it, the {@link FreezeNote} says what the disk is.
 */
final class DiskFreezing {
  private static final Logger log = LoggerFactory.getLogger(DiskFreezing.class);

  /** QEMU and other hosts follow a chain as long as this; see {@link Recipes}. */
  private static final int MAX_LAYERS = 32;

  private final DiskImages images;
  private final LayerProofs proofs;
  private final BasePins pins;
  private final DiskSecrets secrets;

  DiskFreezing(DiskImages images, LayerProofs proofs, BasePins pins, DiskSecrets secrets) {
    this.images = images;
    this.proofs = proofs;
    this.pins = pins;
    this.secrets = secrets;
  }

  DiskFrozen freeze(ServerDisks disks, String id, UUID layer)
      throws IOException, VirtException, InterruptedException {
    DiskNotes notes = new DiskNotes(disks.directory());
    Optional<FreezeNote> known = notes.freeze(layer);
    if (known.isPresent() && known.get().sha256().isPresent()) {
      Files.deleteIfExists(disks.file(known.get().before()));
      return new DiskFrozen(known.get().sha256().get(), known.get().bytes());
    }
    FreezeNote note = known.isPresent() ? known.get() : begin(disks, disks.local(id), layer);
    putOnTop(disks, note);
    FreezeNote done = keep(disks, note);
    log.atInfo()
        .addKeyValue("server", disks.server())
        .addKeyValue("disk", id)
        .addKeyValue("layer", done.sha256().orElse(""))
        .log("disk frozen");
    return new DiskFrozen(done.sha256().orElseThrow(), done.bytes());
  }

  private FreezeNote begin(ServerDisks disks, LocalDisk disk, UUID layer)
      throws IOException, VirtException {
    if (disk.layers().size() >= MAX_LAYERS) {
      throw new ComputeException(
          ErrorCode.INSTANCE_INVALID_STATE,
          "Disk %s lies on %d layers already: copy it in full and pivot, which makes it one file."
              .formatted(disk.id(), disk.layers().size()),
          null);
    }
    images.inspect(disks.file(disk), disks.expected(disk));
    FreezeNote note =
        new FreezeNote(
            layer, disk, disk.id() + "s" + CopyNote.tag(layer) + ".qcow2", Optional.empty(), 0);
    Path overlay = disks.file(overlay(note));
    Files.deleteIfExists(overlay); // of a try that was cut off before its note
    images.create(
        overlay,
        new NewImage(
            "qcow2",
            disk.virtualBytes(),
            List.of(),
            secrets.of(disks.recipe(), disk),
            Optional.empty()));
    Durable.sync(overlay);
    Durable.syncDirectory(overlay.getParent());
    new DiskNotes(disks.directory()).write(note);
    return note;
  }

  private static LocalDisk overlay(FreezeNote note) {
    return new LocalDisk(
        note.before().id(),
        note.overlay(),
        "qcow2",
        note.before().virtualBytes(),
        List.of(),
        note.before().encrypted(),
        note.before().storage());
  }

  private static void putOnTop(ServerDisks disks, FreezeNote note)
      throws IOException, VirtException {
    if (disks.guest().isEmpty()) {
      return; // The next start opens the overlay; until then nobody writes.
    }
    Path overlay = disks.file(overlay(note));
    try {
      disks.guest().get().copies().overlay(note.before().id(), CopyNote.tag(note.layer()), overlay);
    } catch (VirtException e) {
      switch (e.kind()) {
        case REFUSED -> {
          new DiskNotes(disks.directory()).forgetFreeze(note.layer());
          Files.deleteIfExists(overlay);
          throw e;
        }
        // It may have happened: whoever asked is to ask again, and nothing is taken back.
        case NO_ANSWER, GONE ->
            throw new ComputeException(
                ErrorCode.MIGRATION_CANCELLED, "QEMU does not say whether it was done.", e);
      }
    }
  }

  private FreezeNote keep(ServerDisks disks, FreezeNote note)
      throws IOException, InterruptedException {
    Path old = disks.file(note.before());
    if (!Files.exists(old, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("the frozen file %s is gone".formatted(note.before().file()));
    }
    long bytes = Files.size(old);
    String sha256 = Digests.sha256(old);
    try (var _ = pins.pin(sha256)) {
      return keep(disks, note, old, sha256, bytes);
    }
  }

  private FreezeNote keep(ServerDisks disks, FreezeNote note, Path old, String sha256, long bytes)
      throws IOException, InterruptedException {
    // The old file goes in the end: what has its name already is read, not believed.
    proofs.provenOrPlaced(sha256, half -> place(old, sha256, half));
    List<LayerRecipe> layers = new ArrayList<>();
    layers.add(new LayerRecipe(sha256, note.before().format(), note.before().encrypted()));
    layers.addAll(note.before().layers());
    addImage(disks, note, sha256, bytes);
    disks.record(overlay(note).on(layers));
    FreezeNote done = note.done(sha256, bytes);
    new DiskNotes(disks.directory()).write(done);
    Files.deleteIfExists(old);
    return done;
  }

  /** The same file under its new name where that goes, a copy of it from another file system. */
  private static void place(Path old, String sha256, Path half)
      throws IOException, InterruptedException {
    Files.setPosixFilePermissions(old, PosixFilePermissions.fromString("r--------"));
    try {
      Files.createLink(half, old);
      Durable.syncReadOnly(half);
    } catch (FileSystemException | UnsupportedOperationException e) {
      log.atDebug().setCause(e).log("a layer is copied, as it cannot be linked");
      Files.copy(old, half, StandardCopyOption.COPY_ATTRIBUTES);
      Durable.syncReadOnly(half);
      String copied = Digests.sha256(half);
      if (!copied.equals(sha256)) {
        Files.delete(half);
        throw new IOException("the copy of layer %s has sha256 %s".formatted(sha256, copied));
      }
    }
  }

  private static void addImage(ServerDisks disks, FreezeNote note, String sha256, long bytes)
      throws IOException {
    List<ImageRef> all = new ArrayList<>(Recipes.images(disks.directory()));
    if (all.stream().noneMatch(image -> image.sha256().equals(sha256))) {
      all.add(new ImageRef(new ImageId(note.layer()), sha256, note.before().format(), bytes));
      LaunchRecipe now = Recipes.recipe(disks.directory(), disks.server());
      Recipes.keep(disks.directory(), Recipes.write(now), all);
    }
  }
}
