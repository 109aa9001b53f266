package dev.tern.agent;

import dev.tern.virt.LaunchRecipe.LocalDisk;
import java.util.Optional;
import java.util.UUID;

/**
 * What is remembered of a snapshot, beside the instance. From when it is written, the disk is what
 * it was with an empty layer on top; whether QEMU has put it there makes no difference to what the
 * guest reads.
 *
 * @param before the disk as it was; its file becomes a layer
 * @param overlay the disk's file afterwards
 * @param sha256 of the layer, once the recipe names it
 */
record FreezeNote(
    UUID layer, LocalDisk before, String overlay, Optional<String> sha256, long bytes) {

  FreezeNote done(String digest, long length) {
    return new FreezeNote(layer, before, overlay, Optional.of(digest), length);
  }
}
