package dev.tern.store;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Written by triggers only. */
@Entity
@Table(name = "notifications")
class NotificationEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  @Enumerated(EnumType.STRING)
  NotificationStore.Cause cause = NotificationStore.Cause.SERVER;

  @Nullable String was;
  String becomes = "";
  String server = "";
  @Nullable String action;

  @Column(name = "created_at")
  Instant createdAt = Instant.EPOCH;

  @Column(name = "taken_until")
  @Nullable Instant takenUntil;

  NotificationStore.Noted toRecord() {
    return new NotificationStore.Noted(
        Objects.requireNonNull(number),
        cause,
        createdAt,
        Optional.ofNullable(was),
        becomes,
        server,
        Optional.ofNullable(action));
  }
}
