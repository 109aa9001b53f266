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
@Table(name = "service_beats")
class ServiceBeatEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Integer number;

  UUID uuid = new UUID(0, 0);
  String service = "";
  String instance = "";

  @Column(name = "last_seen")
  Instant lastSeen = Instant.EPOCH;
}
