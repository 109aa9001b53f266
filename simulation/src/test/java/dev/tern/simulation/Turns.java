package dev.tern.simulation;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Who runs next. Everything runs in the thread that calls {@link #run}: one piece of one virtual
 * thread at a time, the seed's choice among those that could run. Time stands still while anybody
 * can run, and then goes to the next moment somebody waits for.
 */
final class Turns {
  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");
  private static final int REMEMBERED = Integer.getInteger("tern.sim.lines", 400);
  private static final long NANOS_IN_MILLI = 1_000_000;

  private record Ready(Party party, Runnable piece) {}

  private record Later(long at, long number, Runnable what) implements Comparable<Later> {
    @Override
    public int compareTo(Later other) {
      int byTime = Long.compare(at, other.at);
      return byTime != 0 ? byTime : Long.compare(number, other.number);
    }
  }

  /** Something that happened. */
  record Line(long millis, String what) {
    @Override
    public String toString() {
      return millis + " " + what;
    }
  }

  private final RandomGenerator random;
  private final double sticky;
  private final Thread thread = Thread.currentThread();
  private final List<Ready> ready = new ArrayList<>();
  private final PriorityQueue<Later> later = new PriorityQueue<>();
  private final Deque<Line> trace = new ArrayDeque<>();
  private final Digest digest = new Digest();
  private Function<Effect, Fault.Kind> onEffect = _ -> Fault.Kind.NONE;
  private final List<Consumer<Duration>> onPassed = new ArrayList<>();
  private long nanos;
  private Duration now = Duration.ZERO;
  private Instant instant = BEGIN;
  private long numbers;
  private long effects;
  private @Nullable Party running;
  private @Nullable String foreign;

  /**
   * What a party is about to do, or has just done.
   *
   * @param label who, and what
   */
  record Effect(Party party, String label) {}

  /**
   * Nobody runs yet.
   *
   * @param sticky how likely it is that who runs goes on after an effect, between 0 and 1
   */
  Turns(RandomGenerator random, double sticky) {
    this.random = random;
    this.sticky = sticky;
  }

  /** Called before each effect goes on, and says what is to become of it. */
  void onEffect(Function<Effect, Fault.Kind> look) {
    onEffect = look;
  }

  void onPassed(Consumer<Duration> look) {
    onPassed.add(look);
  }

  // ---- for the parties

  /**
   * A point between two effects: others may run here, and the party may die here. Nothing when no
   * party acts.
   *
   * @return what whoever has the effect has to do to himself
   */
  Fault.Kind effect(String what) {
    Party acting = running;
    if (acting == null || !Thread.currentThread().isVirtual()) {
      tell("- " + what);
      return Fault.Kind.NONE;
    }
    effects++;
    Effect effect = new Effect(acting, acting.name() + " " + what);
    tell(effect.label());
    Fault.Kind kind = onEffect.apply(effect);
    if (acting.dead() || random.nextDouble() >= sticky) {
      OneThread.giveWay();
    }
    return kind;
  }

  /** Returns when the time has passed, unless interrupted. */
  void pause(Duration time) throws InterruptedException {
    CompletableFuture<Boolean> over = new CompletableFuture<>();
    after(time, () -> over.complete(true));
    try {
      over.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The result, or nothing when the time is over. */
  <T> Optional<T> await(CompletableFuture<T> result, Duration time) throws InterruptedException {
    CompletableFuture<Boolean> either = new CompletableFuture<>();
    var _ = result.whenComplete((_, _) -> either.complete(true));
    after(time, () -> either.complete(true));
    try {
      either.get();
      return result.isDone() ? Optional.of(result.get()) : Optional.empty();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  Duration now() {
    return now;
  }

  long nanos() {
    return nanos;
  }

  Instant instant() {
    return instant;
  }

  /** The simulated time, for who wants a clock. */
  Clock clock() {
    return new Clock() {
      @Override
      public ZoneId getZone() {
        return ZoneOffset.UTC;
      }

      @Override
      public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException();
      }

      @Override
      public Instant instant() {
        return Turns.this.instant();
      }
    };
  }

  /** Who acts now; empty between two pieces. */
  Optional<Party> running() {
    return Optional.ofNullable(running);
  }

  // ---- for who sets up and drives

  /** Something happens by itself after a while; not as part of any party. */
  void after(Duration time, Runnable what) {
    later.add(new Later(nanos + time.toNanos(), ++numbers, what));
  }

  void ready(Party party, Runnable piece) {
    Thread from = Thread.currentThread();
    if (!from.isVirtual() && !from.equals(thread)) {
      foreign = "a thread of " + party + " was woken from outside: " + from;
      return;
    }
    if (!party.dead()) {
      ready.add(new Ready(party, piece));
    }
  }

  /** Runs until {@code enough} says so, nobody waits for anything any more, or the time is over. */
  void run(Duration until, java.util.function.BooleanSupplier enough) {
    long last = until.toNanos();
    while (!enough.getAsBoolean()) {
      if (!ready.isEmpty()) {
        step(ready.size() == 1 ? 0 : random.nextInt(ready.size()));
      } else if (later.isEmpty() || later.peek().at() > last) {
        return;
      } else {
        passTo(later.remove());
      }
    }
  }

  private void step(int chosen) {
    Ready last = ready.removeLast();
    Ready next = chosen == ready.size() ? last : ready.set(chosen, last);
    if (next.party().dead()) {
      return;
    }
    running = next.party();
    try {
      next.piece().run();
    } finally {
      running = null;
    }
    if (foreign != null) {
      throw new IllegalStateException(foreign);
    }
  }

  private void passTo(Later next) {
    if (next.at() > nanos) {
      Duration passed = Duration.ofNanos(next.at() - nanos);
      nanos = next.at();
      now = Duration.ofNanos(nanos);
      instant = BEGIN.plus(now);
      onPassed.forEach(look -> look.accept(passed));
    }
    next.what().run();
  }

  // ---- what happened

  void tell(String what) {
    Line line = new Line(nanos / NANOS_IN_MILLI, what);
    digest.add(line.millis(), what);
    trace.addLast(line);
    if (trace.size() > REMEMBERED) {
      trace.removeFirst();
    }
  }

  /** The last that happened, oldest first. */
  List<Line> trace() {
    return List.copyOf(trace);
  }

  /** Of all that happened, in its order. */
  String digest() {
    return digest.hex();
  }

  long effects() {
    return effects;
  }
}
