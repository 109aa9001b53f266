package dev.tern.store;

import dev.tern.store.TokenStore.TokenRecord;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

@Entity
@Table(name = "identity_tokens")
class TokenEntity {
  @Id String digest = "";

  @Column(name = "user_id")
  String user = "";

  @Column(name = "project_id")
  String project = "";

  String credential = "";
  String fingerprint = "";
  String audit = "";

  @Column(name = "issued_at")
  Instant issuedAt = Instant.EPOCH;

  @Column(name = "expires_at")
  Instant expiresAt = Instant.EPOCH;

  static TokenEntity of(TokenRecord token) {
    TokenEntity row = new TokenEntity();
    row.digest = token.digest();
    row.user = token.user();
    row.project = token.project();
    row.credential = token.credential();
    row.fingerprint = token.fingerprint();
    row.audit = token.audit();
    row.issuedAt = token.issuedAt();
    row.expiresAt = token.expiresAt();
    return row;
  }

  TokenRecord record() {
    return new TokenRecord(
        digest, user, project, credential, fingerprint, audit, issuedAt, expiresAt);
  }
}
