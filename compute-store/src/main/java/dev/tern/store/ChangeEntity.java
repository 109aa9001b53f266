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
import org.jspecify.annotations.Nullable;

/** Written by triggers only. */
@Entity
@Table(name = "changes")
class ChangeEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  long xact;

  @Enumerated(EnumType.STRING)
  ChangeStore.Kind kind = ChangeStore.Kind.SERVER;

  String key = "";

  @Column(name = "changed_at")
  Instant changedAt = Instant.EPOCH;
}
