package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.store.AggregateStore.Aggregate;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "aggregates")
class AggregateEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Integer number;

  UUID uuid = new UUID(0, 0);
  String name = "";
  String metadata = "{}";

  @Column(name = "created_at")
  Instant createdAt = Instant.EPOCH;

  @Column(name = "updated_at")
  @Nullable Instant updatedAt;

  Aggregate toRecord(List<HostName> hosts) {
    return new Aggregate(
        Objects.requireNonNull(number),
        uuid,
        name,
        Json.texts(metadata),
        hosts,
        createdAt,
        Optional.ofNullable(updatedAt));
  }
}
