package dev.tern.conductor.migration;

import dev.tern.contract.agent.ArrivalStamps;
import dev.tern.contract.agent.LeavingStamps;
import dev.tern.store.PauseParts;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The guest's pause in its parts, from the stamps of both hosts' QEMUs. Two parts end on another
 * clock than they began on; they are only told when the clocks can agree.
 *
 * <pre>
 *   source's clock         stopped ─ stop ─ pre-switchover ─ mirror drain ─ mirrored ─┐    sent
 *                                                                       device state  │
 *   destination's clock                                                               └─ loaded ─ start ─ resumed
 * </pre>
 */
final class PauseSplit {
  /** A destination takes no longer than this to load what has come, unless it is far slower. */
  private static final Duration LOADS_WITHIN = Duration.ofSeconds(1);

  private static final int SLOWER = 5;

  private PauseSplit() {}

  /**
   * @param keptPaused the guest was paused by its user and stays so
   */
  static PauseParts of(
      Optional<LeavingStamps> leaving, Optional<ArrivalStamps> arrival, boolean keptPaused) {
    if (keptPaused) {
      return PauseParts.unknown("the guest was paused by its user and stays so");
    }
    Optional<Instant> stopped = leaving.flatMap(LeavingStamps::stopped);
    Optional<Instant> known = leaving.flatMap(LeavingStamps::preSwitchover);
    // A guest without a disk to mirror has nothing to drain.
    Optional<Instant> mirrored = leaving.flatMap(LeavingStamps::mirrored).or(() -> known);
    Optional<Instant> loaded = arrival.flatMap(ArrivalStamps::loaded);
    Optional<Instant> resumed = arrival.flatMap(ArrivalStamps::resumed);
    // After post-copy the guest runs before all of it is loaded.
    Optional<String> apart = apart(leaving, mirrored, loaded.or(() -> resumed));
    Optional<Duration> stop = between(stopped, known);
    Optional<Duration> drain = between(known, mirrored);
    Optional<Duration> device = apart.isPresent() ? Optional.empty() : between(mirrored, loaded);
    Optional<Duration> start = between(loaded, resumed);
    Optional<Duration> total = apart.isPresent() ? Optional.empty() : between(stopped, resumed);
    boolean whole =
        stop.isPresent() && drain.isPresent() && device.isPresent() && start.isPresent();
    return new PauseParts(
        total,
        stop,
        drain,
        device,
        start,
        whole && total.isPresent() ? Optional.empty() : Optional.of(why(leaving, arrival, apart)));
  }

  private static String why(
      Optional<LeavingStamps> leaving, Optional<ArrivalStamps> arrival, Optional<String> apart) {
    if (apart.isPresent()) {
      return apart.get();
    }
    if (leaving.isEmpty() || leaving.get().stopped().isEmpty()) {
      return "the source's agent did not hear all of its QEMU while the guest left";
    }
    if (arrival.isEmpty() || arrival.get().resumed().isEmpty()) {
      return "the destination's agent did not hear all of its QEMU while the guest arrived";
    }
    return "a stamp is missing, or a host's clock was set during the pause";
  }

  /** Says so when nothing can have taken as long, or as little, as the two clocks claim. */
  private static Optional<String> apart(
      Optional<LeavingStamps> leaving, Optional<Instant> mirrored, Optional<Instant> loaded) {
    if (mirrored.isEmpty() || loaded.isEmpty()) {
      return Optional.empty();
    }
    Duration device = Duration.between(mirrored.get(), loaded.get());
    if (device.isNegative()) {
      return disagree(device);
    }
    Optional<Instant> sent = leaving.flatMap(LeavingStamps::sent);
    if (sent.isPresent()) {
      Duration sending = Duration.between(mirrored.get(), sent.get()).multipliedBy(SLOWER);
      Duration loading = Duration.between(sent.get(), loaded.get());
      if (loading.compareTo(LOADS_WITHIN) > 0 && loading.compareTo(sending) > 0) {
        return disagree(loading);
      }
    }
    return Optional.empty();
  }

  private static Optional<String> disagree(Duration by) {
    return Optional.of(
        "the clocks of the two hosts disagree by about %d ms".formatted(by.abs().toMillis()));
  }

  private static Optional<Duration> between(Optional<Instant> from, Optional<Instant> to) {
    return from.flatMap(begin -> to.map(end -> Duration.between(begin, end)))
        .filter(length -> !length.isNegative());
  }
}
