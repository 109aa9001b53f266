package dev.tern.bench;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code ./tern bench forecast}. */
@Command(
    name = "forecast",
    description =
        "Says how long moves of several guests will take, moves them, and shows by how much that was wrong.",
    mixinStandardHelpOptions = true)
final class ForecastCommand implements Callable<Integer> {
  private static final List<BenchCase> USUAL =
      Stream.of("idle", "memory", "disk", "both", "memory-512")
          .map(name -> BenchCase.named(name).orElseThrow())
          .toList();

  private static final Duration MAX_PAUSE = Duration.ofMillis(100);

  @Mixin private BenchRun run = new BenchRun();

  /** 0 only if every move was right; how far forecasts were off is shown, not judged. */
  @Override
  public Integer call() throws Exception {
    List<ForecastingMover> movers = new ArrayList<>();
    int exit =
        run.run(
            USUAL,
            _ -> {
              movers.add(
                  new ForecastingMover(new TernMover(MAX_PAUSE, Streams.TLS, Clock.systemUTC())));
              return List.copyOf(movers);
            });
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    movers.forEach(mover -> out.print(ForecastTable.of(mover.told())));
    return exit;
  }
}
