package dev.tern.conductor.saga;

import dev.tern.store.SagaStore;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LogLine;
import dev.tern.store.SagaStore.Position;
import java.time.InstantSource;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes down where a saga stands. A write that returns is durable; one that fails wrote nothing.
 */
public final class Journal<F> {
  private final SagaStore sagas;
  private final Lease lease;
  private final Function<F, String> json;
  private final InstantSource clock;

  /** Facts that are immutable, and seldom others than those of the line before. */
  private record Written(Object facts, String json) {}

  private @Nullable Written last;

  public Journal(SagaStore sagas, Lease lease, Function<F, String> json, InstantSource clock) {
    this.sagas = sagas;
    this.lease = lease;
    this.json = json;
    this.clock = clock;
  }

  void write(Position position, F facts, String step, String what, String detail) {
    sagas.record(lease, position, json(facts), new LogLine(step, what, detail, clock.instant()));
  }

  private String json(F facts) {
    Written before = last;
    if (before != null && before.facts().equals(facts)) {
      return before.json();
    }
    String text = json.apply(facts);
    last = new Written(facts, text);
    return text;
  }
}
