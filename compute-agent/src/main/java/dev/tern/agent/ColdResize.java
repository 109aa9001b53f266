package dev.tern.agent;

import dev.tern.agent.JournalEntry.TakenBack;
import dev.tern.agent.Standing.Place;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.NewSize;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.virt.DiskImages;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.util.Optional;

/**
 * A server that becomes another one without leaving its host. What it was is put aside whole before
 * anything is changed, and stays until it is taken back ({@link ColdSource#takeBack}) or dropped.
 */
final class ColdResize {
  private final Instances instances;
  private final Sizing sizing;
  private final Reservations reservations;
  private final DiskImages images;

  ColdResize(Instances instances, Sizing sizing, Reservations reservations, DiskImages images) {
    this.instances = instances;
    this.sizing = sizing;
    this.reservations = reservations;
    this.images = images;
  }

  AgentResult check(Header header, NewSize size) throws Exception {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    switch (standing.place()) {
      case DEFINED, RUNNING, STOPPED, HANDED_OVER -> {}
      case NOTHING -> throw Refusals.absent(header.server());
      case SUSPENDED, RECEIVING, INCOMING, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), standing, "resized");
    }
    requireNoOther(header, instance);
    LaunchRecipe recipe = Recipes.recipe(instance.directory(), header.server());
    LaunchRecipe _ = sizing.sized(recipe, Optional.of(size));
    long bytes = 0;
    for (LocalDisk disk : recipe.localDisks()) {
      bytes += images.allocatedBytes(disk.in(instance.directory()));
    }
    reservations.requireFree(bytes);
    return new Nothing();
  }

  /** It may be the only good copy of an attempt that was never taken back; nothing replaces it. */
  private static void requireNoOther(Header header, Instance instance) throws IOException {
    if (!CopyBefore.of(instance, header.epoch()).present()
        && CopyBefore.any(instance).isPresent()) {
      throw new ComputeException(
          ErrorCode.INSTANCE_INVALID_STATE,
          "Server %s has %s in its directory, from a resize that was neither confirmed nor taken back: look at it first."
              .formatted(header.server(), CopyBefore.any(instance).get().getFileName()),
          null);
    }
  }

  AgentResult resize(Header header, NewSize size) throws Exception {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    CopyBefore before = CopyBefore.of(instance, header.epoch());
    if (before.present()
        && standing.epoch() == header.epoch()
        && (standing.place() == Place.STOPPED || standing.place() == Place.RUNNING)) {
      return new Nothing();
    }
    if (standing.place() != Place.HANDED_OVER
        || standing.went().epoch() != header.epoch()
        || instance.guest().isPresent()) {
      throw Refusals.wrongPlace(header.server(), standing, "resized");
    }
    requireNoOther(header, instance);
    LaunchRecipe _ =
        sizing.sized(
            before.present()
                ? before.recipe()
                : Recipes.recipe(instance.directory(), header.server()),
            Optional.of(size));
    before.make(images);
    LaunchRecipe sized = sizing.sized(before.recipe(), Optional.of(size));
    sizing.grow(sized, instance.directory());
    Recipes.keep(instance.directory(), Recipes.write(sized), Recipes.images(instance.directory()));
    instance.append(new TakenBack(header.epoch(), header.epoch()));
    return new Nothing();
  }

  AgentResult find(Header header, long letGo) throws IOException {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    if (!CopyBefore.of(instance, letGo).present()) {
      throw Refusals.absent(header.server());
    }
    switch (standing.place()) {
      case RUNNING, STOPPED, SUSPENDED, HANDED_OVER -> {}
      case NOTHING, DEFINED, RECEIVING, INCOMING, DEAD, RETIRED ->
          throw Refusals.absent(header.server());
    }
    return new Nothing();
  }

  AgentResult drop(Header header, long letGo) throws IOException, VirtException {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    switch (standing.place()) {
      case RUNNING, STOPPED, SUSPENDED -> CopyBefore.of(instance, letGo).remove();
      case NOTHING, DEFINED, RECEIVING, INCOMING, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), standing, "confirmed");
    }
    return new Nothing();
  }
}
