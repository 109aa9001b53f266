package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.RequestId;
import dev.tern.contract.scheduler.Decision;
import dev.tern.store.DecisionStore.KeptDecision;
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
@Table(name = "decisions")
class DecisionEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  @Column(name = "request_id")
  String request = "";

  @Column(name = "claim_id")
  UUID claim = new UUID(0, 0);

  @Column(name = "server_id")
  UUID server = new UUID(0, 0);

  String content = "";

  @Column(name = "decided_at")
  Instant decidedAt = Instant.EPOCH;

  KeptDecision toRecord() {
    return new KeptDecision(
        new RequestId(request), new ClaimId(claim), Json.read(Decision.class, content), decidedAt);
  }
}
