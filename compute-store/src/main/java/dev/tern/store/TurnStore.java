package dev.tern.store;

import dev.tern.contract.MigrationId;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;

/**
 * Whose turn it is to move, of all migrations that have passed their checks: whoever asked for
 * them, no more move at once than may, and the others wait in the order of their requests. One that
 * waits for a full host holds up nobody who goes another way, for {@link #PATIENCE}.
 *
 * <p>An aggregate whose property {@link #LINK} is a number is a link: so many migrations at once
 * may cross its edge, to or from its hosts.
 */
public interface TurnStore {
  /** The property of an aggregate that makes it a link. */
  String LINK = "tern:migrations_at_once";

  /**
   * Who was asked for longer ago than this, and still waits, has the next free turn at each of its
   * hosts and links kept for it.
   */
  Duration PATIENCE = Duration.ofMinutes(2);

  /**
   * A migration that is queued moves from now on, unless others have to go first. Then it waits: no
   * conductor is offered its saga ({@link SagaStore#waiting}) until it is its turn, or it is to
   * end. Asked twice is one effect.
   *
   * @return whether it is its turn
   */
  boolean takeTurn(MigrationId id, AtOnce most);

  /**
   * Gives their turns to those that wait, as far as there is room, and wakes their sagas. Of two
   * who give at the same time one does.
   *
   * @return how many have theirs now
   */
  int giveTurns(AtOnce most);

  /** For what these wait; those that do not are left out. */
  Map<MigrationId, Waiting> waiting(Collection<MigrationId> ids);

  /** How many migrations may move at once from a host, to a host, and anywhere; 0 is any number. */
  record AtOnce(int out, int in, int cluster) {}

  /**
   * A migration's place in the queue.
   *
   * @param why in words
   * @param ahead how many that wait for the same hosts were asked for before it
   */
  record Waiting(String why, int ahead) {}
}
