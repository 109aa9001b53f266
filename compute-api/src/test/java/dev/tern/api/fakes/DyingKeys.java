package dev.tern.api.fakes;

import dev.tern.store.IdempotencyStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A store of keys whose API may die after its work, before it says how it ended: what it would have
 * written then is not written.
 */
public final class DyingKeys implements IdempotencyStore {
  /** Whether whoever works now dies then. */
  public final AtomicBoolean dying = new AtomicBoolean();

  private final List<RequestKey> claimed = new CopyOnWriteArrayList<>();
  private final Supplier<IdempotencyStore> real;

  public DyingKeys(Supplier<IdempotencyStore> real) {
    this.real = real;
  }

  /** Every key that was to be kept, since the start. */
  public List<RequestKey> claimed() {
    return List.copyOf(claimed);
  }

  @Override
  public Claim claim(RequestKey key, String fingerprint, Duration hold, Duration keep) {
    claimed.add(key);
    return real.get().claim(key, fingerprint, hold, keep);
  }

  @Override
  public <T> T settle(Held held, Supplier<T> work, Function<T, Answer> answer) {
    return real.get().settle(held, work, answer);
  }

  @Override
  public void finish(Held held, Answer answer) {
    if (!dying.get()) {
      real.get().finish(held, answer);
    }
  }

  @Override
  public void giveUp(Held held) {
    if (!dying.get()) {
      real.get().giveUp(held);
    }
  }

  @Override
  public int purge(int most) {
    return real.get().purge(most);
  }
}
