package dev.tern.agent;

import dev.tern.agent.JournalEntry.GivenBack;
import dev.tern.agent.JournalEntry.Retired;
import dev.tern.agent.JournalEntry.ReturnedHome;
import dev.tern.agent.JournalEntry.Sent;
import dev.tern.agent.Standing.Place;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SealedSecrets;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.agent.LeavingStamps;
import dev.tern.contract.move.MovePolicy;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** The half of a migration that gives the guest away. */
final class SourceSide {
  private static final Duration CANCEL_LOOK = Duration.ofSeconds(1);
  private static final int CANCEL_LOOKS = 30;

  private final Instances instances;
  private final Jobs jobs;
  private final ProgressTeller progress;
  private final SourceCheck check;
  private final OwnFiles own;
  private final Moves moves;

  SourceSide(
      Instances instances,
      Jobs jobs,
      ProgressTeller progress,
      SourceCheck check,
      OwnFiles own,
      Moves moves) {
    this.instances = instances;
    this.jobs = jobs;
    this.progress = progress;
    this.check = check;
    this.own = own;
    this.moves = moves;
  }

  AgentResult describe(Header header) throws Exception {
    return check.describe(header);
  }

  AgentResult describeServer(Header header) throws Exception {
    return check.describeServer(header);
  }

  AgentResult check(Header header, String probeFile, BlockMigration blockMigration)
      throws Exception {
    return check.check(header, probeFile, blockMigration);
  }

  AgentResult sealSecrets(Header header) throws Exception {
    Instance instance = instances.of(header.server());
    LaunchRecipe recipe = Recipes.recipe(instance.directory(), header.server());
    return new SealedSecrets(own.secrets().sealed(recipe, instances.keys().agreed(header)));
  }

  AgentResult mirrorDisks(Header header, IncomingReady target, Map<String, Way> ways, Move move)
      throws Exception {
    StreamTarget to = StreamTarget.of(target, instances.keys().stream(header));
    Instance instance = instances.of(header.server());
    Guest guest = SourceCheck.running(instance, "mirrored");
    LaunchRecipe recipe = Recipes.recipe(instance.directory(), header.server());
    List<MirrorTarget> targets =
        recipe.localDisks().stream().map(disk -> to.mirror(disk, DiskWays.of(disk, ways))).toList();
    Consumer<MoveProgress> told = told(header, instance, recipe, move);
    Steering steering = moves.begin(instance, header, move, guest);
    try {
      guest.mirrorDisks(targets, steering, told);
      return new Nothing();
    } catch (InterruptedException e) {
      guest.recoverAtHome(steering.keepPaused());
      throw e;
    } catch (VirtException e) {
      throw DestinationFull.named(e);
    }
  }

  /** Progress, after the layers that were sent before. */
  private Consumer<MoveProgress> told(
      Header header, Instance instance, LaunchRecipe recipe, Move move) throws IOException {
    long layerBytes = LayerDeparture.sent(instance, header);
    Consumer<MoveProgress> out =
        progress.of(header, LayerDeparture.memoryBytes(recipe), move.policy().maxPause());
    return moved -> out.accept(moved.after(layerBytes));
  }

  AgentAnswer steer(Header header, MovePolicy policy) throws IOException {
    return moves.steered(instances.of(header.server()), header, policy);
  }

  AgentAnswer forceComplete(Header header) throws IOException {
    return moves.forced(instances.of(header.server()), header);
  }

  AgentResult cancelMirrors(Header header) throws Exception {
    Instance instance = instances.of(header.server());
    instance.check(header.epoch());
    Optional<Jobs.Job> mirroring = jobs.running(header.server(), AgentRequest.MirrorDisks.class);
    if (mirroring.isPresent()) {
      mirroring.get().interrupt();
      awaitEnd(mirroring.get());
    }
    Place place = instance.standing().place();
    if (place == Place.STOPPED) {
      moves.end(instance, header); // its QEMU died meanwhile, and the mirrors with it
    } else if (place == Place.RUNNING) {
      Optional<Guest> guest = instance.guest();
      if (guest.isPresent()) {
        // The guest may have been paused so that its disks could end.
        boolean paused = moves.keepsPaused(instance, header, guest.get());
        instance
            .wayHome()
            .take(header.epoch(), () -> comeHome(instance, header, guest.get(), paused));
      } else {
        moves.end(instance, header);
      }
    } else if (instance.standing().place() == Place.STOPPED) {
      moves.end(instance, header); // its QEMU died on the way
    }
    return new Nothing();
  }

