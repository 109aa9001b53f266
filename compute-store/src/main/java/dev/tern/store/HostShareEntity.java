package dev.tern.store;

import dev.tern.contract.Resources;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The sum of a host's claims. */
@Entity
@Table(name = "host_shares")
class HostShareEntity {
  @Id String host = "";
  long vcpus;

  @Column(name = "memory_mib")
  long memoryMib;

  @Column(name = "disk_bytes")
  long diskBytes;

  /** Which empties the host, or has emptied it; nothing is claimed meanwhile. */
  @Nullable UUID drain;

  Resources toResources() {
    return new Resources(Math.toIntExact(vcpus), memoryMib, diskBytes);
  }
}
