package dev.tern.contract.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("A forecast")
class ForecastTest {
  @Test
  void that_was_written_down_before_there_was_a_basis_is_read_as_one_without() {
    String former = "{\"left\": null, \"reason\": \"too early\", \"pause\": null}";
    assertThat(JsonMapper.builder().build().readValue(former, Forecast.class))
        .isEqualTo(Forecast.unknown("too early"));
  }
}