  private static void awaitEnd(Jobs.Job job) throws InterruptedException {
    for (int looks = 0; looks < CANCEL_LOOKS && job.await(CANCEL_LOOK) == null; looks++) {
      job.interrupt();
    }
  }

  AgentResult handOver(Header header, IncomingReady target, Move move) throws Exception {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    return switch (standing.place()) {
      case RUNNING -> handOver(header, instance, target, move, false);
      case HANDED_OVER, RETIRED -> {
        if (standing.went().epoch() != header.epoch()) {
          throw Refusals.wrongPlace(header.server(), standing, "handed over");
        }
        if (standing.went().sent()) {
          yield new AgentResult.HandedOver(
              true, "", standing.went().stamps(), progress.last(header), Optional.of(true));
        }
        yield instance.guest().isPresent()
            ? handOver(header, instance, target, move, true)
            : new AgentResult.HandedOver(
                true,
                "Handed over, but its QEMU has ended since.",
                standing.went().stamps(),
                progress.last(header));
      }
      case NOTHING -> throw Refusals.absent(header.server());
      case DEFINED, STOPPED, SUSPENDED, RECEIVING, INCOMING, DEAD ->
          throw Refusals.wrongPlace(header.server(), standing, "handed over");
    };
  }

  private AgentResult handOver(
      Header header, Instance instance, IncomingReady target, Move move, boolean recorded)
      throws Exception {
    // What is recorded goes on with what QEMU has, whether or not the key is still known.
    StreamTarget to =
        StreamTarget.of(
            target,
            recorded
                ? instances.keys().agreed(header).map(AgreedKey::stream)
                : instances.keys().stream(header));
    Guest guest = instance.runningGuest();
    LaunchRecipe recipe = Recipes.recipe(instance.directory(), header.server());
    Consumer<MoveProgress> told = told(header, instance, recipe, move);
    Steering steering = moves.begin(instance, header, move, guest);
    Guest.HandOver came;
    try {
      came =
          guest.handOver(
              to.memory(),
              steering,
              recorded,
              () -> instance.wayHome().leave(header.epoch()),
              told);
    } catch (VirtException e) {
      came = afterFailure(instance, guest, header, steering, e);
    }
    return switch (came) {
      case Guest.HandOver.Sent(var heard, var moved) -> {
        Optional<LeavingStamps> stamps = Stamps.of(heard);
        instance.append(new Sent(header.epoch(), stamps));
        instances.keys().end(header.server());
        told.accept(moved);
        yield new AgentResult.HandedOver(
            true, "", stamps, progress.last(header), Optional.of(true));
      }
      case Guest.HandOver.Stayed(String reason) ->
          new AgentResult.HandedOver(false, reason, Optional.empty(), Optional.empty());
      case Guest.HandOver.Unknown(String reason, var letGo) ->
          new AgentResult.HandedOver(true, reason, Optional.empty(), progress.last(header), letGo);
    };
  }

  /** The record decides: before it the guest comes back here, after it never by itself. */
  private static Guest.HandOver afterFailure(
      Instance instance, Guest guest, Header header, Steering steering, VirtException failure)
      throws IOException, VirtException {
    String reason = String.valueOf(failure.getMessage());
    if (instance.standing().went().epoch() == header.epoch()) {
      return new Guest.HandOver.Unknown(reason);
    }
    if (failure.kind() == VirtException.Kind.GONE) {
      throw failure;
    }
    try {
      guest.recoverAtHome(steering.keepPaused());
    } catch (VirtException e) {
      e.addSuppressed(failure);
      throw e;
    }
    return new Guest.HandOver.Stayed(reason);
  }

