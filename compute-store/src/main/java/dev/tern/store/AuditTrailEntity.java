package dev.tern.store;

import dev.tern.contract.RequestId;
import dev.tern.store.AuditTrailStore.Asked;
import dev.tern.store.AuditTrailStore.AskedFor;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "audit_trail")
class AuditTrailEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  @Column(name = "request_id")
  String request = "";

  @Column(name = "user_id")
  String user = "";

  @Column(name = "project_id")
  String project = "";

  String roles = "";
  String client = "";
  String method = "";
  String path = "";
  String action = "";
  String target = "";
  int status;

  @Column(name = "asked_at")
  Instant askedAt = Instant.EPOCH;

  static AuditTrailEntity of(Asked asked) {
    AuditTrailEntity entity = new AuditTrailEntity();
    entity.request = asked.request().value();
    entity.user = asked.user();
    entity.project = asked.project();
    entity.roles = String.join(",", asked.roles());
    entity.client = asked.client();
    entity.method = asked.method();
    entity.path = asked.path();
    entity.action = asked.action();
    entity.target = asked.target();
    entity.status = asked.status();
    entity.askedAt = asked.at();
    return entity;
  }

  AskedFor toRecord() {
    return new AskedFor(
        Objects.requireNonNull(number),
        new Asked(
            new RequestId(request),
            user,
            project,
            roles.isEmpty() ? List.of() : List.of(roles.split(",")),
            client,
            method,
            path,
            action,
            target,
            status,
            askedAt));
  }
}
