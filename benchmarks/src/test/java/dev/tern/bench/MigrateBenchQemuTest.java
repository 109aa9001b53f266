package dev.tern.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.bench.BenchReport.CaseReport;
import dev.tern.contract.Pause;
import dev.tern.virt.LaunchRecipe;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The benchmark of live migrations")
class MigrateBenchQemuTest {
  private static final BenchCase SMALL =
      new BenchCase("small", "16 MiB in 64 MiB", 2, "raw", 64, 8, 0, "tern.mem=8,0", false, 128);

  @TempDir Path work;

  /** Fast, and wrong: a byte of the second disk is another one afterwards. */
  private record Spoiler(Mover honest) implements Mover {
    @Override
    public String name() {
      return "spoiler";
    }

    @Override
    public String floor() {
      return honest.floor();
    }

    @Override
    public Move move(Host source, Host destination, LaunchRecipe recipe, BenchCase what)
        throws IOException, InterruptedException {
      Move move = honest.move(source, destination, recipe, what);
      Path disk = destination.instance().resolve("disk1.raw");
      try (FileChannel channel = FileChannel.open(disk, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.wrap(new byte[] {0x55}), 40L << 20);
      }
      return move;
    }
  }

  private static Path guest() {
    String given = System.getenv("TERN_GUEST_DIR");
    return given == null
        ? Path.of(System.getProperty("user.home"), ".cache", "tern", "guest")
        : Path.of(given);
  }

  @Test
  @Tag("S93")
  void measures_floor_tunnel_and_driver_on_one_guest_and_does_not_count_a_wrong_move()
      throws Exception {
    FloorMover floor = FloorMover.in(work, Streams.TLS);
    Mover tunnel = FloorMover.ways(work).getLast();
    TernMover tern = new TernMover(Duration.ofMillis(100), Streams.TLS, Clock.systemUTC());
    List<String> said = new ArrayList<>();

    BenchReport report =
        new MigrateBench(work, guest(), new Loopback(false), Pause.SLEEPING, said::add)
            .run(List.of(SMALL), List.of(floor, tern, tunnel, new Spoiler(floor)), 0, 1, 3);

    CaseReport small = report.cases().getFirst();
    assertThat(small.of("spoiler").moves()).isZero();
    assertThat(report.wrong()).singleElement().asString().contains("small, spoiler: disk1 differs");
    for (String mover : List.of("floor-tls", "tern-tls", "floor-tunnel")) {
      Figures figures = small.of(mover);
      assertThat(figures.moves()).as(mover).isEqualTo(1);
      assertThat(figures.pauseMillis()).as(mover).isPositive().isLessThan(figures.totalMillis());
      // Less cannot be: what is needed is counted page by page and block by block. Others may use
      // this interface too, so there is no upper bound. Of the tunnel only the relays' connection
      // is
      // counted.
      assertThat(figures.wireToNeeded()).as(mover).isGreaterThan(0.95);
      assertThat(figures.destinationToSource()).as(mover).isBetween(0.9, 1.05);
      assertThat(figures.times()).as(mover).containsKeys("mirrors-ready", "mirrors-ended", "runs");
    }
    assertThat(small.ratiosOf("tern-tls").total()).isPositive();
    Figures driven = small.of("tern-tls");
    assertThat(driven.totalMillis())
        .as("keys are taken away once the guest runs, and that is not counted")
        .isLessThan(driven.times().get("runs"));
    assertThat(said).hasSize(5);
  }
}
