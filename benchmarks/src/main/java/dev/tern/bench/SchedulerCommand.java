package dev.tern.bench;

import dev.tern.bench.SchedulerBench.Line;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./tern bench scheduler}. */
@Command(
    name = "scheduler",
    description = "Chooses a host among many, again and again.",
    mixinStandardHelpOptions = true)
final class SchedulerCommand implements Callable<Integer> {
  private static final int MOST = 100_000;

  /** Each is another question about one of these. */
  private static final int SERVERS = 100;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "1000",
      description = "that count (default: ${DEFAULT-VALUE})")
  private int rounds = 1_000;

  @Option(
      names = "--warm-ups",
      paramLabel = "N",
      defaultValue = "500",
      description = "rounds before these (default: ${DEFAULT-VALUE})")
  private int warmUps = 500;

  @Option(
      names = "--hosts",
      paramLabel = "N",
      defaultValue = "10000",
      description = "to choose from (default: ${DEFAULT-VALUE})")
  private int hosts = 10_000;

  @Option(names = "--json", paramLabel = "FILE", description = "write the figures there too")
  private @Nullable Path json;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      required = true,
      description = "for the database, in a directory scheduler of its own that is emptied first")
  private Path data = Path.of(".");

  /** 0 only if each time a host was chosen. */
  @Override
  public Integer call() throws IOException {
    if (rounds < 1 || warmUps < 0 || hosts < 1 || hosts > MOST) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "There is a round at least, and a host, and at most %d hosts.".formatted(MOST));
    }
    Path work = data.toAbsolutePath().normalize().resolve("scheduler");
    empty(work);
    try (ApiCloud cloud = ApiCloud.start(work, SERVERS, hosts)) {
      List<Line> lines = new SchedulerBench(cloud).run(warmUps, rounds);
      PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
      out.printf("%nmilliseconds, of %d rounds; %d hosts%n%n", rounds, hosts);
      out.printf("%-40s %8s %8s %8s%n", "", "median", "p99", "most");
      for (Line line : lines) {
        out.printf(
            Locale.ROOT,
            "%-40s %8.2f %8.2f %8.2f%n",
            line.what(),
            line.medianMillis(),
            line.p99Millis(),
            line.mostMillis());
      }
      Path file = json;
      if (file != null) {
        JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        Files.writeString(file, mapper.writeValueAsString(lines) + "\n");
      }
    }
    return 0;
  }

  private static void empty(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> all = Files.walk(directory)) {
        for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(each);
        }
      }
    }
    Files.createDirectories(directory);
  }
}
