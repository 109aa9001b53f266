package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.ServerStore.Requested;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

final class InMemoryDrainStore implements DrainStore {
  private static final Comparator<DrainServerEntity> IN_ORDER =
      Comparator.<DrainServerEntity, String>comparing(each -> each.leg.name())
          .reversed()
          .thenComparingInt(each -> each.place)
          .thenComparingLong(each -> Objects.requireNonNull(each.number));

  private final Memory memory;
  private final MigrationStore migrations;
  private final ColdMigrationStore coldMigrations;

  InMemoryDrainStore(Memory memory, MigrationStore migrations, ColdMigrationStore coldMigrations) {
    this.memory = memory;
    this.migrations = migrations;
    this.coldMigrations = coldMigrations;
  }

  @Override
  public DrainRecord request(NewDrain asked, Requested by) {
    synchronized (memory) {
      HostEntity host =
          Optional.ofNullable(memory.hosts.get(asked.host().value()))
              .filter(found -> !found.removed)
              .orElseThrow(() ->
                  new ComputeException(
                      ErrorCode.COMPUTE_HOST_NOT_FOUND,
                      "Compute host %s could not be found.".formatted(asked.host()),
                      null));
      Optional<DrainEntity> before =
          asked.purpose() == Purpose.REBALANCE ? rebalancing() : underWay(host.name);
      if (!asked.dryRun() && before.isPresent()) {
        if (before.get().state == State.RETURNING) {
          throw DrainEntity.comingHome(before.get().id, host.name);
        }
        if (before.get().purpose != asked.purpose()) {
          throw before.get().underWay();
        }
        return before.get().toRecord();
      }
      DrainEntity drain = DrainEntity.of(asked, by, memory.now);
      drain.number = memory.nextNumber();
      if (!asked.dryRun() && asked.purpose() == Purpose.EMPTY) {
        if (!host.disabled) {
          drain.disabledService = true;
          host.disabled = true;
          host.disabledReason = drain.closedBecause();
        }
        memory.closed.put(host.name, drain.id);
      }
      memory.drains.put(drain.id, drain);
      return drain.toRecord();
    }
  }

  private Optional<DrainEntity> underWay(String host) {
    return memory.drains.values().stream()
        .filter(each -> each.host.equals(host) && each.purpose != Purpose.REBALANCE)
        .filter(each -> each.state == State.DRAINING || each.state == State.RETURNING)
        .findFirst();
  }

  private Optional<DrainEntity> rebalancing() {
    return memory.drains.values().stream()
        .filter(each -> each.purpose == Purpose.REBALANCE && each.state == State.DRAINING)
        .findFirst();
  }

  @Override
  public List<Resident> residents(Collection<HostName> hosts) {
    synchronized (memory) {
      return memory.servers.values().stream()
          .filter(each -> each.host != null && each.vmState != VmState.DELETED)
          .filter(each -> hosts.contains(new HostName(Objects.requireNonNull(each.host))))
          .map(each -> Residents.resident(each, memory.claims.get(each.claim)))
          .toList();
    }
  }

  private DrainEntity existing(UUID id) {
    return Optional.ofNullable(memory.drains.get(id)).orElseThrow(() -> DrainEntity.notFound(id));
  }

  private List<DrainServerEntity> rowsOf(UUID id) {
    return memory.drainServers.stream()
        .filter(each -> each.drain.equals(id))
        .sorted(IN_ORDER)
        .toList();
  }

  @Override
  public DrainRecord order(UUID id, Order order) {
    synchronized (memory) {
      DrainEntity drain = existing(id);
      State before = drain.state;
      List<DrainServerEntity> servers = rowsOf(id);
      boolean moving = servers.stream().anyMatch(each -> each.state == ServerState.MOVING);
      if (order == Order.RETURN) {
        underWay(drain.host)
            .filter(other -> !other.id.equals(id))
            .ifPresent(other -> {
              throw DrainEntity.beingEmptied(other.id, other.host);
            });
      }
      if (!drain.order(order, moving, memory.now)) {
        return drain.toRecord();
      }
      switch (order) {
        case PAUSE -> {}
        case RESUME -> servers.forEach(DrainServerEntity::again);
        case CANCEL, ABORT -> {
          servers.forEach(each -> each.given("The drain was cancelled."));
          if (before == State.DRAINING) {
            open(drain);
          }
        }
        case RETURN -> {
          open(drain);
          servers.stream()
              .filter(each -> each.leg == Leg.OUT && each.state == ServerState.MOVED)
              .forEach(each ->
                  add(id, DrainServer.waiting(new ServerId(each.server), Leg.HOME, each.place)));
        }
      }
      return drain.toRecord();
    }
  }

