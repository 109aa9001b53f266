package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A portion of a file that is sent")
class PortionsTest {
  private static final long MIB = 1L << 20;
  private final Portions portions = new Portions();

  @Test
  void is_a_second_s_worth_of_the_rate_in_whole_units() {
    assertThat(portions.next(10 * MIB)).isEqualTo(10 * MIB);
    assertThat(portions.next(1)).isEqualTo(64 << 10);
    assertThat(portions.next(MIB + 1)).isEqualTo(MIB + (64 << 10));
  }

  @Test
  void grows_over_holes_and_without_a_limit_and_not_by_more_than_four_times() {
    portions.sent(10 * MIB, Duration.ofMillis(1));
    assertThat(portions.next(10 * MIB)).isEqualTo(40 * MIB);
    portions.sent(64 * MIB, Duration.ofMillis(500));
    assertThat(portions.next(0)).isEqualTo(128 * MIB);
  }

  @Test
  void is_one_of_dense_bytes_again_after_one_was_broken_off_or_was_slow() {
    portions.sent(10 * MIB, Duration.ofMillis(1));
    portions.brokenOff();
    assertThat(portions.next(10 * MIB)).isEqualTo(10 * MIB);
    portions.sent(40 * MIB, Duration.ofSeconds(8));
    assertThat(portions.next(10 * MIB)).isEqualTo(10 * MIB);
  }
}
