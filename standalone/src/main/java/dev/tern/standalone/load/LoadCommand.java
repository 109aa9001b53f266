package dev.tern.standalone.load;

import dev.tern.contract.Pause;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./tern load}. */
@Command(
    name = "load",
    description =
        "Moves many simulated guests at once while parts of Tern are killed at random, and looks whether any promise is broken.",
    mixinStandardHelpOptions = true)
public final class LoadCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--minutes",
      paramLabel = "N",
      defaultValue = "10",
      description = "how long parts are killed (${DEFAULT-VALUE})")
  private double minutes = 10;

  @Option(
      names = "--servers",
      paramLabel = "N",
      defaultValue = "30",
      description = "so many migrations at once (${DEFAULT-VALUE})")
  private int servers = 30;

  @Option(
      names = "--hosts",
      paramLabel = "N",
      defaultValue = "3",
      description = "2 to 9 (${DEFAULT-VALUE})")
  private int hosts = 3;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "kills the same parts in the same order again (one by chance)")
  private @Nullable Long seed;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      defaultValue = ".tern/load",
      description = "where state is kept; what an earlier load left there is removed")
  private Path data = Path.of(".tern", "load");

  /** 0 only if nothing was broken. */
  @Override
  public Integer call() throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    if (!(minutes > 0)
        || minutes > 1_440
        || servers < 1
        || servers > 200
        || hosts < 2
        || hosts > 9) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "--minutes is above 0 and at most 1440, --servers 1 to 200, --hosts 2 to 9.");
    }
    long used = seed != null ? seed : new Random().nextLong(1_000_000);
    Path folder = data.toAbsolutePath().normalize();
    clear(folder);
    out.println("seed " + used);
    LoadReport report =
        Load.run(
            new LoadOptions(
                folder, hosts, servers, Duration.ofMillis((long) (minutes * 60_000)), used),
            Pause.SLEEPING,
            out::println);
    report.lines().forEach(out::println);
    return report.isGreen() ? 0 : 1;
  }

  /** Only what a load made: another directory is not touched. */
  private static void clear(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    if (!Files.isDirectory(folder.resolve("hosts"))) {
      try (Stream<Path> inside = Files.list(folder)) {
        if (inside.findAny().isPresent()) {
          throw new IOException(
              folder + " holds something else than an earlier load; give another --data.");
        }
      }
    }
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : deepestFirst) {
        Files.delete(file);
      }
    }
  }
}
