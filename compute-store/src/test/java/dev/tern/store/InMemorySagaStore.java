package dev.tern.store;

import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

final class InMemorySagaStore implements SagaStore {
  private final Memory memory;

  InMemorySagaStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public Optional<SagaRecord> lease(UUID id, String holder, Duration length) {
    synchronized (memory) {
      Optional<SagaEntity> free = Optional.ofNullable(memory.sagas.get(id)).filter(this::isFree);
      free.ifPresent(saga -> {
        saga.token++;
        saga.holder = holder;
        saga.leasedUntil = memory.now.plus(length);
      });
      return free.map(saga -> toRecord(saga, length));
    }
  }

  private boolean isFree(SagaEntity saga) {
    return saga.endedAt == null
        && (saga.leasedUntil == null || !saga.leasedUntil.isAfter(memory.now))
        && memory.unfinished(saga.server).noneMatch(other -> other.number < saga.number);
  }

  private boolean idle(SagaEntity saga) {
    return Optional.ofNullable(saga.migration)
            .map(memory.migrations::get)
            .filter(migration -> migration.waitsFor != null && !migration.abortRequested)
            .isPresent()
        || memory.coldMigrations.values().stream()
            .anyMatch(cold ->
                cold.saga.equals(saga.id) && cold.waitsFor != null && !memory.deleteWaits(saga));
  }

  private static SagaRecord toRecord(SagaEntity saga, Duration length) {
    return new SagaRecord(
        saga.id,
        saga.kind,
        new ServerId(saga.server),
        Optional.ofNullable(saga.migration).map(MigrationId::new),
        new RequestId(saga.request),
        new Lease(saga.id, saga.token, length),
        saga.direction == null || saga.step == null
            ? Optional.empty()
            : Optional.of(new Position(saga.direction, saga.step)),
        saga.facts,
        false);
  }

  @Override
  public List<UUID> waiting(int limit) {
    synchronized (memory) {
      return memory.sagas.values().stream()
          .filter(this::isFree)
          .filter(saga -> !idle(saga))
          .limit(limit)
          .map(saga -> saga.id)
          .toList();
    }
  }

  @Override
  public boolean renewAndSeeAbort(Lease lease) {
    synchronized (memory) {
      SagaEntity saga = memory.hold(lease);
      return memory.deleteWaits(saga)
          || memory.copies.values().stream()
              .anyMatch(copy -> copy.saga.equals(saga.id) && copy.wish == DiskCopyStore.Wish.CANCEL)
          || Optional.ofNullable(saga.migration)
              .map(memory.migrations::get)
              .filter(migration -> migration.abortRequested)
              .isPresent();
    }
  }

  @Override
  public void record(Lease lease, Position position, String facts, LogLine line) {
    synchronized (memory) {
      if (!facts.stripLeading().startsWith("{")) {
        throw new IllegalArgumentException("facts are a JSON object");
      }
      SagaEntity saga = memory.hold(lease);
      saga.direction = position.direction();
      saga.step = position.step();
      saga.facts = facts;
      SagaLogEntity entry = new SagaLogEntity();
      entry.saga = saga.id;
      entry.step = line.step();
      entry.what = line.what();
      entry.detail = line.detail();
      entry.at = memory.now;
      memory.log.add(entry);
    }
  }

  @Override
  public void giveBack(Lease lease) {
    boolean _ = given(lease);
  }

  @Override
  public void handOver(Lease lease) {
    synchronized (memory) {
      if (given(lease)) {
        memory.wake(lease.saga());
      }
    }
  }

  private boolean given(Lease lease) {
    synchronized (memory) {
      SagaEntity saga = memory.sagas.get(lease.saga());
      if (saga == null || saga.token != lease.token() || saga.endedAt != null) {
        return false;
      }
      saga.leasedUntil = null;
      saga.holder = null;
      return true;
    }
  }

  @Override
  public Optional<RequestId> request(UUID saga) {
    synchronized (memory) {
      return Optional.ofNullable(memory.sagas.get(saga)).map(one -> new RequestId(one.request));
    }
  }

  @Override
  public List<LogLine> log(UUID saga) {
    synchronized (memory) {
      return memory.log.stream()
          .filter(line -> line.saga.equals(saga))
          .map(line -> new LogLine(line.step, line.what, line.detail, line.at))
          .toList();
    }
  }
}
