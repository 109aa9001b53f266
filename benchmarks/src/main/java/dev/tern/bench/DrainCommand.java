package dev.tern.bench;

import dev.tern.bench.DrainBench.Line;
import dev.tern.contract.Pause;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./tern bench drain}. */
@Command(
    name = "drain",
    description = "Empties hosts of clusters of several sizes.",
    mixinStandardHelpOptions = true)
final class DrainCommand implements Callable<Integer> {
  /** Statements and messages of a migration that grow by less do not grow with the cluster. */
  private static final double FLAT = 1.1;

  /** How many servers move while a look is taken depends on the machine. */
  private static final double ABOUT_FLAT = 1.5;

  private static final Pattern EMPTIED = Pattern.compile("\\d{1,6}%?");

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--hosts",
      paramLabel = "N",
      split = ",",
      defaultValue = "100,300,1000",
      description = "sizes of clusters (default: ${DEFAULT-VALUE})")
  private List<Integer> sizes = List.of();

  @Option(
      names = "--emptied",
      paramLabel = "N",
      defaultValue = "50",
      description = "hosts to empty, at once; 5%% for a part of each cluster (default: 50)")
  private String emptied = "50";

  @Option(
      names = "--servers",
      paramLabel = "N",
      defaultValue = "20",
      description = "on each host (default: ${DEFAULT-VALUE})")
  private int servers = 20;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "0",
      description = "show the N most frequent statements (default: ${DEFAULT-VALUE})")
  private int top;

  @Option(names = "--json", paramLabel = "FILE", description = "write the figures there too")
  private @Nullable Path json;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      required = true,
      description = "for the database, in a directory drain of its own that is emptied first")
  private Path data = Path.of(".");

  /** 0 only if all hosts were emptied, and a migration costs as much in each cluster. */
  @Override
  public Integer call() throws IOException, InterruptedException {
    if (servers < 1
        || !EMPTIED.matcher(emptied).matches()
        || sizes.stream().anyMatch(hosts -> emptied(hosts) < 1 || hosts <= emptied(hosts))) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "There is a host to empty and a server on it at least, and more hosts than are emptied.");
    }
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    out.printf("%n%s hosts emptied, with %d servers on each%n%n", emptied, servers);
    out.printf(
        "%8s %8s %10s %8s %14s %12s %12s %12s %12s%n",
        "hosts",
        "servers",
        "migrations",
        "seconds",
        "ms/migration",
        "statements",
        "messages",
        "of a look",
        "by clock/s");
    List<Line> lines = new ArrayList<>();
    Path work = data.toAbsolutePath().normalize().resolve("drain");
    empty(work);
    try (ApiCloud cloud = ApiCloud.ofDrains(work, sizes.getFirst() * servers, sizes.getFirst())) {
      for (int hosts : sizes) {
        if (!lines.isEmpty()) {
          cloud.refill(hosts * servers, hosts);
        }
        Line line = new DrainBench(cloud, Pause.SLEEPING).run(hosts, emptied(hosts));
        lines.add(line);
        out.printf(
            Locale.ROOT,
            "%8d %8d %10d %8.1f %14.1f %12.1f %12.1f %12.1f %12.1f%n",
            line.hosts(),
            line.servers(),
            line.migrations(),
            line.seconds(),
            1000 * line.seconds() / line.migrations(),
            line.statements(),
            line.messages(),
            line.look(),
            line.perSecond());
        show(out, "of a migration:", line.counts());
        show(out, "of a look at a drain, or a start:", line.lookCounts());
      }
    }
    Path file = json;
    if (file != null) {
      JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
      Files.writeString(file, mapper.writeValueAsString(lines) + "\n");
    }
    Line first = lines.getFirst();
    Line last = lines.getLast();
    boolean flat =
        last.statements() <= first.statements() * FLAT
            && last.look() <= first.look() * ABOUT_FLAT
            && last.messages() <= first.messages() * FLAT;
    out.printf(
        "%nWith %d times as many hosts a migration has %s statements and messages.%n",
        last.hosts() / first.hosts(), flat ? "as many" : "more");
    return flat ? 0 : 1;
  }

  private int emptied(int hosts) {
    return emptied.endsWith("%")
        ? (int) ((long) hosts * Integer.parseInt(emptied.substring(0, emptied.length() - 1)) / 100)
        : Integer.parseInt(emptied);
  }

  private void show(PrintStream out, String of, Map<String, Double> counts) {
    if (top > 0) {
      out.println(of);
    }
    counts.entrySet().stream()
        .limit(top)
        .forEach(each -> out.printf(Locale.ROOT, "%8.2f %s%n", each.getValue(), each.getKey()));
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
