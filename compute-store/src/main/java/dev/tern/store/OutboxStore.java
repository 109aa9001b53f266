package dev.tern.store;

import dev.tern.contract.conductor.Outbox;

/** The outbox as the database keeps it; how long a message is taken is by the database's clock. */
public interface OutboxStore extends Outbox {
  /** How many wait, for the metric. */
  long waiting();
}
