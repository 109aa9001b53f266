package dev.tern.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
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

/** {@code ./tern bench api}. */
@Command(
    name = "api",
    description = "Asks an API with few servers and one with many the same, in turn.",
    mixinStandardHelpOptions = true)
final class ApiCommand implements Callable<Integer> {
  private static final int MOST = 100_000;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "60",
      description = "that count (default: ${DEFAULT-VALUE})")
  private int rounds = 60;

  @Option(
      names = "--warm-ups",
      paramLabel = "N",
      defaultValue = "40",
      description = "rounds before these (default: ${DEFAULT-VALUE})")
  private int warmUps = 40;

  @Option(
      names = "--few",
      paramLabel = "N",
      defaultValue = "100",
      description = "servers of the one; as many as there are rounds (default: ${DEFAULT-VALUE})")
  private int few = 100;

  @Option(
      names = "--many",
      paramLabel = "N",
      defaultValue = "10000",
      description = "servers of the other (default: ${DEFAULT-VALUE})")
  private int many = 10_000;

  @Option(names = "--json", paramLabel = "FILE", description = "write the figures there too")
  private @Nullable Path json;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      required = true,
      description = "for the databases, in a directory api of its own that is emptied first")
  private Path data = Path.of(".");

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "of the order of requests (default: ${DEFAULT-VALUE})")
  private long seed = 1;

  /** 0 only if every answer was right. */
  @Override
  public Integer call() throws IOException, InterruptedException {
    if (rounds < 1 || warmUps < 0 || rounds + warmUps > few || few > many || many > MOST) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "There is a round at least, no more rounds and warm-ups than few servers, no more of few"
              + " than of many, and %d of these at most.".formatted(MOST));
    }
    Path work = data.toAbsolutePath().normalize().resolve("api");
    empty(work);
    try (ApiCloud small = ApiCloud.start(work.resolve("few"), few);
        ApiCloud large = ApiCloud.start(work.resolve("many"), many)) {
      ApiReport report = new ApiBench(small, large).run(warmUps, rounds, seed);
      report.print(new PrintStream(System.out, true, StandardCharsets.UTF_8));
      write(report);
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

  private void write(ApiReport report) throws IOException {
    Path file = json;
    if (file != null) {
      JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
      Files.writeString(file, mapper.writeValueAsString(report) + "\n");
    }
  }
}
