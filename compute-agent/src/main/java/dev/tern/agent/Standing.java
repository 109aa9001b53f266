package dev.tern.agent;

import dev.tern.agent.JournalEntry.Arrived;
import dev.tern.agent.JournalEntry.Created;
import dev.tern.agent.JournalEntry.Dead;
import dev.tern.agent.JournalEntry.DisksCreated;
import dev.tern.agent.JournalEntry.GivenBack;
import dev.tern.agent.JournalEntry.HandedOver;
import dev.tern.agent.JournalEntry.IncomingPrepared;
import dev.tern.agent.JournalEntry.Landed;
import dev.tern.agent.JournalEntry.Launched;
import dev.tern.agent.JournalEntry.Restored;
import dev.tern.agent.JournalEntry.Resumed;
import dev.tern.agent.JournalEntry.Retired;
import dev.tern.agent.JournalEntry.ReturnedHome;
import dev.tern.agent.JournalEntry.Seen;
import dev.tern.agent.JournalEntry.Sent;
import dev.tern.agent.JournalEntry.Stopped;
import dev.tern.agent.JournalEntry.Suspended;
import dev.tern.agent.JournalEntry.TakenBack;
import dev.tern.contract.agent.ArrivalStamps;
import dev.tern.contract.agent.LeavingStamps;
import java.util.List;
import java.util.Optional;

/**
 * Where a server stands on this host, as its journal says and nothing else.
 *
 * @param epoch of the entry that led to {@code place}
 * @param highestEpoch of any entry; requests of a lower one are refused
 * @param came how the guest last came here
 * @param went how it last went
 * @param saved what the guest is while it is suspended; nothing at any other time, so that no file
 *     is used twice
 */
