package dev.tern.agent;

import dev.tern.agent.Standing.Place;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult;
import dev.tern.virt.Guest;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.util.Optional;

/**
 * Pauses a guest and lets it run, while it is this host's: no hand-over is recorded meanwhile, so
 * that a guest that has left is never continued. What is asked for is a state, so asking again is
 * safe; QEMU keeps it over an agent's end, and a migration keeps it over a move.
 */
final class GuestPausing {
  private final Instances instances;

  GuestPausing(Instances instances) {
    this.instances = instances;
  }

  /** What is done to the guest. */
  @FunctionalInterface
  private interface Deed {
    void to(Guest guest) throws VirtException;
  }

  /**
   * The guest is paused; or the answer tells that it has ended, or can never be.
   *
   * @throws ComputeException when QEMU refused, and the guest is as it was
   * @throws VirtException when QEMU does not answer; the guest may be paused
   */
  AgentResult pause(Header header) throws IOException, VirtException {
    return reach(header, "paused", Guest::pause);
  }

  /** The guest runs; else as above. */
  AgentResult unpause(Header header) throws IOException, VirtException {
    return reach(header, "unpaused", Guest::cont);
  }

  private AgentResult reach(Header header, String wish, Deed deed)
      throws IOException, VirtException {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    switch (standing.place()) {
      case RUNNING -> {
        Optional<Guest> guest = instance.guest();
        if (guest.isPresent()) {
          whileHere(instance, guest.get(), wish, deed);
        }
      }
      case NOTHING, DEFINED, STOPPED -> {}
      case SUSPENDED, RECEIVING, INCOMING, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), standing, wish);
    }
    instance.noteIfGone();
    return GuestReports.of(instance);
  }

  private static void whileHere(Instance instance, Guest guest, String wish, Deed deed)
      throws IOException, VirtException {
    try {
      instance.whileHere(standing -> standing.place() == Place.RUNNING, () -> deed.to(guest));
    } catch (VirtException e) {
      switch (e.kind()) {
        case NO_ANSWER -> throw e;
        case REFUSED -> refused(instance, guest, wish, e);
        case GONE -> {} // how it is now is the answer
      }
    }
  }

  /** Of a guest that is broken for good, that is the answer. */
  private static void refused(Instance instance, Guest guest, String wish, VirtException why)
      throws VirtException {
    switch (guest.runState()) {
      case SHUTDOWN, ERROR -> {}
      case RUNNING, PAUSED, INCOMING, POSTMIGRATE, FINISH_MIGRATE, IO_ERROR ->
          throw new ComputeException(
              ErrorCode.INSTANCE_INVALID_STATE,
              "The guest of server %s could not be %s: %s"
                  .formatted(instance.server(), wish, why.getMessage()),
              why);
    }
  }
}
