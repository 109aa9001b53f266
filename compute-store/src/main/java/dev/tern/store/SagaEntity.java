package dev.tern.store;

import dev.tern.store.SagaStore.Direction;
import dev.tern.store.SagaStore.SagaKind;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "sagas")
class SagaEntity {
  @Id UUID id = new UUID(0, 0);

  /** The database numbers sagas; lower is older. */
  @Column(insertable = false, updatable = false)
  long number;

  @Enumerated(EnumType.STRING)
  SagaKind kind = SagaKind.BOOT;

  @Column(name = "server_id")
  UUID server = new UUID(0, 0);

  @Column(name = "migration_id")
  @Nullable UUID migration;

  String request = "";
  long token;
  @Nullable String holder;

  @Column(name = "leased_until")
  @Nullable Instant leasedUntil;

  @Enumerated(EnumType.STRING)
  @Nullable Direction direction;

  @Nullable String step;
  String facts = "{}";

  @Column(name = "created_at")
  Instant createdAt = Instant.EPOCH;

  @Column(name = "ended_at")
  @Nullable Instant endedAt;
}