record Standing(
    Place place, long epoch, long highestEpoch, Came came, Went went, Optional<Saved> saved) {

  /**
   * The last arrival here.
   *
   * @param epoch 0 for none
   * @param paused an incoming guest was paused by its user and stays so
   * @param resumed the arrived guest was let run
   * @param stamps QEMU's
   */
  record Came(long epoch, boolean paused, boolean resumed, Optional<ArrivalStamps> stamps) {}

  /**
   * The last hand-over from here.
   *
   * @param epoch 0 for none
   * @param returned the epoch of the last return, 0 for none
   * @param sent QEMU has sent all of the guest
   * @param stamps QEMU's
   */
  record Went(long epoch, long returned, boolean sent, Optional<LeavingStamps> stamps) {}

  /**
   * The file that is the guest while it is suspended.
   *
   * @param epoch of the suspending; it is in the file's name
   * @param sum CRC-32C of its bytes
   */
  record Saved(long epoch, long bytes, long sum) {}

  /** See the diagram in the package's description. */
  enum Place {
    NOTHING,
    DEFINED,
    RUNNING,
    STOPPED,
    SUSPENDED,
    RECEIVING,
    INCOMING,
    HANDED_OVER,
    DEAD,
    RETIRED
  }

  static final Standing NOTHING =
      new Standing(
          Place.NOTHING,
          0,
          0,
          new Came(0, false, false, Optional.empty()),
          new Went(0, 0, false, Optional.empty()),
          Optional.empty());

  /**
   * @throws ImpossibleEntry when the entries contradict each other
   */
  static Standing of(List<JournalEntry> entries) throws ImpossibleEntry {
    Standing standing = NOTHING;
    for (JournalEntry entry : entries) {
      standing = standing.after(entry);
    }
    return standing;
  }

  /** Whether the guest arrived here in that epoch and nothing has become of it since. */
  boolean arrivedIn(long ofEpoch) {
    return place == Place.RUNNING && epoch == ofEpoch && came.epoch() == ofEpoch;
  }

  /**
   * Where the server stands after the entry.
   *
   * @throws ImpossibleEntry when the entry may not follow; then it must not be written
   */
  Standing after(JournalEntry entry) throws ImpossibleEntry {
    if (entry.epoch() < highestEpoch) {
      throw new ImpossibleEntry(this, entry);
    }
    return switch (entry) {
      case Seen _ -> at(place, epoch, entry.epoch());
      case Created _ -> moved(entry, Place.DEFINED, Place.NOTHING);
      case Launched _ -> moved(entry, Place.RUNNING, Place.DEFINED, Place.STOPPED);
      case Stopped _ ->
          moved(entry, Place.STOPPED, Place.RUNNING, Place.SUSPENDED).saved(Optional.empty());
      case Suspended now ->
          moved(entry, Place.SUSPENDED, Place.RUNNING)
              .saved(Optional.of(new Saved(now.epoch(), now.bytes(), now.sum())));
      case Restored back -> restored(back);
      case DisksCreated _ -> moved(entry, Place.RECEIVING, Place.NOTHING).incoming(false);
      case IncomingPrepared prepared ->
          sameEpoch(entry, Place.INCOMING, Place.RECEIVING).incoming(prepared.paused());
      case Arrived _ -> sameEpoch(entry, Place.RUNNING, Place.INCOMING).arrived(entry.epoch());
      case Resumed resumedEntry -> resumed(resumedEntry);
      case Dead _ ->
          moved(entry, Place.DEAD, Place.NOTHING, Place.RECEIVING, Place.INCOMING, Place.DEAD);
      case HandedOver _ ->
          moved(entry, Place.HANDED_OVER, Place.RUNNING, Place.STOPPED, Place.DEFINED)
              .handedOver(entry.epoch());
      case Landed _ -> sameEpoch(entry, Place.STOPPED, Place.RECEIVING);
      case TakenBack back -> takenBack(back);
      case Sent sentEntry -> sent(sentEntry);
      case ReturnedHome _ ->
          sameEpoch(entry, Place.RUNNING, Place.HANDED_OVER).returned(entry.epoch());
      case GivenBack back -> givenBack(back);
      case Retired _ -> moved(entry, Place.RETIRED, Place.HANDED_OVER);
    };
  }

  private Standing restored(Restored back) throws ImpossibleEntry {
    if (saved.map(Saved::epoch).filter(was -> was == back.suspended()).isEmpty()) {
      throw new ImpossibleEntry(this, back);
    }
    return moved(back, Place.RUNNING, Place.SUSPENDED).saved(Optional.empty());
  }

  private Standing came(Came now) {
    return new Standing(place, epoch, highestEpoch, now, went, saved);
  }

  private Standing went(Went now) {
    return new Standing(place, epoch, highestEpoch, came, now, saved);
  }

  private Standing saved(Optional<Saved> now) {
    return new Standing(place, epoch, highestEpoch, came, went, now);
  }

  private Standing moved(JournalEntry entry, Place to, Place... from) throws ImpossibleEntry {
    if (!List.of(from).contains(place)) {
      throw new ImpossibleEntry(this, entry);
    }
    return at(to, entry.epoch(), entry.epoch());
  }

  private Standing sameEpoch(JournalEntry entry, Place to, Place from) throws ImpossibleEntry {
    if (entry.epoch() != epoch) {
      throw new ImpossibleEntry(this, entry);
    }
    return moved(entry, to, from);
  }

  private Standing at(Place now, long since, long highest) {
    return new Standing(now, since, highest, came, went, saved);
  }

  private Standing incoming(boolean keepPaused) {
    return came(new Came(came.epoch(), keepPaused, false, Optional.empty()));
  }

  private Standing arrived(long inEpoch) {
    return came(new Came(inEpoch, came.paused(), false, Optional.empty()));
  }

  private Standing resumed(Resumed entry) throws ImpossibleEntry {
    if (came.epoch() != entry.epoch()) {
      throw new ImpossibleEntry(this, entry);
    }
    return came(new Came(came.epoch(), came.paused(), true, entry.stamps()));
  }

  private Standing handedOver(long inEpoch) {
    return went(new Went(inEpoch, went.returned(), false, Optional.empty()));
  }

  private Standing sent(Sent entry) throws ImpossibleEntry {
    if (went.epoch() != entry.epoch()) {
      throw new ImpossibleEntry(this, entry);
    }
    return went(new Went(went.epoch(), went.returned(), true, entry.stamps()));
  }

  private Standing givenBack(GivenBack entry) throws ImpossibleEntry {
    if (went.epoch() != entry.handedOver()) {
      throw new ImpossibleEntry(this, entry);
    }
    return moved(entry, Place.RUNNING, Place.HANDED_OVER).returned(entry.epoch());
  }

  private Standing takenBack(TakenBack entry) throws ImpossibleEntry {
    if (went.epoch() != entry.letGo()) {
      throw new ImpossibleEntry(this, entry);
    }
    return moved(entry, Place.STOPPED, Place.HANDED_OVER);
  }

  private Standing returned(long inEpoch) {
    return went(new Went(went.epoch(), inEpoch, went.sent(), went.stamps()));
  }

  /** What may not follow. */
  static final class ImpossibleEntry extends Exception {
    private static final long serialVersionUID = 1L;

    ImpossibleEntry(Standing standing, JournalEntry entry) {
      super(
          "%s cannot follow %s of epoch %d (highest %d)"
              .formatted(entry, standing.place(), standing.epoch(), standing.highestEpoch()));
    }
  }
}
