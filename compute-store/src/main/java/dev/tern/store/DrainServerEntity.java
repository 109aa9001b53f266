package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.ServerState;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "drain_servers")
class DrainServerEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  @Column(name = "drain_id")
  UUID drain = new UUID(0, 0);

  @Column(name = "server_id")
  UUID server = new UUID(0, 0);

  @Enumerated(EnumType.STRING)
  Leg leg = Leg.OUT;

  int place;

  @Enumerated(EnumType.STRING)
  ServerState state = ServerState.WAITING;

  @Nullable String target;

  @Column(name = "migration_id")
  @Nullable UUID migration;

  boolean cold;
  int tries;

  @Column(name = "not_before")
  @Nullable Instant notBefore;

  String reason = "";
  String refused = "{}";

  @Column(name = "from_host")
  @Nullable String from;

  @Column(name = "to_host")
  @Nullable String to;

  @Column(name = "took_millis")
  @Nullable Long tookMillis;

  long bytes;

  @Column(name = "pause_nanos")
  @Nullable Long pauseNanos;

  static DrainServerEntity of(UUID drain, DrainServer now) {
    DrainServerEntity entity = new DrainServerEntity();
    entity.drain = drain;
    entity.server = now.server().value();
    entity.leg = now.leg();
    entity.take(now);
    return entity;
  }

  boolean is(DrainServer other) {
    return server.equals(other.server().value()) && leg == other.leg();
  }

  /** It does not wait for this try any more: somebody else has begun it, or has given it up. */
  boolean overtakes(DrainServer moving) {
    return is(moving) && (state != ServerState.WAITING || tries + 1 != moving.tries());
  }

  void take(DrainServer now) {
    place = now.place();
    state = now.state();
    target = now.target().map(HostName::value).orElse(null);
    migration = now.migration().map(MigrationId::value).orElse(null);
    cold = now.cold();
    tries = now.tries();
    notBefore = now.notBefore().orElse(null);
    reason = now.reason();
    refused =
        Json.ofTexts(
            now.refused().entrySet().stream()
                .collect(Collectors.toMap(e -> e.getKey().value(), Map.Entry::getValue)));
    from = now.from().map(HostName::value).orElse(null);
    to = now.to().map(HostName::value).orElse(null);
    tookMillis = now.took().map(Duration::toMillis).orElse(null);
    bytes = now.bytes();
    pauseNanos = now.pause().map(Duration::toNanos).orElse(null);
  }

  /** One more chance, as if it had not been tried. */
  void again() {
    if (state == ServerState.LEFT || state == ServerState.ASKING || state == ServerState.WAITING) {
      state = ServerState.WAITING;
      tries = 0;
      migration = cold ? null : migration;
      cold = false;
      notBefore = null;
      refused = "{}";
    }
  }

  /** Nothing new is begun for it. */
  void given(String why) {
    if (state == ServerState.WAITING || state == ServerState.ASKING) {
      state = ServerState.LEFT;
      reason = reason.isEmpty() ? why : why + " Before: " + reason;
      notBefore = null;
    }
  }

  DrainServer toRecord() {
    return new DrainServer(
        new ServerId(server),
        leg,
        place,
        state,
        Optional.ofNullable(target).map(HostName::new),
        Optional.ofNullable(migration).map(MigrationId::new),
        cold,
        tries,
        Optional.ofNullable(notBefore),
        reason,
        Json.texts(refused).entrySet().stream()
            .collect(Collectors.toMap(e -> new HostName(e.getKey()), Map.Entry::getValue)),
        Optional.ofNullable(from).map(HostName::new),
        Optional.ofNullable(to).map(HostName::new),
        Optional.ofNullable(tookMillis).map(Duration::ofMillis),
        bytes,
        Optional.ofNullable(pauseNanos).map(Duration::ofNanos));
  }
}
