package dev.tern.store;

import dev.tern.contract.dead.DeadLetter;
import dev.tern.store.DeadLetterStore.KeptLetter;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "dead_letters")
class DeadLetterEntity {
  @Id UUID id = new UUID(0, 0);
  String digest = "";

  /** The database's: in the order they were found. */
  @Column(insertable = false, updatable = false)
  long number;

  String queue = "";

  @Column(name = "routing_key")
  String routingKey = "";

  @Nullable String type;
  String reason = "";
  String why = "";
  int attempts;
  String headers = "{}";
  byte[] body = {};

  @Column(name = "body_bytes")
  long bodyBytes;

  @Column(name = "died_at")
  Instant diedAt = Instant.EPOCH;

  @Column(name = "found_at")
  Instant foundAt = Instant.EPOCH;

  static DeadLetterEntity of(UUID id, DeadLetter letter, Instant now) {
    DeadLetterEntity entity = new DeadLetterEntity();
    entity.id = id;
    entity.digest = letter.digest();
    entity.queue = letter.queue();
    entity.routingKey = letter.routingKey();
    entity.type = letter.type().orElse(null);
    entity.reason = letter.reason();
    entity.why = letter.why();
    entity.attempts = letter.attempts();
    entity.headers = Json.ofTexts(letter.headers());
    entity.body = letter.body();
    entity.bodyBytes = letter.bodyBytes();
    entity.diedAt = letter.diedAt();
    entity.foundAt = now;
    return entity;
  }

  KeptLetter toRecord() {
    return new KeptLetter(
        id,
        new DeadLetter(
            digest,
            queue,
            routingKey,
            Optional.ofNullable(type),
            reason,
            why,
            attempts,
            Json.texts(headers),
            body,
            bodyBytes,
            diedAt),
        foundAt);
  }
}
