package dev.tern.conductor.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.Forecast.Span;
import dev.tern.store.MigrationFigures;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.PlanForecast;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The forecast of a plan")
class PlanForecastTest {
  private static final long BYTES = 1_000_000;

  /** Moved as many bytes as the test asks for, half of disk and half of memory. */
  private static MigrationRecord past(long seconds, Optional<Duration> pause) {
    MigrationRecord any = new FakeCloud().migration();
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
        BYTES / 2,
        BYTES / 2,
        0,
        BYTES / 2,
        BYTES / 2,
        0,
        pause,
        MigrationFigures.NONE,
        any.wishes(),
        Optional.empty(),
        Instant.EPOCH,
        Instant.EPOCH,
        Optional.of(Instant.EPOCH.plusSeconds(seconds)));
  }

  private static Optional<Duration> millis(long pause) {
    return Optional.of(Duration.ofMillis(pause));
  }

  @Test
  void of_a_host_that_nothing_left_yet_is_unknown_and_says_so() {
    assertThat(PlanForecast.of(BYTES, List.of()))
        .isEqualTo(Forecast.unknown("no migration from this host has been measured yet"));
  }

  @Test
  void is_what_those_before_it_took_from_the_fastest_to_the_slowest() {
    Forecast forecast =
        PlanForecast.of(
            2 * BYTES,
            List.of(past(10, millis(30)), past(40, Optional.empty()), past(20, millis(50))));
    assertThat(forecast.left())
        .contains(new Span(Duration.ofSeconds(20), Duration.ofSeconds(40), Duration.ofSeconds(80)));
    assertThat(forecast.pause()).isEqualTo(millis(50));
    assertThat(forecast.reason()).isEmpty();
  }

  @Test
  void from_a_single_one_is_wide() {
    assertThat(PlanForecast.of(BYTES, List.of(past(10, Optional.empty()))))
        .isEqualTo(
            new Forecast(
                Optional.of(
                    new Span(
                        Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(20))),
                "",
                Optional.empty()));
  }

  @Test
  void does_not_believe_one_that_took_no_time() {
    assertThat(PlanForecast.of(BYTES, List.of(past(0, millis(1)))).left()).isEmpty();
  }
}
