package dev.tern.conductor.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.ArrivalStamps;
import dev.tern.contract.agent.LeavingStamps;
import dev.tern.store.PauseParts;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("The guest's pause")
@Tag("S62")
@Tag("S123")
class PauseSplitTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private static Optional<Instant> at(long millis) {
    return Optional.of(NOON.plusMillis(millis));
  }

  private static Optional<Duration> millis(long length) {
    return Optional.of(Duration.ofMillis(length));
  }

  private static Optional<LeavingStamps> left(long stopped, long known, long mirrored, long sent) {
    return Optional.of(new LeavingStamps(at(stopped), at(known), at(mirrored), at(sent)));
  }

  private static Optional<ArrivalStamps> came(long loaded, long resumed) {
    return Optional.of(new ArrivalStamps(at(loaded), at(resumed)));
  }

  @Test
  void is_split_into_stop_drain_device_state_and_start() {
    PauseParts parts = PauseSplit.of(left(0, 1, 4, 9), came(12, 14), false);

    assertThat(parts)
        .isEqualTo(
            new PauseParts(
                millis(14), millis(1), millis(3), millis(8), millis(2), Optional.empty()));
  }

  @Test
  void of_a_guest_without_a_disk_to_mirror_has_nothing_to_drain() {
    Optional<LeavingStamps> left =
        Optional.of(new LeavingStamps(at(0), at(1), Optional.empty(), at(9)));

    PauseParts parts = PauseSplit.of(left, came(12, 14), false);

    assertThat(parts.mirrorDrain()).isEqualTo(millis(0));
    assertThat(parts.deviceState()).isEqualTo(millis(11));
    assertThat(parts.unknown()).isEmpty();
  }

  @Test
  void of_hosts_whose_clocks_disagree_is_told_only_where_one_clock_is_enough() {
    PauseParts behind = PauseSplit.of(left(0, 1, 4, 9), came(-5_000, -4_998), false);
    assertThat(behind.total()).isEmpty();
    assertThat(behind.deviceState()).isEmpty();
    assertThat(behind.stop()).isEqualTo(millis(1));
    assertThat(behind.start()).isEqualTo(millis(2));
    assertThat(behind.unknown().orElseThrow()).contains("clocks of the two hosts disagree", "5004");

    PauseParts ahead = PauseSplit.of(left(0, 1, 4, 9), came(5_012, 5_014), false);
    assertThat(ahead.total()).isEmpty();
    assertThat(ahead.deviceState()).isEmpty();
    assertThat(ahead.start()).isEqualTo(millis(2));
    assertThat(ahead.unknown().orElseThrow()).contains("clocks of the two hosts disagree", "5003");
  }

  @Test
  void that_was_long_because_much_was_sent_is_believed() {
    PauseParts parts = PauseSplit.of(left(0, 1, 4, 2_004), came(4_500, 4_502), false);
    assertThat(parts.total()).isEqualTo(millis(4_502));
    assertThat(parts.unknown()).isEmpty();
  }

  @Test
  void nobody_watched_is_unknown_and_says_on_which_side() {
    PauseParts noSource = PauseSplit.of(Optional.empty(), came(12, 14), false);
    assertThat(noSource.total()).isEmpty();
    assertThat(noSource.start()).isEqualTo(millis(2));
    assertThat(noSource.unknown().orElseThrow()).contains("source");

    PauseParts noDestination = PauseSplit.of(left(0, 1, 4, 9), Optional.empty(), false);
    assertThat(noDestination.mirrorDrain()).isEqualTo(millis(3));
    assertThat(noDestination.total()).isEmpty();
    assertThat(noDestination.unknown().orElseThrow()).contains("destination");
  }

  @Test
  void after_post_copy_is_told_whole_and_ends_before_all_is_loaded() {
    Optional<ArrivalStamps> came = Optional.of(new ArrivalStamps(Optional.empty(), at(20)));
    PauseParts parts = PauseSplit.of(left(0, 1, 4, 90_000), came, false);
    assertThat(parts.total()).isEqualTo(millis(20));
    assertThat(parts.deviceState()).isEmpty();
    assertThat(parts.unknown()).isPresent();
    Optional<ArrivalStamps> before = Optional.of(new ArrivalStamps(Optional.empty(), at(-20)));
    assertThat(PauseSplit.of(left(0, 1, 4, 90_000), before, false).total()).isEmpty();
  }

  @Test
  void of_a_guest_that_stays_paused_has_no_end() {
    assertThat(PauseSplit.of(left(0, 1, 4, 9), came(12, 14), true))
        .isEqualTo(PauseParts.unknown("the guest was paused by its user and stays so"));
  }

  /** Whatever the stamps: no part is negative, and parts that are all known are the whole. */
  @RepeatedTest(50)
  void never_lies() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Optional<LeavingStamps> left =
        Optional.of(new LeavingStamps(any(random), any(random), any(random), any(random)));
    Optional<ArrivalStamps> came = Optional.of(new ArrivalStamps(any(random), any(random)));

    PauseParts parts = PauseSplit.of(left, came, false);

    assertThat(all(parts).flatMap(Optional::stream).anyMatch(Duration::isNegative))
        .as("seed %d", seed)
        .isFalse();
    boolean whole = all(parts).allMatch(Optional::isPresent);
    assertThat(parts.unknown().isEmpty()).as("seed %d", seed).isEqualTo(whole);
    if (whole) {
      assertThat(all(parts).skip(1).flatMap(Optional::stream).reduce(Duration.ZERO, Duration::plus))
          .as("seed %d", seed)
          .isEqualTo(parts.total().orElseThrow());
    }
  }

  private static Stream<Optional<Duration>> all(PauseParts parts) {
    return Stream.of(
        parts.total(), parts.stop(), parts.mirrorDrain(), parts.deviceState(), parts.start());
  }

  private static Optional<Instant> any(Random random) {
    return random.nextInt(8) == 0 ? Optional.empty() : at(random.nextInt(5_000));
  }
}
