package dev.tern.standalone.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A watched guest")
class GuestWatchTest {
  private final GuestWatch watch = new GuestWatch();

  private void saw(long millis, String host, String line) {
    saw(millis, millis, host, line);
  }

  private void saw(long absent, long seen, String host, String line) {
    watch.saw(
        Duration.ofMillis(absent).toNanos(),
        Duration.ofMillis(seen).toNanos(),
        host,
        GuestLine.parse(line));
  }

  @Test
  void that_moves_was_silent_from_its_last_beat_here_to_its_first_beat_there() {
    saw(0, "a", "H 1 100 0123abcd");
    saw(10, "a", "H 2 200 0123abcd");
    saw(75, "b", "H 3 300 0123abcd");
    saw(85, "b", "H 4 400 0123abcd");
    assertThat(watch.sight().switchGap()).isEqualTo(Duration.ofMillis(65));
    assertThat(watch.sight().switches()).isEqualTo(1);
    assertThat(watch.sight().bootIds()).isEqualTo(1);
    assertThat(watch.sight().beatsBackwards()).isZero();
  }

  @Test
  void was_silent_as_long_as_the_looks_allow_when_they_come_late() {
    saw(0, 1, "a", "H 1 100 0123abcd");
    saw(1, 60, "a", "H 2 200 0123abcd");
    saw(60, 75, "b", "H 3 300 0123abcd");
    assertThat(watch.sight().switchGap()).isEqualTo(Duration.ofMillis(74));
  }

  @Test
  void that_reboots_shows_a_second_boot_id_and_a_count_that_falls() {
    saw(0, "a", "H 7 100 0123abcd");
    saw(10, "b", "H 1 200 ffffffff");
    assertThat(watch.sight().bootIds()).isEqualTo(2);
    assertThat(watch.sight().beatsBackwards()).isEqualTo(1);
  }

  @Test
  void that_writes_a_block_twice_has_acknowledged_the_later_write() {
    saw(0, "a", "A 1 40 00000000");
    saw(1, "b", "A 2 40 00000000");
    assertThat(watch.acknowledged()).containsEntry(40L, 2L);
    assertThat(watch.acknowledgedOn("a")).containsEntry(40L, 1L);
  }

  @Test
  void whose_memory_went_bad_is_noticed() {
    saw(0, "a", "M 3 16384 2");
    saw(0, "a", "R EIO write 5 block 9");
    assertThat(watch.sight().badPages()).isEqualTo(2);
    assertThat(watch.sight().troubles()).hasSize(1);
  }

  @Test
  void that_prints_anything_else_is_not_misread() {
    saw(0, "a", "H 1 2 3 4");
    saw(0, "a", "A 99999999999999999999999 1 00000000");
    saw(0, "a", "[    0.0] Linux version");
    assertThat(watch.sight().beats()).isZero();
    assertThat(watch.sight().acknowledgements()).isZero();
  }
}
