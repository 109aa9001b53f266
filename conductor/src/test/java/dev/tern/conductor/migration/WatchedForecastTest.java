package dev.tern.conductor.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.host.Forecast.Span;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.store.Link;
import dev.tern.store.Link.Moved;
import dev.tern.store.WatchedForecast;
import dev.tern.store.WatchedForecast.Load;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The forecast of a guest that was watched")
class WatchedForecastTest {
  private static final long MIB = 1L << 20;
  private static final Load LOAD = new Load(600 * MIB, 300 * MIB);

  /** Of migrations that sent so much a second for ten seconds, after two in which they did not. */
  private static Link link(long... rates) {
    return Link.of(
        LongStream.of(rates)
            .mapToObj(rate ->
                new Moved(
                    rate * 10,
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(10),
                    Optional.of(Duration.ofMillis(30))))
            .toList(),
        10 * MIB);
  }

  private static final Link STEADY = link(100 * MIB, 100 * MIB, 100 * MIB);

  private static Optional<GuestWrites> writes(long memory, long disk) {
    return Optional.of(new GuestWrites(Optional.of(memory), "", disk));
  }

  private static Span seconds(double low, double expected, double high) {
    return new Span(
        Duration.ofMillis(Math.round(low * 1e3)),
        Duration.ofMillis(Math.round(expected * 1e3)),
        Duration.ofMillis(Math.round(high * 1e3)));
  }

  @Test
  void that_writes_nothing_is_its_bytes_at_the_rate_of_those_before_it() {
    WatchedForecast forecast =
        WatchedForecast.of(LOAD, writes(0, 0), link(50 * MIB, 100 * MIB, 200 * MIB));

    assertThat(forecast.converges()).contains(true);
    assertThat(forecast.forecast().left()).contains(seconds(2 + 4.5, 2 + 9, 2 + 18));
    assertThat(forecast.forecast().pause()).contains(Duration.ofMillis(30));
    assertThat(forecast.forecast().basis()).contains("the last 3 migrations before it, 105 MB/s");
  }

  @Test
  void that_writes_takes_as_much_longer_as_is_sent_again() {
    WatchedForecast forecast = WatchedForecast.of(LOAD, writes(40 * MIB, 20 * MIB), STEADY);

    assertThat(forecast.converges()).contains(true);
    assertThat(forecast.forecast().left())
        .contains(
            seconds(
                2 + 600.0 / 85 + 300.0 / 70,
                2 + 600.0 / 80 + 300.0 / 60,
                2 + 600.0 / 75 + 300.0 / 50));
    assertThat(WatchedForecast.takes(LOAD, writes(40 * MIB, 20 * MIB), STEADY.usual()))
        .isEqualTo(Duration.ofMillis(12_500));
  }

  @Test
  void that_writes_faster_than_is_sent_does_not_converge_and_says_which() {
    WatchedForecast memory = WatchedForecast.of(LOAD, writes(300 * MIB, 0), STEADY);
    assertThat(memory.converges()).contains(false);
    assertThat(memory.forecast().left()).isEmpty();
    assertThat(memory.forecast().reason())
        .contains("writes 300 MiB of its memory a second and some 100 MiB are sent");

    WatchedForecast disk = WatchedForecast.of(LOAD, writes(0, 96 * MIB), STEADY);
    assertThat(disk.forecast().reason()).contains("96 MiB of its disks");
  }

  @Test
  void that_could_not_be_watched_may_take_twice_as_long_and_says_why() {
    WatchedForecast unwatched = WatchedForecast.of(LOAD, Optional.empty(), STEADY);
    assertThat(unwatched.converges()).isEmpty();
    assertThat(unwatched.forecast().left()).contains(seconds(2 + 9, 2 + 9, 2 + 18));
    assertThat(unwatched.forecast().basis().orElseThrow()).endsWith("writes is not known");
    assertThat(
            WatchedForecast.of(
                LOAD, Optional.of(new GuestWrites(Optional.empty(), "too slow", 0)), STEADY))
        .isEqualTo(unwatched);
  }

  @Test
  void has_a_band_twice_as_wide_with_fewer_than_three_before_it() {
    WatchedForecast forecast = WatchedForecast.of(LOAD, writes(0, 0), link(90 * MIB, 90 * MIB));

    assertThat(forecast.forecast().left()).contains(seconds(2 + 5, 2 + 10, 2 + 20));
    assertThat(forecast.forecast().basis().orElseThrow()).contains("the band is wide");
  }

  @Test
  void rests_on_an_assumption_while_nothing_was_measured_and_does_not_say_whether_it_converges() {
    Link assumed = Link.of(List.of(), 90 * MIB);
    WatchedForecast forecast = WatchedForecast.of(LOAD, writes(0, 0), assumed);

    assertThat(forecast.forecast().left()).contains(seconds(2.5, 10, 40));
    assertThat(forecast.forecast().basis().orElseThrow()).contains("94 MB/s are assumed");
    assertThat(forecast.converges()).isEmpty();
    assertThat(WatchedForecast.of(LOAD, writes(200 * MIB, 0), assumed).converges()).isEmpty();
  }

  @Test
  void is_no_faster_than_a_limit() {
    Link limited = STEADY.atMost(Optional.of(45 * MIB));
    assertThat(WatchedForecast.of(LOAD, writes(0, 0), limited.withoutAside()).forecast().left())
        .contains(seconds(20, 20, 20));
    assertThat(limited.basis()).contains("a limit allows 47 MB/s");
    assertThat(STEADY.atMost(Optional.of(1000 * MIB))).isEqualTo(STEADY);
  }
}
