package dev.tern.store;

import dev.tern.store.QuotaStore.Kind;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "quotas")
class QuotaEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  @Enumerated(EnumType.STRING)
  Kind kind = Kind.PROJECT;

  String owner = "";
  String resource = "";

  @Column(name = "hard_limit")
  long hardLimit;
}
