package dev.tern.store;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "instance_actions")
class ActionEntity {
  /** Nova's word for an action one of whose events failed. */
  static final String FAILED = "Error";

  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  @Column(name = "server_id")
  UUID server = new UUID(0, 0);

  String request = "";
  String action = "";

  @Column(name = "user_id")
  String user = "";

  @Column(name = "project_id")
  String project = "";

  @Column(name = "started_at")
  Instant startedAt = Instant.EPOCH;

  @Column(name = "updated_at")
  Instant updatedAt = Instant.EPOCH;

  @Nullable String message;

  /** One of its events has ended. */
  void heard(Optional<String> error, Instant now) {
    if (error.isPresent()) {
      message = FAILED;
    }
    updatedAt = now;
  }

  long number() {
    if (number == null) {
      throw new IllegalStateException("not stored yet");
    }
    return number;
  }
}
