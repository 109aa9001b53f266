package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.MissingMemory;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.virt.Guest;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.util.Optional;

/** Who runs the guest, as far as this host knows. Looks, and changes nothing. */
final class GuestReports {
  private GuestReports() {}

  private record Seen(
      Runner runner, String detail, Optional<MissingMemory> missing, Optional<Boolean> letGo) {
    Seen(Runner runner, String detail, Optional<MissingMemory> missing) {
      this(runner, detail, missing, Optional.empty());
    }

    Seen(Runner runner, String detail) {
      this(runner, detail, Optional.empty());
    }
  }

  static GuestReport of(Instance instance) {
    try {
      Standing standing = instance.standing();
      Seen seen = seen(instance, standing);
      return new GuestReport(
          seen.runner(), standing.highestEpoch(), seen.detail(), seen.missing(), seen.letGo());
    } catch (ComputeException e) {
      return new GuestReport(Runner.UNKNOWN, 0, e.explanation());
    } catch (IOException e) {
      return new GuestReport(Runner.UNKNOWN, 0, "This host's disk failed: " + e.getMessage());
    }
  }

  private static Seen seen(Instance instance, Standing standing) throws IOException {
    try {
      Optional<Guest> guest =
          switch (standing.place()) {
            case RUNNING, INCOMING, HANDED_OVER, DEAD -> instance.guestNow();
            case NOTHING, DEFINED, STOPPED, SUSPENDED, RECEIVING, RETIRED -> Optional.empty();
          };
      return switch (standing.place()) {
        case NOTHING -> new Seen(Runner.ABSENT, "");
        case RETIRED -> new Seen(Runner.ABSENT, "it moved away");
        case RECEIVING -> new Seen(Runner.ABSENT, "disks for it are here, and no guest");
        case DEFINED, STOPPED -> new Seen(Runner.STOPPED, "");
        case SUSPENDED ->
            new Seen(Runner.SUSPENDED, MemoryFile.look(instance.directory(), standing));
        case RUNNING ->
            guest.isPresent() ? running(guest.get()) : new Seen(Runner.STOPPED, "no process");
        case INCOMING -> new Seen(Runner.INCOMING, guest.isPresent() ? "" : "its process is gone");
        case HANDED_OVER -> handedOver(standing, guest);
        case DEAD ->
            guest.isPresent()
                ? new Seen(Runner.INCOMING, "it is being ended")
                : new Seen(Runner.DEAD, "");
      };
    } catch (VirtException e) {
      // Gone, refused or silent: only a look that finds no process says that the guest ended.
      return new Seen(Runner.UNKNOWN, "Its monitor says: " + e.getMessage());
    }
  }

  /** A process that ended before that was recorded may have failed and run the guest again. */
  private static Seen handedOver(Standing standing, Optional<Guest> guest) throws VirtException {
    return guest.isPresent()
        ? new Seen(
            Runner.HANDED_OVER,
            "",
            Optional.empty(),
            standing.went().sent() ? Optional.of(true) : guest.get().hasLeft())
        : new Seen(
            Runner.HANDED_OVER,
            "its process is gone",
            standing.went().sent() ? Optional.empty() : Optional.of(MissingMemory.CUT_OFF),
            Optional.of(standing.went().sent()));
  }

  private static Seen running(Guest guest) throws VirtException {
    switch (guest.missingMemory()) {
      case NONE -> {}
      // Its QEMU may be held by a processor that waits for a page, and is not asked.
      case COMING -> {
        return new Seen(
            Runner.RUNNING, "memory of it is still to come", Optional.of(MissingMemory.COMING));
      }
      case CUT_OFF -> {
        return new Seen(
            Runner.RUNNING,
            "it waits for memory that only its source has, and the link to that broke",
            Optional.of(MissingMemory.CUT_OFF));
      }
    }
    Guest.RunState state = guest.runState();
    return switch (state) {
      case RUNNING -> new Seen(Runner.RUNNING, "");
      case PAUSED, POSTMIGRATE, FINISH_MIGRATE -> new Seen(Runner.PAUSED, "QEMU: " + state);
      case INCOMING -> new Seen(Runner.PAUSED, "it arrived and is about to run");
      case IO_ERROR ->
          new Seen(
              Runner.PAUSED,
              "QEMU stopped it at a write that its disk had no room for; it goes on when there is room");
      case SHUTDOWN, ERROR -> new Seen(Runner.BROKEN, "QEMU: " + state);
    };
  }
}
