package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.ClaimStore.ClaimTrace;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A claim, or what is left of a released one: its id, so that it is not taken again. */
@Entity
@Table(name = "claims")
class ClaimEntity {
  @Id UUID id = new UUID(0, 0);

  @Column(name = "server_id")
  @Nullable UUID server;

  @Nullable String host;
  int vcpus;

  @Column(name = "memory_mib")
  long memoryMib;

  @Column(name = "disk_bytes")
  long diskBytes;

  @Column(name = "claimed_at")
  Instant claimedAt = Instant.EPOCH;

  @Column(name = "released_at")
  @Nullable Instant releasedAt;

  /** Empty when it was released before it was made. */
  Optional<ClaimTrace> trace() {
    return Optional.ofNullable(host)
        .map(on ->
            new ClaimTrace(
                new ClaimId(id), new HostName(on), claimedAt, Optional.ofNullable(releasedAt)));
  }

  /** Empty when it is released. */
  Optional<ClaimRecord> held() {
    if (releasedAt != null || server == null || host == null) {
      return Optional.empty();
    }
    return Optional.of(
        new ClaimRecord(
            new ClaimId(id),
            new ServerId(server),
            new HostName(host),
            new Resources(vcpus, memoryMib, diskBytes)));
  }
}
