package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.store.ActionStore.EventRecord;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "instance_action_events")
class ActionEventEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  long action;
  String event = "";
  @Nullable String host;

  @Column(name = "started_at")
  Instant startedAt = Instant.EPOCH;

  @Column(name = "finished_at")
  @Nullable Instant finishedAt;

  @Nullable String result;
  @Nullable String details;

  void finish(Optional<String> error, Instant now) {
    finishedAt = now;
    result = error.isPresent() ? ActionEntity.FAILED : "Success";
    details = error.orElse(null);
  }

  EventRecord toRecord() {
    return new EventRecord(
        event,
        Optional.ofNullable(host).map(HostName::new),
        startedAt,
        Optional.ofNullable(finishedAt),
        Optional.ofNullable(result),
        Optional.ofNullable(details));
  }
}
