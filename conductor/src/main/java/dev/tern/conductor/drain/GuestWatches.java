package dev.tern.conductor.drain;

import dev.tern.conductor.asking.Watching;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.store.DrainStore.DrainRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * Has the guests of drains watched before their plans are made. A look at drains does not stand
 * still for that: the plan is made by the next look that finds them watched. Of one conductor: one
 * that takes over has them watched again, which their hosts remember.
 */
public final class GuestWatches {
  /** For plans, whose guests move over hours; a migration's own forecast wants to be younger. */
  private static final Duration FRESH = Duration.ofMinutes(10);

  /** A watch that is not over by then says nothing. */
  private static final Duration PATIENCE = Duration.ofSeconds(8);

  private final Watching watching;
  private final Map<UUID, Begun> begun = new HashMap<>();

  private record Begun(Instant at, List<CompletableFuture<Map<ServerId, GuestWrites>>> watches) {}

  public GuestWatches(Watching watching) {
    this.watching = watching;
  }

  /**
   * How much these write, those left out of which nothing is known; empty while they are watched.
   */
  synchronized Optional<Map<ServerId, GuestWrites>> of(
      DrainRecord drain, Map<HostName, List<ServerId>> guests, Instant now) {
    begun.values().removeIf(old -> old.at().plus(FRESH).isBefore(now));
    Begun mine = begun.computeIfAbsent(drain.id(), _ -> begin(guests, now));
    boolean over =
        mine.watches().stream().allMatch(CompletableFuture::isDone)
            || mine.at().plus(PATIENCE).isBefore(now);
    if (!over) {
      return Optional.empty();
    }
    Map<ServerId, GuestWrites> writes = new HashMap<>();
    mine.watches().forEach(watch -> writes.putAll(watch.getNow(Map.of())));
    return Optional.of(writes);
  }

  private Begun begin(Map<HostName, List<ServerId>> guests, Instant now) {
    List<CompletableFuture<Map<ServerId, GuestWrites>>> watches = new ArrayList<>();
    guests.forEach((host, its) -> watches.add(watching.begin(host, its, FRESH)));
    return new Begun(now, watches);
  }
}
