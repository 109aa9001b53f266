package dev.tern.api.fakes;

import dev.tern.store.SagaStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The API only reads logs of sagas. */
public final class InMemorySagas implements SagaStore {
  @Override
  public List<LogLine> log(UUID saga) {
    return List.of(new LogLine("create-disks", "done", "1 disk", Samples.NOON));
  }

  @Override
  public Optional<SagaRecord> lease(UUID saga, String holder, Duration length) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public List<UUID> waiting(int limit) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public boolean renewAndSeeAbort(Lease lease) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void record(Lease lease, Position position, String facts, LogLine line) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void giveBack(Lease lease) {
    throw new UnsupportedOperationException("the conductor's");
  }
}
