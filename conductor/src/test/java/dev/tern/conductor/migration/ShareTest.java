package dev.tern.conductor.migration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("A migration")
class ShareTest {
  @ParameterizedTest
  @CsvSource({"0,,0", "0,7,7", "9,7,7", "5,7,5", "5,,5"})
  void sends_what_is_wished_but_no_more_than_its_share(long wished, Long share, long sends) {
    assertThat(Policy.least(wished, Optional.ofNullable(share))).isEqualTo(sends);
  }
}
