package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.Forecast.Span;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

@DisplayName("A forecast from measurements")
class ForecasterTest {
  private static final long MIB = 1L << 20;
  private static final Duration LIMIT = Duration.ofMillis(50);

  private final Forecaster forecaster = new Forecaster(LIMIT);

  /** Of one disk of 1000 MiB and memory of 200 MiB, which does not move yet. */
  private static Measurement disk(long millis, long copied, long writtenAnew) {
    return new Measurement(
        Duration.ofMillis(millis),
        (1_000 + writtenAnew) * MIB,
        copied * MIB,
        (1_000 + writtenAnew - copied) * MIB,
        200 * MIB,
        0,
        200 * MIB,
        0,
        0);
  }

  private static Measurement memory(
      long millis, long sent, long remaining, long passes, long dirtied) {
    return new Measurement(
        Duration.ofMillis(millis),
        1_000 * MIB,
        1_000 * MIB,
        0,
        200 * MIB,
        sent * MIB,
        remaining * MIB,
        passes,
        dirtied * MIB);
  }

  @Test
  void says_nothing_before_enough_is_measured() {
    Forecast first = forecaster.after(disk(0, 10, 0));
    assertThat(first.left()).isEmpty();
    assertThat(first.reason()).contains("too little has been measured");
    assertThat(forecaster.after(disk(250, 20, 0)).left()).isEmpty();
    assertThat(forecaster.after(disk(500, 50, 0)).left()).isPresent();
  }

  @Test
  void of_disks_copied_evenly_is_what_remains_by_the_rate_and_memory_after_it() {
    forecaster.after(disk(0, 0, 0));
    forecaster.after(disk(1_000, 100, 0));
    Span left = forecaster.after(disk(2_000, 200, 0)).left().orElseThrow();

    // 800 MiB of disk and 200 of memory at 100 MiB/s.
    assertThat(left.expected()).isEqualTo(Duration.ofSeconds(10));
    assertThat(left.low()).isBetween(Duration.ofSeconds(8), Duration.ofSeconds(10));
    assertThat(left.high()).isBetween(Duration.ofSeconds(10), Duration.ofSeconds(15));
  }

  @Test
  void of_disks_copied_unevenly_has_a_wider_band() {
    forecaster.after(disk(0, 0, 0));
    forecaster.after(disk(1_000, 150, 0));
    Span uneven = forecaster.after(disk(2_000, 200, 0)).left().orElseThrow();
    assertThat(uneven.expected()).isEqualTo(Duration.ofSeconds(10));
    assertThat(uneven.low()).isLessThan(Duration.ofSeconds(8));
    assertThat(uneven.high()).isGreaterThan(Duration.ofSeconds(15));
  }

  @Test
  void of_a_guest_that_writes_its_disk_as_fast_as_it_is_copied_is_unknown_and_says_why() {
    forecaster.after(disk(0, 0, 0));
    Forecast forecast = forecaster.after(disk(1_000, 100, 99));
    assertThat(forecast.left()).isEmpty();
    assertThat(forecast.pause()).isEmpty();
    assertThat(forecast.reason())
        .isEqualTo("the guest writes its disks as fast as they are copied, 100 MiB/s");
  }

  @Test
  void of_a_mirror_that_stands_still_is_unknown_and_says_why() {
    forecaster.after(disk(0, 100, 0));
    assertThat(forecaster.after(disk(1_000, 100, 0)).reason()).contains("no byte of the disks");
  }

  @Test
  void of_memory_is_what_remains_by_how_much_faster_it_is_sent_than_written() {
    forecaster.after(memory(0, 200, 100, 2, 60));
    Span left = forecaster.after(memory(1_000, 300, 80, 2, 60)).left().orElseThrow();
    // 80 MiB, of which 100 go and 60 come back each second.
    assertThat(left.expected()).isEqualTo(Duration.ofSeconds(2));
  }

  @Test
  void of_a_first_pass_over_memory_does_not_promise_that_it_is_the_last() {
    forecaster.after(memory(0, 1, 199, 1, 0));
    Span left = forecaster.after(memory(1_000, 101, 99, 1, 0)).left().orElseThrow();
    assertThat(left.expected()).isEqualTo(Duration.ofMillis(990));
    assertThat(left.high()).isGreaterThanOrEqualTo(left.expected().multipliedBy(3));
  }

  @Test
  void of_memory_written_as_fast_as_it_is_sent_is_unknown_and_says_why() {
    forecaster.after(memory(0, 200, 100, 3, 120));
    Forecast forecast = forecaster.after(memory(1_000, 300, 100, 3, 120));
    assertThat(forecast.left()).isEmpty();
    assertThat(forecast.pause()).isEmpty();
    assertThat(forecast.reason())
        .isEqualTo(
            "the guest writes 120 MiB of memory a second and 100 MiB are sent: it does not"
                + " converge");
  }

  @Test
  void of_the_pause_is_what_remains_to_be_sent_within_the_limit_and_the_device_state() {
    forecaster.after(memory(0, 100, 100, 2, 10));
    assertThat(forecaster.after(memory(1_000, 200, 100, 2, 10)).pause())
        .contains(LIMIT.plus(Forecaster.DEVICE_STATE));
    assertThat(forecaster.after(memory(2_000, 300, 1, 2, 10)).pause())
        .contains(Duration.ofMillis(10).plus(Forecaster.DEVICE_STATE));
  }

  @Test
  void begins_anew_when_memory_follows_the_disks_and_when_a_step_is_repeated() {
    forecaster.after(disk(0, 0, 0));
    assertThat(forecaster.after(disk(1_000, 100, 0)).left()).isPresent();
    assertThat(forecaster.after(memory(1_250, 5, 195, 1, 0)).left()).isEmpty();
    assertThat(forecaster.after(memory(2_250, 55, 145, 1, 0)).left()).isPresent();
    assertThat(forecaster.after(disk(2_500, 0, 0)).left()).isEmpty();
  }

  @Test
  void forgets_how_fast_it_was_long_ago() {
    forecaster.after(disk(0, 0, 0));
    for (int second = 1; second <= 10; second++) {
      forecaster.after(disk(second * 1_000L, 10L * second, 0));
    }
    Forecast forecast = Forecast.unknown("");
    for (int second = 11; second <= 20; second++) {
      forecast = forecaster.after(disk(second * 1_000L, 100 + 50L * (second - 10), 0));
    }
    // 400 MiB of disk and 200 of memory at 50 MiB/s.
    assertThat(forecast.left().orElseThrow().expected()).isEqualTo(Duration.ofSeconds(12));
  }

  /** Whatever is measured, the band holds what is expected, and nothing is thrown. */
  @RepeatedTest(50)
  void is_a_band_around_what_is_expected_or_a_reason() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    long at = 0;
    for (int i = 0; i < 200; i++) {
      at += random.nextInt(600);
      Measurement measured =
          random.nextBoolean()
              ? disk(at, random.nextInt(900), random.nextInt(200))
              : memory(
                  at,
                  random.nextInt(2_000),
                  random.nextInt(200),
                  random.nextInt(5),
                  random.nextInt(300));
      Forecast forecast = forecaster.after(measured);
      assertThat(forecast.left().isEmpty())
          .as("seed %d", seed)
          .isEqualTo(!forecast.reason().isEmpty());
      forecast
          .left()
          .ifPresent(left ->
              assertThat(left.expected()).as("seed %d", seed).isBetween(left.low(), left.high()));
    }
  }
}
