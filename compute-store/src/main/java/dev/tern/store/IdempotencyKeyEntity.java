package dev.tern.store;

import dev.tern.store.IdempotencyStore.Answer;
import dev.tern.store.IdempotencyStore.Claim;
import dev.tern.store.IdempotencyStore.Held;
import dev.tern.store.IdempotencyStore.RequestKey;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "idempotency_keys")
class IdempotencyKeyEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  String project = "";
  String caller = "";
  String key = "";
  String fingerprint = "";
  long token;

  @Column(name = "held_until")
  @Nullable Instant heldUntil;

  @Nullable Integer status;
  @Nullable String headers;
  @Nullable String body;

  @Column(name = "expires_at")
  Instant expiresAt = Instant.EPOCH;

  RequestKey key() {
    return new RequestKey(project, caller, key);
  }

  /** What a request that finds the key here is told; it may have the key afterwards. */
  Claim claim(String wanted, Instant now, Duration hold, Duration keep) {
    boolean held = heldUntil != null && heldUntil.isAfter(now);
    if (!held && !expiresAt.isAfter(now)) {
      fingerprint = wanted;
      status = null;
      headers = null;
      body = null;
      expiresAt = now.plus(keep);
      return new Claim.Mine(take(now, hold));
    }
    if (!fingerprint.equals(wanted)) {
      return new Claim.Different();
    }
    if (held) {
      return new Claim.UnderWay();
    }
    if (status != null) {
      heldUntil = null;
      return new Claim.Answered(answer());
    }
    return new Claim.Mine(take(now, hold));
  }

  Held take(Instant now, Duration hold) {
    token++;
    heldUntil = now.plus(hold);
    return new Held(key(), token);
  }

  boolean heldBy(Held held) {
    return token == held.token() && heldUntil != null;
  }

  void keep(Answer answer) {
    status = answer.status();
    headers = Json.ofTexts(answer.headers());
    body = answer.body();
  }

  private Answer answer() {
    return new Answer(
        Objects.requireNonNull(status),
        Json.texts(Objects.requireNonNull(headers)),
        Objects.requireNonNull(body));
  }
}
