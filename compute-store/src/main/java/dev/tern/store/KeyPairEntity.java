package dev.tern.store;

import dev.tern.store.KeyPairStore.KeyPairRecord;
import dev.tern.store.KeyPairStore.PublicKey;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "key_pairs")
class KeyPairEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  @Column(name = "user_id")
  String user = "";

  String name = "";
  String type = "";

  @Column(name = "public_key")
  String publicKey = "";

  String fingerprint = "";

  @Column(name = "created_at")
  Instant createdAt = Instant.EPOCH;

  KeyPairRecord toRecord() {
    return new KeyPairRecord(
        Objects.requireNonNull(number),
        user,
        new PublicKey(name, type, publicKey),
        fingerprint,
        createdAt);
  }
}