  AgentResult cancelHandOver(Header header) throws Exception {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    if (standing.place() == Place.RUNNING) {
      Guest guest = instance.runningGuest();
      Optional<Jobs.Job> moving = jobs.running(header.server(), AgentRequest.HandOver.class);
      if (moving.isEmpty()) {
        // Nobody drives a hand-over here now, so what an agent before this one began is taken back.
        instance.wayHome().take(header.epoch(), () -> recover(header, instance, guest));
      }
      for (int looks = 0; moving.isPresent() && looks < CANCEL_LOOKS; looks++) {
        guest.cancelHandOver();
        if (moving.get().await(CANCEL_LOOK) != null) {
          break;
        }
      }
      standing = instance.standing();
    }
    return switch (standing.place()) {
      case RUNNING -> new Nothing();
      case NOTHING -> throw Refusals.absent(header.server());
      case DEFINED, STOPPED, SUSPENDED, RECEIVING, INCOMING, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), standing, "kept: it is too late");
    };
  }

  private void recover(Header header, Instance instance, Guest guest)
      throws IOException, VirtException {
    if (guest.runState() != RunState.RUNNING) {
      guest.recoverAtHome(moves.keepsPaused(instance, header, guest));
    }
  }

  /**
   * Its own again.
   *
   * @param of the hand-over's epoch, when its migration is over
   */
  AgentResult returnHome(Header header, Optional<Long> of) throws Exception {
    Instance instance = instances.of(header.server());
    Header left = of.map(epoch -> ofEpoch(header, epoch)).orElse(header);
    if (of.isPresent()) {
      giveUpLeaving(header, instance, left);
    }
    Standing standing = instance.standing();
    boolean handedOver =
        standing.place() == Place.HANDED_OVER && standing.went().epoch() == left.epoch();
    boolean returned =
        standing.place() == Place.RUNNING && standing.went().returned() == header.epoch();
    if (!handedOver && !returned) {
      if (standing.place() == Place.RUNNING
          && instance.runningGuest().runState() == RunState.RUNNING) {
        return new Nothing();
      }
      throw Refusals.wrongPlace(header.server(), standing, "taken home");
    }
    Optional<Guest> guest = instance.guest();
    if (handedOver) {
      instance.append(
          of.isPresent()
              ? new GivenBack(header.epoch(), of.get())
              : new ReturnedHome(header.epoch()));
    }
    instances.keys().end(header.server());
    if (guest.isEmpty()) {
      instance.noteStopped("its QEMU was gone when it came home");
      if (of.isPresent()) {
        moves.end(instance, left);
      }
      throw Refusals.processGone(header.server());
    }
    guest.get().recoverAtHome(moves.keepsPaused(instance, left, guest.get()));
    if (of.isPresent()) {
      moves.end(instance, left); // In a migration under way, who cancels its mirrors does.
    }
    return new Nothing();
  }

  private static Header ofEpoch(Header header, long epoch) {
    return new Header(header.request(), header.server(), epoch, header.migration());
  }

  /** What that migration had begun here, and had not come to the record that the guest has left. */
  private void giveUpLeaving(Header header, Instance instance, Header left) throws Exception {
    Place place = instance.standing().place();
    if ((place != Place.RUNNING && place != Place.STOPPED) || !moves.isNoted(instance, left)) {
      return;
    }
    Optional<Guest> guest = instance.guest();
    if (guest.isEmpty()) {
      moves.end(instance, left);
      return;
    }
    instance
        .wayHome()
        .take(
            header.epoch(),
            () -> {
              boolean paused = moves.keepsPaused(instance, left, guest.get());
              comeHome(instance, left, guest.get(), paused);
            });
  }

  private void comeHome(Instance instance, Header left, Guest guest, boolean paused)
      throws IOException, VirtException {
    try {
      guest.recoverAtHome(paused);
    } catch (VirtException e) {
      if (e.kind() == VirtException.Kind.GONE) {
        moves.end(instance, left); // It died on the way: nobody asks for this again.
      }
      throw e;
    }
    // Not before: a guest that has left and returns is what the note says it was.
    moves.end(instance, left);
  }

  AgentResult retire(Header header, boolean keepDisks, boolean notNeeded) throws Exception {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    switch (standing.place()) {
      case NOTHING, RETIRED -> {}
      case HANDED_OVER -> {
        if (!notNeeded) {
          requireAllSent(header, instance, standing);
        }
        instance.append(new Retired(header.epoch()));
      }
      case DEFINED, RUNNING, STOPPED, SUSPENDED, RECEIVING, INCOMING, DEAD ->
          throw Refusals.wrongPlace(header.server(), standing, "retired");
    }
    instance.kill();
    instances.keys().end(header.server());
    if (keepDisks) {
      instance.keep(header.epoch());
    } else {
      own.secrets().remove(header.server());
      List<String> drives = own.drives().of(instance.directory(), header.server());
      instance.remove();
      own.drives().remove(drives);
    }
    return new Nothing();
  }

  /** After post-copy the guest runs elsewhere and still needs what only this QEMU has. */
  private static void requireAllSent(Header header, Instance instance, Standing standing)
      throws IOException, VirtException {
    if (standing.went().sent()) {
      return;
    }
    Optional<Guest> guest = instance.guest();
    if (guest.isEmpty()) {
      throw Refusals.endedUnsent(header.server());
    }
    if (guest.get().runState() == RunState.FINISH_MIGRATE) {
      throw Refusals.wrongPlace(
          header.server(), standing, "retired: its memory is still on its way");
    }
  }
}