  private void add(UUID drain, DrainServer server) {
    DrainServerEntity row = DrainServerEntity.of(drain, server);
    row.number = memory.nextNumber();
    memory.drainServers.add(row);
  }

  private void open(DrainEntity drain) {
    HostEntity host = Objects.requireNonNull(memory.hosts.get(drain.host));
    if (drain.id.equals(memory.closed.get(drain.host))) {
      memory.closed.remove(drain.host);
      if (drain.disabledService) {
        host.disabled = false;
        host.disabledReason = null;
        drain.disabledService = false;
      }
    }
  }

  /** As {@link DrainedHosts#decided}. */
  static void decided(Memory memory, String host, boolean disabled) {
    List<DrainEntity> its =
        memory.drains.values().stream().filter(each -> each.host.equals(host)).toList();
    if (disabled) {
      its.stream()
          .filter(each -> each.disabledService)
          .forEach(each -> {
            each.disabledService = false;
            each.revision++;
          });
      return;
    }
    its.stream()
        .filter(each -> each.state == State.DRAINING && each.purpose == Purpose.EMPTY)
        .findFirst()
        .ifPresent(each -> {
          throw DrainEntity.beingEmptied(each.id, host);
        });
    memory.closed.remove(host);
  }

  @Override
  public DrainRecord change(UUID id, Wishes wishes) {
    synchronized (memory) {
      DrainEntity drain = existing(id);
      drain.change(wishes, memory.now);
      rowsOf(id).forEach(DrainServerEntity::again);
      return drain.toRecord();
    }
  }

  @Override
  public Optional<DrainRecord> find(UUID id) {
    synchronized (memory) {
      return Optional.ofNullable(memory.drains.get(id)).map(DrainEntity::toRecord);
    }
  }

  @Override
  public Optional<DrainRecord> unfinished(HostName host) {
    synchronized (memory) {
      return underWay(host.value()).map(DrainEntity::toRecord);
    }
  }

  @Override
  public Optional<DrainRecord> closing(HostName host) {
    synchronized (memory) {
      return Optional.ofNullable(memory.closed.get(host.value()))
          .map(memory.drains::get)
          .map(DrainEntity::toRecord);
    }
  }

  @Override
  public List<DrainRecord> list(
      Optional<HostName> host, boolean dryRuns, Optional<UUID> marker, int limit) {
    synchronized (memory) {
      long before = marker.map(memory.drains::get).map(each -> each.number).orElse(Long.MAX_VALUE);
      return memory.drains.values().stream()
          .filter(each -> host.isEmpty() || host.get().value().equals(each.host))
          .filter(each -> each.number < before && (dryRuns || !each.dryRun()))
          .sorted(Comparator.comparingLong((DrainEntity each) -> each.number).reversed())
          .limit(limit)
          .map(DrainEntity::toRecord)
          .toList();
    }
  }

  @Override
  public int forgetDryRuns(Duration age) {
    synchronized (memory) {
      Instant before = memory.now.minus(age);
      List<UUID> old =
          memory.drains.values().stream()
              .filter(each -> each.dryRun() && !each.createdAt.isAfter(before))
              .map(each -> each.id)
              .toList();
      memory.drainServers.removeIf(row -> old.contains(row.drain));
      old.forEach(memory.drains::remove);
      return old.size();
    }
  }

  @Override
  public List<DrainServer> servers(UUID drain) {
    synchronized (memory) {
      return rowsOf(drain).stream().map(DrainServerEntity::toRecord).toList();
    }
  }

  @Override
  public List<DrainRecord> open(int limit) {
    synchronized (memory) {
      return memory.drains.values().stream()
          .filter(each ->
              each.endedAt == null
                  || rowsOf(each.id).stream().anyMatch(row -> row.state == ServerState.MOVING))
          .limit(limit)
          .map(DrainEntity::toRecord)
          .toList();
    }
  }

