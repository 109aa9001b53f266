package dev.tern.conductor.fake;

import dev.tern.contract.RequestId;
import dev.tern.store.SagaStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;

/** A saga store that is looked at while a saga is written. */
final class WatchedSagas implements SagaStore {
  private final SagaStore sagas;
  private final BiConsumer<LogLine, Boolean> watcher;
  private Optional<Position> position = Optional.empty();

  /**
   * Watches a store.
   *
   * @param watcher called before a line is written, and after
   */
  WatchedSagas(SagaStore sagas, BiConsumer<LogLine, Boolean> watcher) {
    this.sagas = sagas;
    this.watcher = watcher;
  }

  /** The step under way. */
  String step() {
    return position.map(Position::step).orElse("");
  }

  boolean goesBack() {
    return position.map(now -> now.direction() == Direction.BACK).orElse(false);
  }

  @Override
  public void record(Lease lease, Position now, String facts, LogLine line) {
    watcher.accept(line, false);
    sagas.record(lease, now, facts, line);
    position = Optional.of(now);
    watcher.accept(line, true);
  }

  @Override
  public Optional<SagaRecord> lease(UUID saga, String holder, Duration length) {
    return sagas.lease(saga, holder, length);
  }

  @Override
  public List<UUID> waiting(int limit) {
    return sagas.waiting(limit);
  }

  @Override
  public boolean renewAndSeeAbort(Lease lease) {
    return sagas.renewAndSeeAbort(lease);
  }

  @Override
  public void giveBack(Lease lease) {
    sagas.giveBack(lease);
  }

  @Override
  public void handOver(Lease lease) {
    sagas.handOver(lease);
  }

  @Override
  public Optional<RequestId> request(UUID saga) {
    return sagas.request(saga);
  }

  @Override
  public List<LogLine> log(UUID saga) {
    return sagas.log(saga);
  }
}
