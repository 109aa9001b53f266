package dev.tern.store;

import dev.tern.store.FlavorStore.FlavorRecord;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "flavors")
class FlavorEntity {
  @Id String id = "";
  String name = "";
  int vcpus;

  @Column(name = "memory_mib")
  long memoryMib;

  @Column(name = "disk_gib")
  int diskGib;

  @Column(name = "ephemeral_gib")
  int ephemeralGib;

  @Column(name = "swap_mib")
  int swapMib;

  @Column(name = "is_public")
  boolean isPublic;

  @Column(name = "extra_specs")
  String extraSpecs = "{}";

  @Nullable String description;

  @Column(name = "created_at")
  Instant createdAt = Instant.EPOCH;

  FlavorRecord toRecord() {
    return new FlavorRecord(
        id,
        name,
        vcpus,
        memoryMib,
        diskGib,
        ephemeralGib,
        swapMib,
        isPublic,
        Json.texts(extraSpecs),
        Optional.ofNullable(description));
  }
}