  @Override
  public Occupancy occupancy(HostName host) {
    synchronized (memory) {
      List<ServerId> servers =
          memory.servers.values().stream()
              .filter(each -> host.value().equals(each.host) && each.vmState != VmState.DELETED)
              .map(each -> new ServerId(each.id))
              .toList();
      List<ClaimEntity> claims =
          memory.claims.values().stream()
              .filter(each -> each.releasedAt == null && host.value().equals(each.host))
              .toList();
      long arriving =
          claims.stream()
              .map(each -> Objects.requireNonNull(memory.servers.get(each.server)))
              .filter(each -> !host.value().equals(each.host))
              .filter(each -> !leaves(each.id, host.value()))
              .count();
      long unconfirmed =
          memory.coldMigrations.values().stream()
              .filter(each -> each.source.equals(host.value()))
              .filter(each -> each.endedAt == null && each.finishedAt != null)
              .count();
      return new Occupancy(
          servers,
          Math.toIntExact(arriving),
          Math.toIntExact(unconfirmed),
          servers.isEmpty() && claims.isEmpty());
    }
  }

  @Override
  public boolean save(DrainRecord seen, Progress progress) {
    synchronized (memory) {
      Optional<DrainEntity> drain = unchanged(seen);
      drain.ifPresent(found -> {
        found.take(progress, memory.now);
        progress.servers().forEach(each -> write(found.id, each));
      });
      return drain.isPresent();
    }
  }

  /** Empty also when it was forgotten. */
  private Optional<DrainEntity> unchanged(DrainRecord seen) {
    return Optional.ofNullable(memory.drains.get(seen.id()))
        .filter(found -> found.revision == seen.revision());
  }

  private void write(UUID drain, DrainServer now) {
    new ArrayList<>(rowsOf(drain))
        .stream()
            .filter(row -> row.is(now))
            .findFirst()
            .ifPresentOrElse(row -> row.take(now), () -> add(drain, now));
  }

  @Override
  public Begun begin(DrainRecord seen, DrainServer moving, NewMigration migration, Most most) {
    return begin(
        seen,
        moving,
        most,
        by -> {
          var _ = migrations.requestLiveMigration(migration, by);
        });
  }

  @Override
  public Begun beginCold(
      DrainRecord seen, DrainServer moving, NewColdMigration migration, Most most) {
    return begin(
        seen,
        moving,
        most,
        by -> {
          var _ = coldMigrations.request(migration, by);
        });
  }

  private Begun begin(
      DrainRecord seen, DrainServer moving, Most most, Consumer<Requested> migration) {
    synchronized (memory) {
      Optional<DrainEntity> drain = unchanged(seen);
      if (drain.isEmpty() || rowsOf(seen.id()).stream().anyMatch(row -> row.overtakes(moving))) {
        return Begun.STALE;
      }
      String source = moving.from().map(HostName::value).orElse("");
      String target = moving.target().map(HostName::value).orElse("");
      if (full(most.cluster(), _ -> true)
          || full(most.out(), each -> each.from().equals(source))
          || full(most.in(), each -> target.equals(each.to()))) {
        return Begun.LIMITED;
      }
      migration.accept(new Requested(RequestId.of(memory.nextId()), seen.user(), seen.project()));
      drain.get().touched(memory.now);
      write(seen.id(), moving);
      return Begun.YES;
    }
  }

  @Override
  public Map<HostName, Integer> arriving(Collection<HostName> hosts) {
    synchronized (memory) {
      Map<HostName, Integer> counts = new HashMap<>();
      for (HostName host : hosts) {
        long arriving = moves(each -> host.value().equals(each.to()));
        if (arriving > 0) {
          counts.put(host, Math.toIntExact(arriving));
        }
      }
      return counts;
    }
  }

  private record Way(String from, @Nullable String to) {}

  private boolean full(int most, Predicate<Way> which) {
    return most > 0 && moves(which) >= most;
  }

  private long moves(Predicate<Way> which) {
    Stream<Way> live =
        memory.migrations.values().stream()
            .filter(each -> each.endedAt == null)
            .map(each ->
                new Way(
                    each.source, each.destination == null ? each.requestedHost : each.destination));
    Stream<Way> cold =
        memory.coldMigrations.values().stream()
            .filter(each -> each.endedAt == null && each.finishedAt == null)
            .map(each ->
                new Way(
                    each.source, each.destination == null ? each.requestedHost : each.destination));
    return Stream.concat(live, cold).filter(which).count();
  }

  private boolean leaves(UUID server, String host) {
    return memory.migrations.values().stream()
            .anyMatch(each ->
                each.endedAt == null && each.server.equals(server) && each.source.equals(host))
        || memory.coldMigrations.values().stream()
            .anyMatch(each ->
                each.endedAt == null && each.server.equals(server) && each.source.equals(host));
  }
}
