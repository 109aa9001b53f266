package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

@DisplayName("The one figure of a migration")
class OneFigureTest {
  @Test
  void is_the_share_of_all_bytes_that_need_not_move_any_more() {
    OneFigure figure = new OneFigure();
    assertThat(figure.after(2_000, 2_000)).isZero();
    assertThat(figure.after(2_000, 1_500)).isEqualTo(250);
    assertThat(figure.after(2_000, 1)).isEqualTo(999);
    assertThat(figure.after(2_000, 0)).isEqualTo(1_000);
  }

  @Test
  void stands_while_the_guest_makes_work_anew_and_while_a_step_begins_again() {
    OneFigure figure = new OneFigure();
    assertThat(figure.after(1_000, 400)).isEqualTo(600);
    assertThat(figure.after(1_000, 900)).isEqualTo(600);
    assertThat(figure.after(5_000, 2_500)).isEqualTo(600);
    assertThat(figure.after(5_000, 1_000)).isEqualTo(800);
  }

  @Test
  void of_a_migration_that_has_nothing_to_move_yet_is_nothing() {
    assertThat(new OneFigure().after(0, 0)).isZero();
  }

  /** Whatever is measured, also nonsense, and also the largest disks there can be. */
  @RepeatedTest(50)
  void never_falls_and_is_whole_only_when_nothing_remains() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    OneFigure figure = new OneFigure();
    int before = 0;
    boolean everDone = false;
    for (int i = 0; i < 200; i++) {
      long total = random.nextLong() >> random.nextInt(64);
      long remaining = random.nextInt(20) == 0 ? 0 : random.nextLong() >> random.nextInt(64);
      everDone |= total > 0 && remaining <= 0;
      int now = figure.after(total, remaining);
      assertThat(now).as("seed %d, step %d", seed, i).isBetween(before, OneFigure.ALL);
      assertThat(now == OneFigure.ALL).as("seed %d, step %d", seed, i).isEqualTo(everDone);
      before = now;
    }
  }
}
