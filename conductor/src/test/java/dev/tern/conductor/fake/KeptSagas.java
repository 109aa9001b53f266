package dev.tern.conductor.fake;

import dev.tern.store.SagaStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;

/** One saga, kept as the database would. */
public final class KeptSagas implements SagaStore {
  private final SagaRecord first;
  private final List<LogLine> lines = new ArrayList<>();
  private long token;
  private Optional<Position> position = Optional.empty();
  private String facts = "{}";
  private boolean ended;
  private boolean abort;

  /** Called before a line is written, and after. */
  public BiConsumer<LogLine, Boolean> watcher = (line, written) -> {};

  public KeptSagas(SagaRecord first) {
    this.first = first;
  }

  public void abort() {
    abort = true;
  }

  public boolean ended() {
    return ended;
  }

  public void end(Lease lease) {
    check(lease);
    ended = true;
  }

  public Optional<Position> position() {
    return position;
  }

  /** The step under way. */
  public String step() {
    return position.map(Position::step).orElse("");
  }

  public boolean goesBack() {
    return position.map(now -> now.direction() == Direction.BACK).orElse(false);
  }

  @Override
  public Optional<SagaRecord> lease(UUID saga, String holder, Duration length) {
    if (ended) {
      return Optional.empty();
    }
    token++;
    return Optional.of(
        new SagaRecord(
            first.id(),
            first.kind(),
            first.server(),
            first.migration(),
            first.request(),
            new Lease(saga, token, length),
            position,
            facts,
            false));
  }

  @Override
  public List<UUID> waiting(int limit) {
    return ended ? List.of() : List.of(first.id());
  }

  @Override
  public boolean renewAndSeeAbort(Lease lease) {
    check(lease);
    return abort;
  }

  @Override
  public void record(Lease lease, Position now, String learned, LogLine line) {
    check(lease);
    watcher.accept(line, false);
    position = Optional.of(now);
    facts = learned;
    lines.add(line);
    watcher.accept(line, true);
  }

  /** Refuses writes under an older lease, and after the end. */
  public void check(Lease lease) {
    if (lease.token() != token || ended) {
      throw new LeaseLostException(lease.saga());
    }
  }

  @Override
  public void giveBack(Lease lease) {}

  @Override
  public List<LogLine> log(UUID saga) {
    return List.copyOf(lines);
  }
}
