package dev.tern.store;

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
@Table(name = "hosts")
class HostEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Integer number;

  String name = "";
  UUID uuid = new UUID(0, 0);

  @Column(name = "service_uuid")
  UUID serviceUuid = new UUID(0, 0);

  @Column(name = "agent_started_at_millis")
  long agentStartedAtMillis;

  long sequence;
  String report = "{}";

  @Column(name = "last_seen")
  Instant lastSeen = Instant.EPOCH;

  boolean disabled;

  @Column(name = "disabled_reason")
  @Nullable String disabledReason;

  @Column(name = "forced_down")
  boolean forcedDown;

  boolean removed;
}
