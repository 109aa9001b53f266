/**
 * What the database knows. Entities are package-private; the {@code *Store} interfaces are all
 * there is to see, and they return records. Each method is one transaction, and no transaction
 * spans a message: what must be sent is written to the outbox in the same transaction, and leaves
 * afterwards.
 *
 * <p>Who may write: the API makes requests ({@link dev.tern.store.ServerStore}, {@link
 * dev.tern.store.MigrationStore}); everything that follows is written by the conductor that holds
 * the saga's {@link dev.tern.store.SagaStore.Lease}, and only while it holds it. Times are the
 * database's own, so that no two machines' clocks are compared.
 */
@NullMarked
package dev.tern.store;

import org.jspecify.annotations.NullMarked;
