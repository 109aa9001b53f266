package dev.tern.agent;

import dev.tern.agent.JournalEntry.Dead;
import dev.tern.contract.ServerId;
import dev.tern.virt.Guest;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a starting agent finds and takes up. It starts no guest: it connects to those that run, goes
 * on watching those that arrive, and finishes what it had recorded as ended.
 */
final class Adoption {
  private static final Logger log = LoggerFactory.getLogger(Adoption.class);

  private final Instances instances;

  Adoption(Instances instances) {
    this.instances = instances;
  }

  /** One server that cannot be taken up hinders no other; it is looked at again when asked for. */
  void adoptAll() throws IOException {
    for (Instance instance : instances.present()) {
      try {
        if (!instance.belongsToAnotherHost()) {
          adopt(instance);
        }
      } catch (IOException | VirtException | RuntimeException e) {
        log.atError()
            .addKeyValue("server", instance.server())
            .setCause(e)
            .log("a server could not be taken up");
      }
    }
    instances.keys().endWhere(this::over);
  }

  private boolean over(ServerId server, long epoch) {
    try {
      return StreamKeys.over(instances.of(server).standing(), epoch);
    } catch (IOException | RuntimeException _) {
      return false; // told above; its key may still be needed
    }
  }

  private void adopt(Instance instance) throws IOException, VirtException {
    if (!Files.isDirectory(instance.directory(), LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("%s is not a directory".formatted(instance.server()));
    }
    Durable.removeHalves(instance.directory());
    instances.directories().storages().claim(instance.directory());
    Standing standing = instance.standing();
    switch (standing.place()) {
      // A directory without a record that it is complete: its making was cut off.
      case NOTHING -> {
        if (made(instance)) {
          instance.remove();
        } else {
          log.atWarn()
              .addKeyValue("server", instance.server())
              .log("a directory that no agent made is left alone");
        }
      }
      case DEFINED, STOPPED, RECEIVING -> {}
      case RUNNING -> running(instance, standing);
      // Whatever process is there: it is not the guest, which is the file.
      case SUSPENDED -> instance.kill();
      case INCOMING -> {
        Optional<Guest> waits = instance.guest();
        if (waits.isPresent()) {
          incoming(instance, standing, waits.get());
        }
      }
      case HANDED_OVER -> instance.guest();
      case DEAD -> {
        instance.append(new Dead(standing.highestEpoch()));
        instance.kill();
      }
      case RETIRED -> {
        instance.kill();
        instance.remove();
      }
    }
    if (instance.present()) {
      MemoryFile.removeVoid(instance.directory(), instance.standing());
    }
    log.atInfo()
        .addKeyValue("server", instance.server())
        .addKeyValue("place", standing.place())
        .addKeyValue("epoch", standing.highestEpoch())
        .log("server taken up");
  }

  /**
   * Whether an agent made the directory; its making may have been cut off before that was written,
   * and then there is nothing in it.
   */
  private static boolean made(Instance instance) throws IOException {
    if (Files.isRegularFile(
        instance.directory().resolve(Instance.HOST), LinkOption.NOFOLLOW_LINKS)) {
      return true;
    }
    try (Stream<Path> files = Files.list(instance.directory())) {
      return files.findAny().isEmpty();
    }
  }

  private void running(Instance instance, Standing standing) throws IOException, VirtException {
    Optional<Guest> guest = instance.guest();
    if (guest.isEmpty()) {
      instance.noteStopped("its QEMU ended while no agent was here");
    } else if (standing.came().epoch() == standing.epoch() && !standing.came().resumed()) {
      // Recorded as arrived, and the agent died before the guest was let run, or right after.
      waitForWord(instance);
    } else if (standing.came().epoch() == standing.epoch()) {
      // It may run here while some of its memory is still to come.
      guest.get().keepReceiving();
    }
  }

  // A guest that came while no agent was here may be in doubt for days, and this host may have been
  // stated to be dead since: then it runs elsewhere. So it waits for the conductor's next question.
  private void incoming(Instance instance, Standing standing, Guest guest)
      throws IOException, VirtException {
    if (guest.runState() == Guest.RunState.INCOMING) {
      watchArrival(instance, standing);
    } else {
      waitForWord(instance);
    }
  }

  private static void waitForWord(Instance instance) {
    log.atInfo()
        .addKeyValue("server", instance.server())
        .log("a guest came while no agent was here; it runs when a conductor asks for its arrival");
  }

  private void watchArrival(Instance instance, Standing standing)
      throws IOException, VirtException {
    instance.watchArrival(standing.epoch(), standing.came().paused());
    instances.keys().endAtArrival(instance);
  }
}
