package dev.tern.store;

import dev.tern.store.ServerStore.Usage;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

/** Written by triggers of the servers' table only. */
@Entity
@Table(name = "project_usage")
class ProjectUsageEntity {
  @Id String project = "";
  long instances;
  long cores;

  @Column(name = "memory_mib")
  long memoryMib;

  Usage toUsage() {
    return new Usage(Math.toIntExact(instances), Math.toIntExact(cores), memoryMib);
  }
}
