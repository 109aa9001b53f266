package dev.tern.conductor.drain;

import dev.tern.contract.ServerId;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.store.ColdForecast;
import dev.tern.store.Link;
import dev.tern.store.WatchedForecast;
import dev.tern.store.WatchedForecast.Load;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How fast servers move, by those that moved before and by what they write.
 *
 * @param writes of those that were watched
 */
record Pace(Link link, Map<ServerId, GuestWrites> writes) {
  /** With fewer bytes a migration says more of its checks than of the link. */
  private static final Duration LEAST = Duration.ofSeconds(2);

  /** Of the rate of sending. */
  private static final double CONVERGES_BELOW = 0.95;

  Pace {
    writes = Map.copyOf(writes);
  }

  /**
   * With no more than a share of what is allowed.
   *
   * @param share of the bytes per second that each may use; empty without a limit
   */
  static Pace of(Link link, Map<ServerId, GuestWrites> writes, Optional<Long> share) {
    return new Pace(link.atMost(share), writes);
  }

  Duration takes(Guest guest) {
    return guest.cold().isPresent() ? cold(guest).takes() : takesLive(guest);
  }

  /** Of one that moves while its guest does not run. */
  ColdForecast cold(Guest guest) {
    return ColdForecast.of(
        new ColdForecast.Load(guest.bytes(), 0), guest.runs(), guest.cold().orElse(""), link);
  }

  private Duration takesLive(Guest guest) {
    long memory = Math.min(guest.bytes(), guest.needs().memoryMib() << 20);
    return LEAST.plus(
        WatchedForecast.takes(
            new Load(guest.bytes() - memory, memory), writesOf(guest), link.usual()));
  }

  Optional<Duration> pause() {
    return link.pause();
  }

  /** Where this comes from, in words. */
  String basis(List<Guest> guests) {
    long watched = guests.stream().filter(guest -> writes.containsKey(guest.id())).count();
    return watched == 0
        ? link.basis() + "; what the guests write is not known"
        : "%s; what %d of %d guests write".formatted(link.basis(), watched, guests.size());
  }

  /** Whether it writes faster than is sent. */
  boolean lags(Guest guest) {
    double most = CONVERGES_BELOW * link.usual();
    return writesOf(guest)
        .filter(its -> its.disk() >= most || its.memory().orElse(0L) >= most)
        .isPresent();
  }

  private Optional<GuestWrites> writesOf(Guest guest) {
    return Optional.ofNullable(writes.get(guest.id()));
  }
}
