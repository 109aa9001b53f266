package dev.tern.bench;

import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.store.Link;
import dev.tern.store.Link.Moved;
import dev.tern.store.WatchedForecast;
import dev.tern.store.WatchedForecast.Load;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.WriteRates;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Watches the guest and says what will come, as a preflight does; then moves it. */
final class ForecastingMover implements Mover {
  private static final Duration WATCH = Duration.ofSeconds(1);

  /** As many as a preflight looks at. */
  private static final int PAST = 10;

  /** Of the first, as the settings have it. */
  private static final long ASSUMED = 100_000_000;

  private final Mover mover;
  private final Deque<Moved> before = new ArrayDeque<>();
  private final List<Told> told = new ArrayList<>();

  ForecastingMover(Mover mover) {
    this.mover = mover;
  }

  /**
   * What was said of one move, and what came.
   *
   * @param watched how long saying it took
   */
  record Told(
      String name,
      WriteRates writes,
      WatchedForecast forecast,
      Duration watched,
      Duration actual) {}

  /** Of every move there was, in their order. */
  List<Told> told() {
    return List.copyOf(told);
  }

  @Override
  public String name() {
    return mover.name();
  }

  @Override
  public String floor() {
    return name();
  }

  @Override
  public Move move(Host source, Host destination, LaunchRecipe recipe, BenchCase what)
      throws IOException, InterruptedException {
    Load load = new Load(Disks.allocated(source, recipe.localDisks()), recipe.memoryKib() << 10);
    long from = System.nanoTime();
    WriteRates writes = watch(source);
    WatchedForecast forecast =
        WatchedForecast.of(
            load, Optional.of(answer(writes)), Link.of(List.copyOf(before), ASSUMED));
    Duration watched = Duration.ofNanos(System.nanoTime() - from);
    Move move = mover.move(source, destination, recipe, what);
    told.add(new Told(what.name(), writes, forecast, watched, move.total()));
    before.addLast(
        new Moved(
            load.disk() + Math.max(load.memory(), move.memoryBytes()),
            Duration.ZERO,
            move.total(),
            Optional.empty()));
    if (before.size() > PAST) {
      before.removeFirst();
    }
    return move;
  }

  private static WriteRates watch(Host source) throws IOException, InterruptedException {
    try (Guest guest = Ring.adopt(source)) {
      return guest.writes(WATCH);
    } catch (VirtException e) {
      throw new IOException("The guest could not be watched: " + e.getMessage(), e);
    }
  }

  private static GuestWrites answer(WriteRates writes) {
    OptionalLong memory = writes.memoryBytesPerSecond();
    return new GuestWrites(
        memory.isPresent() ? Optional.of(memory.getAsLong()) : Optional.empty(),
        writes.reason(),
        writes.diskBytesPerSecond());
  }
}
