package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.store.ReceiptStore.HostReceipt;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "receipts")
class ReceiptEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  @Column(name = "migration_id")
  UUID migration = new UUID(0, 0);

  String host = "";
  long revision;
  boolean settled;
  String content = "";

  @Column(name = "told_at")
  Instant toldAt = Instant.EPOCH;

  HostReceipt toRecord() {
    return new HostReceipt(new HostName(host), Json.read(Receipt.class, content), toldAt);
  }
}
