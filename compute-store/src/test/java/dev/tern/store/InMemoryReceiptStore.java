package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.host.HostAnswer.Receipt;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

final class InMemoryReceiptStore implements ReceiptStore {
  private final Memory memory;

  InMemoryReceiptStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public void keep(MigrationId migration, HostName host, Receipt receipt) {
    synchronized (memory) {
      if (!memory.migrations.containsKey(migration.value())) {
        return;
      }
      Optional<ReceiptEntity> known =
          memory.receipts.stream()
              .filter(r -> r.migration.equals(migration.value()) && r.host.equals(host.value()))
              .findFirst();
      if (known.filter(r -> r.revision > receipt.revision()).isPresent()) {
        return;
      }
      ReceiptEntity row = known.orElseGet(ReceiptEntity::new);
      row.migration = migration.value();
      row.host = host.value();
      row.revision = receipt.revision();
      row.settled = receipt.settled();
      row.content = Json.of(receipt);
      row.toldAt = memory.now;
      if (known.isEmpty()) {
        memory.receipts.add(row);
      }
    }
  }

  @Override
  public List<HostReceipt> of(MigrationId migration) {
    synchronized (memory) {
      return memory.receipts.stream()
          .filter(row -> row.migration.equals(migration.value()))
          .sorted(Comparator.comparing(row -> row.host))
          .map(ReceiptEntity::toRecord)
          .toList();
    }
  }
}
