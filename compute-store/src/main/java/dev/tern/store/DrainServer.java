package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.ServerState;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * A server of a drain, on one of its two legs.
 *
 * @param reason why it is not, or not yet, where it shall be; empty for none
 * @param refused hosts that were tried in vain, and why
 * @param cold it moves while its guest does not run; its migration is a cold one
 * @param tries migrations begun, and refused before they could
 */
public record DrainServer(
    ServerId server,
    Leg leg,
    int place,
    ServerState state,
    Optional<HostName> target,
    Optional<MigrationId> migration,
    boolean cold,
    int tries,
    Optional<Instant> notBefore,
    String reason,
    Map<HostName, String> refused,
    Optional<HostName> from,
    Optional<HostName> to,
    Optional<Duration> took,
    long bytes,
    Optional<Duration> pause) {
  public DrainServer {
    refused = Map.copyOf(refused);
  }

  /** One that nothing has been done for. */
  public static DrainServer waiting(ServerId server, Leg leg, int place) {
    return new DrainServer(
        server,
        leg,
        place,
        ServerState.WAITING,
        Optional.empty(),
        Optional.empty(),
        false,
        0,
        Optional.empty(),
        "",
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        0,
        Optional.empty());
  }

  /** It waits, and has rested. */
  public boolean due(Instant now) {
    return state == ServerState.WAITING && notBefore.filter(now::isBefore).isEmpty();
  }

  public DrainServer at(int other) {
    return new DrainServer(
        server, leg, other, state, target, migration, cold, tries, notBefore, reason, refused, from,
        to, took, bytes, pause);
  }

  public DrainServer in(ServerState next, String why) {
    return new DrainServer(
        server,
        leg,
        place,
        next,
        target,
        migration,
        cold,
        tries,
        Optional.empty(),
        why,
        refused,
        from,
        to,
        took,
        bytes,
        pause);
  }

  /** It is tried cold from now on, as if it had not been tried. */
  public DrainServer coldly(String why) {
    return new DrainServer(
        server,
        leg,
        place,
        ServerState.WAITING,
        Optional.empty(),
        Optional.empty(),
        true,
        0,
        Optional.empty(),
        why,
        Map.of(),
        from,
        to,
        took,
        bytes,
        pause);
  }

  /** It moves still, and is looked at again then. */
  public DrainServer looked(Instant when, String why) {
    return new DrainServer(
        server,
        leg,
        place,
        state,
        target,
        migration,
        cold,
        tries,
        Optional.of(when),
        why,
        refused,
        from,
        to,
        took,
        bytes,
        pause);
  }

  /** Its migration is asked for. */
  public DrainServer moving(HostName source, HostName destination, MigrationId id) {
    return new DrainServer(
        server,
        leg,
        place,
        ServerState.MOVING,
        Optional.of(destination),
        Optional.of(id),
        cold,
        tries + 1,
        Optional.empty(),
        "",
        refused,
        Optional.of(source),
        Optional.empty(),
        Optional.empty(),
        0,
        Optional.empty());
  }

  /** It is not tried before. */
  public DrainServer later(Instant when, String why, boolean counts, Map<HostName, String> not) {
    return new DrainServer(
        server,
        leg,
        place,
        ServerState.WAITING,
        Optional.empty(),
        migration,
        cold,
        counts ? tries + 1 : tries,
        Optional.of(when),
        why,
        not,
        from,
        to,
        took,
        bytes,
        pause);
  }

  /** It has arrived. */
  public DrainServer moved(HostName where, Duration length, long sent, Optional<Duration> stood) {
    return new DrainServer(
        server,
        leg,
        place,
        ServerState.MOVED,
        target,
        migration,
        cold,
        tries,
        Optional.empty(),
        "",
        refused,
        from,
        Optional.of(where),
        Optional.of(length),
        sent,
        stood);
  }
}
