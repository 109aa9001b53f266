package dev.tern.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tern.bench.BenchReport.CaseReport;
import dev.tern.bench.BenchReport.Overall;
import dev.tern.bench.Mover.Move;
import dev.tern.virt.LaunchRecipe;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The figures of a benchmark")
class FiguresTest {
  private static final BenchCase IDLE = BenchCase.named("idle").orElseThrow();

  private record Named(String name, String floor) implements Mover {
    @Override
    public Move move(Host source, Host destination, LaunchRecipe recipe, BenchCase what) {
      throw new AssertionError("nothing is moved here");
    }
  }

  private static Sample sample(String mover, long millis, String... wrong) {
    Duration took = Duration.ofMillis(millis);
    return new Sample(
        mover,
        1,
        new Move(took, 0, Map.of("runs", took), Map.of(Move.RESUMED, took.dividedBy(10))),
        took,
        110 << 20,
        100 << 20,
        50 << 20,
        50 << 20,
        List.of(wrong));
  }

  @Test
  void are_medians() {
    assertThat(Figures.median(9, 1, 5)).isEqualTo(5);
    assertThat(Figures.median(1, 9, 3, 5)).isEqualTo(4);
    assertThat(Figures.median()).isZero();
  }

  @Test
  void leave_out_what_was_moved_wrongly_and_say_so() {
    Figures figures =
        Figures.of(
            List.of(sample("tern", 400), sample("tern", 1, "disk0 differs"), sample("tern", 600)));

    assertThat(figures.moves()).isEqualTo(2);
    assertThat(figures.totalMillis()).isEqualTo(500);
    assertThat(figures.pauseMillis()).isEqualTo(50);
    assertThat(figures.totals()).containsExactly(400.0, 600.0);
    assertThat(figures.pauses()).containsExactly(40.0, 60.0);
    assertThat(figures.times()).containsExactly(Map.entry("runs", 500.0));
    assertThat(figures.wireToNeeded()).isEqualTo(1.1);
    assertThat(figures.wrong()).containsExactly("disk0 differs");
  }

  @Test
  void are_held_against_the_floor() {
    List<Mover> movers = List.of(new Named("floor", "floor"), new Named("tern", "floor"));
    CaseReport report =
        BenchReport.report(IDLE, movers, List.of(sample("tern", 550), sample("floor", 500)));

    assertThat(report.ratios()).containsOnlyKeys("tern");
    assertThat(report.ratiosOf("tern").total()).isEqualTo(1.1);
    assertThat(report.ratiosOf("tern").wire()).isEqualTo(1.0);
  }

  @Test
  void of_all_cases_are_means_since_a_median_of_few_may_be_either_of_two_values() {
    List<Mover> movers = List.of(new Named("floor", "floor"), new Named("tern", "floor"));
    CaseReport one =
        BenchReport.report(
            IDLE,
            movers,
            List.of(sample("tern", 200), sample("floor", 200), sample("floor", 400, "rebooted")));
    CaseReport other =
        BenchReport.report(
            IDLE, movers, List.of(sample("tern", 400), sample("tern", 400), sample("floor", 300)));

    Map<String, Overall> overall = BenchReport.overall(List.of(one, other), movers);

    assertThat(overall.get("floor")).isEqualTo(new Overall(2, 250, 25, 0, 0));
    assertThat(overall)
        .hasEntrySatisfying(
            "tern",
            tern -> {
              assertThat(tern.moves()).isEqualTo(3);
              assertThat(tern.totalRatio()).isCloseTo(4.0 / 3, within(1e-3));
              assertThat(tern.pauseRatio()).isCloseTo(4.0 / 3, within(1e-3));
            });
  }

  @Test
  @Tag("S93")
  void of_tls_and_of_a_tunnel_are_held_against_plain_text(@TempDir Path work) throws Exception {
    List<Mover> ways = FloorMover.ways(work);

    CaseReport report =
        BenchReport.report(
            IDLE,
            ways,
            List.of(sample("floor", 500), sample("floor-tls", 600), sample("floor-tunnel", 900)));

    assertThat(report.ratios()).containsOnlyKeys("floor-tls", "floor-tunnel");
    assertThat(report.ratiosOf("floor-tls").total()).isEqualTo(1.2);
    assertThat(report.ratiosOf("floor-tunnel").total()).isEqualTo(1.8);
  }

  @Test
  void have_no_ratio_when_the_floor_has_no_right_move() {
    List<Mover> movers = List.of(new Named("floor", "floor"), new Named("tern", "floor"));
    CaseReport report =
        BenchReport.report(
            IDLE, movers, List.of(sample("tern", 550), sample("floor", 500, "it rebooted")));

    assertThat(report.ratiosOf("tern").total()).isZero();
    assertThat(report.of("floor").moves()).isZero();
  }
}
