package dev.tern.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./tern bench migrate}. */
@Command(
    name = "migrate",
    description =
        "Moves a guest with its disks there and back, by Tern's driver and by a plain QMP script in turn.",
    mixinStandardHelpOptions = true)
final class MigrateCommand implements Callable<Integer> {
  @Mixin private BenchRun run = new BenchRun();

  @Option(
      names = "--streams",
      paramLabel = "KIND",
      split = ",",
      defaultValue = "PLAIN,TLS",
      description = "of ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private List<Streams> streams = List.of(Streams.values());

  @Option(
      names = "--max-pause",
      paramLabel = "MILLIS",
      defaultValue = "100",
      description =
          "what Tern may plan for, as tern.conductor.migration.downtime-limit (default: ${DEFAULT-VALUE}, as there)")
  private int maxPause = 100;

  /** 0 only if every move was right. */
  @Override
  public Integer call() throws Exception {
    if (maxPause < 1) {
      throw run.wrong("--max-pause is at least 1 ms, not %d.".formatted(maxPause));
    }
    return run.run(BenchCase.ALL, this::movers);
  }

  private List<Mover> movers(Path work) throws IOException {
    List<Mover> movers = new ArrayList<>();
    for (Streams kind : EnumSet.copyOf(streams)) {
      movers.add(FloorMover.in(work, kind));
      movers.add(new TernMover(Duration.ofMillis(maxPause), kind, Clock.systemUTC()));
    }
    return movers;
  }
}
