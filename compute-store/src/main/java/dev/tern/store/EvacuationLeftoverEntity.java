package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.EvacuationStore.Leftover;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "evacuation_leftovers")
class EvacuationLeftoverEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  UUID evacuation = new UUID(0, 0);

  @Column(name = "server_id")
  UUID server = new UUID(0, 0);

  String host = "";
  long epoch;
  String request = "";

  @Column(name = "left_at")
  Instant leftAt = Instant.EPOCH;

  @Column(name = "settled_at")
  @Nullable Instant settledAt;

  @Column(name = "take_back")
  @Nullable Long takeBack;

  static EvacuationLeftoverEntity of(EvacuationEntity evacuation, HostName host, Instant now) {
    EvacuationLeftoverEntity left = new EvacuationLeftoverEntity();
    left.evacuation = evacuation.uuid;
    left.server = evacuation.server;
    left.host = host.value();
    left.epoch = evacuation.epoch;
    left.request = evacuation.request;
    left.leftAt = now;
    return left;
  }

  Leftover toRecord() {
    return new Leftover(
        Objects.requireNonNull(number),
        new ServerId(server),
        new HostName(host),
        epoch,
        new RequestId(request),
        Optional.ofNullable(takeBack));
  }

  /** The server is what its host says, unless it has become something else since. */
  void takenBack(ServerEntity of, VmState state, Instant now) {
    boolean waits = of.vmState == VmState.STOPPED || of.vmState == VmState.ERROR;
    if (!waits || of.task != null || !host.equals(of.host)) {
      return;
    }
    of.found(state, now);
  }
}
