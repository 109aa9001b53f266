package dev.tern.conductor.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.host.Forecast.Span;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.store.MigrationFigures;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.Wishes;
import dev.tern.store.WatchedForecast;
import dev.tern.store.WatchedForecast.Load;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The forecast of a guest that was watched")
class WatchedForecastTest {
  private static final long MIB = 1L << 20;
  private static final Load LOAD = new Load(600 * MIB, 300 * MIB);

  /**
   * Done with so much a second for ten seconds, after two in which nothing was sent. Three quarters
   * of its memory were zero, and not sent.
   */
  private static MigrationRecord past(long rate) {
    MigrationRecord any = new FakeCloud().migration();
    Wishes wishes =
        new Wishes(
            any.wishes().policy(),
            0,
            any.wishes().streams(),
            false,
            Optional.of(Instant.EPOCH.plusSeconds(2)),
            Optional.empty(),
            Map.of());
    return new MigrationRecord(
        any.number(),
        any.id(),
        any.server(),
        any.saga(),
        MigrationStatus.COMPLETED,
        any.phase(),
        true,
        false,
        Optional.empty(),
        any.source(),
        any.requestedHost(),
        any.destination(),
        any.destinationClaim(),
        any.blockMigration(),
        any.diskOverCommit(),
        any.epoch(),
        any.user(),
        any.project(),
        rate * 4,
        rate,
        0,
        rate * 6,
        rate * 6,
        0,
        Optional.of(Duration.ofMillis(30)),
        MigrationFigures.NONE,
        wishes,
        Optional.empty(),
        Instant.EPOCH,
        Instant.EPOCH,
        Optional.of(Instant.EPOCH.plusSeconds(12)));
  }

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
        WatchedForecast.of(
            LOAD, writes(0, 0), List.of(past(50 * MIB), past(100 * MIB), past(200 * MIB)));

    assertThat(forecast.converges()).contains(true);
    assertThat(forecast.forecast().left()).contains(seconds(2 + 4.5, 2 + 9, 2 + 18));
    assertThat(forecast.forecast().pause()).contains(Duration.ofMillis(30));
  }

  @Test
  void that_writes_takes_as_much_longer_as_is_sent_again() {
    WatchedForecast forecast =
        WatchedForecast.of(LOAD, writes(40 * MIB, 20 * MIB), List.of(past(100 * MIB)));

    assertThat(forecast.converges()).contains(true);
    assertThat(forecast.forecast().left())
        .contains(
            seconds(
                2 + 600.0 / 85 + 300.0 / 70,
                2 + 600.0 / 80 + 300.0 / 60,
                2 + 600.0 / 75 + 300.0 / 50));
  }

  @Test
  void that_writes_faster_than_is_sent_does_not_converge_and_says_which() {
    WatchedForecast memory =
        WatchedForecast.of(LOAD, writes(300 * MIB, 0), List.of(past(100 * MIB)));
    assertThat(memory.converges()).contains(false);
    assertThat(memory.forecast().left()).isEmpty();
    assertThat(memory.forecast().reason())
        .contains("writes 300 MiB of its memory a second and some 100 MiB are sent");

    WatchedForecast disk = WatchedForecast.of(LOAD, writes(0, 96 * MIB), List.of(past(100 * MIB)));
    assertThat(disk.forecast().reason()).contains("96 MiB of its disks");
  }

  @Test
  void that_could_not_be_watched_is_that_of_those_before_it() {
    WatchedForecast unwatched =
        WatchedForecast.of(LOAD, Optional.empty(), List.of(past(100 * MIB)));
    assertThat(unwatched.converges()).isEmpty();
    assertThat(unwatched.forecast().left()).isPresent();
    WatchedForecast small =
        WatchedForecast.of(
            LOAD,
            Optional.of(new GuestWrites(Optional.empty(), "too slow", 0)),
            List.of(past(100 * MIB)));
    assertThat(small).isEqualTo(unwatched);
    assertThat(WatchedForecast.of(LOAD, writes(0, 0), List.of()).forecast().left()).isEmpty();
  }
}
