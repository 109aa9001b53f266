package dev.tern.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tern.bench.ForecastingMover.Told;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.Forecast.Span;
import dev.tern.store.WatchedForecast;
import dev.tern.virt.Guest.WriteRates;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The table of forecasts")
class ForecastTableTest {
  private static final WriteRates WRITES = new WriteRates(OptionalLong.of(3 << 20), "", 1 << 20);

  private static Told told(Forecast forecast, int actual) {
    return new Told(
        "memory",
        WRITES,
        new WatchedForecast(forecast, forecast.left().map(_ -> true)),
        Duration.ofSeconds(1),
        Duration.ofSeconds(actual));
  }

  private static Told from4to8(int actual) {
    Span span = new Span(Duration.ofSeconds(4), Duration.ofSeconds(5), Duration.ofSeconds(8));
    return told(new Forecast(Optional.of(span), "", Optional.empty()), actual);
  }

  @Test
  void holds_what_was_said_against_what_came() {
    assertThat(ForecastTable.error(from4to8(10))).isCloseTo(50, within(1e-9));
    assertThat(ForecastTable.error(from4to8(4))).isCloseTo(25, within(1e-9));
    assertThat(ForecastTable.inBand(from4to8(8))).isTrue();
    assertThat(ForecastTable.inBand(from4to8(3))).isFalse();
    assertThat(ForecastTable.inBand(from4to8(9))).isFalse();
  }

  @Test
  void counts_a_move_of_which_nothing_was_said_as_that() {
    String table = ForecastTable.of(List.of(told(Forecast.unknown("nothing yet"), 6), from4to8(4)));
    assertThat(table.lines().filter(line -> line.startsWith("memory")))
        .singleElement()
        .asString()
        .containsSubsequence("2", "3.00", "1.00", "1 of 2", "5.00", "5.00", "25.00", "1 of 1");
    assertThat(ForecastTable.of(List.of(told(Forecast.unknown("nothing yet"), 6))))
        .contains("unknown");
  }
}
