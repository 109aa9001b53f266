package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.host.HostAnswer.Receipt;
import java.time.Instant;
import java.util.List;

/** What hosts said that they made for migrations, kept after they are gone. */
public interface ReceiptStore {
  /**
   * Keeps what a host says of a migration, unless something newer of it is kept already; then, and
   * when nobody knows the migration, nothing changes.
   */
  void keep(MigrationId migration, HostName host, Receipt receipt);

  /** What each host said last, by its name. */
  List<HostReceipt> of(MigrationId migration);

  /**
   * What one host said.
   *
   * @param toldAt by the database's clock
   */
  record HostReceipt(HostName host, Receipt receipt, Instant toldAt) {}
}
