package dev.tern.agent;

import dev.tern.agent.JournalEntry.Restored;
import dev.tern.agent.JournalEntry.Stopped;
import dev.tern.agent.JournalEntry.Suspended;
import dev.tern.agent.Standing.Place;
import dev.tern.agent.Standing.Saved;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a guest a file, and a file a guest again. At every moment the journal says which of the two
 * it is: up to {@code Suspended} the process, and a file beside it is void; from there to {@code
 * Restored} the file, and a process beside it may be ended at any time; then the process again. So
 * no file is used twice: the disks of a guest that has run on no longer fit its older memory.
 */
final class GuestSuspending {
  private static final Logger log = LoggerFactory.getLogger(GuestSuspending.class);

  /** Devices, and what QEMU says of each page beside its bytes: 8 of 4096, and some for good. */
  private static final long DEVICES = 32L << 20;

  private static final long MIB = 1L << 20;

  private final Instances instances;
  private final Reservations reservations;

  GuestSuspending(Instances instances, Reservations reservations) {
    this.instances = instances;
    this.reservations = reservations;
  }

  /**
   * The guest is a file, and no QEMU is left; or the answer tells that it has ended. May be asked
   * again wherever it was cut off.
   *
   * @param says told how far it is
   * @throws ComputeException INSTANCE_INVALID_STATE when it could not be; the guest runs on
   */
  AgentResult suspend(Header header, Consumer<String> says) throws Exception {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    switch (standing.place()) {
      case RUNNING -> {
        Optional<Guest> guest = instance.guest();
        if (guest.isPresent()) {
          save(header, instance, guest.get(), says);
        }
      }
      case NOTHING, DEFINED, STOPPED, SUSPENDED -> {}
      case RECEIVING, INCOMING, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), standing, "suspended");
    }
    if (instance.standing().place() == Place.SUSPENDED) {
      instance.kill();
    }
    instance.noteIfGone();
    return GuestReports.of(instance);
  }

  private void save(Header header, Instance instance, Guest guest, Consumer<String> says)
      throws Exception {
    Path directory = instance.directory();
    LaunchRecipe recipe = Recipes.recipe(directory, header.server());
    MemoryFile.removeVoid(directory, instance.standing());
    long memory = recipe.memoryKib() * 1024L;
    Header here = new Header(header.request(), header.server(), header.epoch(), Optional.empty());
    try {
      reservations.takeBeside(here, memory + memory / 256 + DEVICES);
    } catch (ComputeException e) {
      throw refused(header, "suspended", e.explanation(), e);
    }
    try {
      Saved saved = write(header, instance, guest, says);
      syncDisks(directory, recipe);
      record(instance, guest, saved);
    } catch (VirtException e) {
      letGoOn(instance, guest, e);
      throw switch (e.kind()) {
        case REFUSED -> refused(header, "suspended", String.valueOf(e.getMessage()), e);
        case NO_ANSWER, GONE -> e;
      };
    } catch (IOException e) {
      letGoOn(instance, guest, e);
      if (instance.guest().isEmpty()) {
        return; // It ended meanwhile, which is the answer.
      }
      throw refused(header, "suspended", Refusals.failure(e).message(), e);
    } catch (InterruptedException | RuntimeException e) {
      letGoOn(instance, guest, e);
      throw e;
    } finally {
      reservations.release(header.server(), header.epoch());
    }
  }

  private static Saved write(Header header, Instance instance, Guest guest, Consumer<String> says)
      throws Exception {
    try (MemoryFile.Writer file = MemoryFile.create(instance.directory(), header.epoch())) {
      guest.save(file, bytes -> says.accept("%d MiB of memory saved".formatted(bytes / MIB)));
      return file.finish();
    }
  }

  /** Also what the guest had not flushed: it takes all it wrote for written when it goes on. */
  private static void syncDisks(Path directory, LaunchRecipe recipe) throws IOException {
    for (LocalDisk disk : recipe.localDisks()) {
      Durable.sync(disk.in(directory));
    }
  }

  private static void record(Instance instance, Guest guest, Saved saved)
      throws IOException, VirtException {
    instance.whileHere(
        standing -> standing.place() == Place.RUNNING,
        () -> {
          // Nobody lets it run while this is being written; who did before has made the file void.
          if (guest.runState() != RunState.POSTMIGRATE) {
            throw new IOException("the guest was let run meanwhile");
          }
          if (Files.size(MemoryFile.of(instance.directory(), saved.epoch())) != saved.bytes()) {
            throw new IOException("the file was changed meanwhile");
          }
          instance.append(new Suspended(saved.epoch(), saved.bytes(), saved.sum()));
        });
    if (instance.standing().place() != Place.SUSPENDED) {
      throw new IOException("the guest ended meanwhile");
    }
    log.atInfo()
        .addKeyValue("server", instance.server())
        .addKeyValue("epoch", saved.epoch())
        .addKeyValue("bytes", saved.bytes())
        .log("guest suspended");
  }

  /**
   * The file is void, so the guest may run. Not where a restart may find that it was recorded: then
   * it stands until that is known.
   */
  private static void letGoOn(Instance instance, Guest guest, Exception failure)
      throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      if (!instance.certain()) {
        return;
      }
      MemoryFile.removeVoid(instance.directory(), instance.standing());
      instance.whileHere(
          standing -> standing.place() == Place.RUNNING, () -> guest.recoverAtHome(false));
    } catch (VirtException e) {
      failure.addSuppressed(e);
      log.atWarn()
          .addKeyValue("server", instance.server())
          .setCause(e)
          .log("a guest that was not suspended does not run on yet");
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * The guest runs where it was, its file is gone; or the answer tells that it has ended. May be
   * asked again wherever it was cut off.
   *
   * @throws ComputeException INSTANCE_INVALID_STATE when it could not be; it is suspended as before
   */
  AgentResult resume(Header header, Consumer<String> says) throws Exception {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    switch (standing.place()) {
      case SUSPENDED -> {
        restore(header, instance, standing.saved().orElseThrow(), says);
        letRun(header, instance);
      }
      case RUNNING -> letRun(header, instance);
      case NOTHING, DEFINED, STOPPED -> {}
      case RECEIVING, INCOMING, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), standing, "resumed");
    }
    instance.noteIfGone();
    return GuestReports.of(instance);
  }

  private static void restore(Header header, Instance instance, Saved saved, Consumer<String> says)
      throws Exception {
    instance.kill(); // Which had been saved, or was cut off while it was being restored.
    LaunchRecipe recipe = Recipes.recipe(instance.directory(), header.server());
    try (MemoryFile.Reader file = MemoryFile.open(instance.directory(), saved)) {
      Guest guest = instance.startRestoring(recipe);
      guest.load(
          file,
          bytes ->
              says.accept(
                  "%d of %d MiB of memory restored".formatted(bytes / MIB, saved.bytes() / MIB)));
    } catch (VirtException e) {
      endAfter(instance, e);
      throw refused(header, "resumed", String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      endAfter(instance, e);
      throw refused(header, "resumed", "its saved memory: " + e.getMessage(), e);
    } catch (InterruptedException | RuntimeException e) {
      endAfter(instance, e);
      throw e;
    }
    // A failure leaves the process as it is, standing: whether this counts decides what it is.
    instance.append(new Restored(header.epoch(), saved.epoch()));
    log.atInfo()
        .addKeyValue("server", instance.server())
        .addKeyValue("epoch", header.epoch())
        .log("guest restored");
  }

  /** It has not run, so nothing is lost with it. */
  private static void endAfter(Instance instance, Exception failure) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      instance.kill();
    } catch (VirtException e) {
      failure.addSuppressed(e); // It is ended before the next try.
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static void letRun(Header header, Instance instance) throws IOException, VirtException {
    Optional<Guest> guest = instance.guest();
    if (guest.isPresent()) {
      try {
        instance.whileHere(
            standing -> standing.place() == Place.RUNNING && standing.epoch() == header.epoch(),
            () -> guest.get().cont());
      } catch (VirtException e) {
        if (e.kind() != VirtException.Kind.GONE) {
          throw e;
        }
      }
    }
    MemoryFile.removeVoid(instance.directory(), instance.standing());
  }

  /**
   * Removes files with memory that are not the guest, and that nobody is writing: what failed to go
   * when it was void. None is recorded as the guest meanwhile.
   */
  void sweep(Jobs jobs) throws IOException {
    for (Instance instance : instances.present()) {
      try {
        if (!instance.belongsToAnotherHost()
            && !jobs.busy(instance.server())
            && !MemoryFile.voids(instance.directory(), instance.standing()).isEmpty()) {
          instance.whileHere(
              _ -> true, () -> MemoryFile.removeVoid(instance.directory(), instance.standing()));
        }
      } catch (IOException | VirtException | ComputeException e) {
        log.atWarn()
            .addKeyValue("server", instance.server())
            .setCause(e)
            .log("saved memory that is void could not be removed yet");
      }
    }
  }

  /** A suspended guest is given up, as one is that is powered off. Any other is left alone. */
  static void discard(Instance instance, String reason) throws IOException, VirtException {
    Standing standing = instance.standing();
    if (standing.place() != Place.SUSPENDED) {
      return;
    }
    instance.kill();
    instance.append(new Stopped(standing.highestEpoch(), reason));
    MemoryFile.removeVoid(instance.directory(), instance.standing());
    log.atInfo()
        .addKeyValue("server", instance.server())
        .addKeyValue("reason", reason)
        .log("saved memory discarded");
  }

  private static ComputeException refused(Header header, String wish, String why, Exception cause) {
    return new ComputeException(
        ErrorCode.INSTANCE_INVALID_STATE,
        "The guest of server %s could not be %s: %s".formatted(header.server(), wish, why),
        cause);
  }
}
