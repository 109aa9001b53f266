package dev.tern.bench;

import dev.tern.contract.Pause;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** What every command that moves guests is told, and how it goes about it. */
final class BenchRun {
  private static final int MOST_ROUNDS = 1000;

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec spec;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "5",
      description = "moves per case and mover that count (default: ${DEFAULT-VALUE})")
  private int rounds = 5;

  @Option(
      names = "--warm-ups",
      paramLabel = "N",
      defaultValue = "3",
      description =
          "moves before these, per case and mover, that are judged and not measured: an agent that"
              + " runs for days has its code compiled (default: ${DEFAULT-VALUE})")
  private int warmUps = 3;

  @Option(
      names = "--case",
      paramLabel = "NAME",
      arity = "1..*",
      description = "only these: ${COMPLETION-CANDIDATES}",
      completionCandidates = CaseNames.class)
  private List<String> cases = new ArrayList<>();

  @Option(names = "--json", paramLabel = "FILE", description = "write the figures there too")
  private @Nullable Path json;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      required = true,
      description = "for images and sockets, emptied first")
  private Path data = Path.of(".");

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "of the order of moves (default: ${DEFAULT-VALUE})")
  private long seed = 1;

  /** For help and completion. */
  static final class CaseNames extends ArrayList<String> {
    private static final long serialVersionUID = 1L;

    CaseNames() {
      super(BenchCase.ALL.stream().map(BenchCase::name).toList());
    }
  }

  /** Makes the movers, once there is a directory for what they need. */
  @FunctionalInterface
  interface Movers {
    List<Mover> in(Path work) throws IOException;
  }

  /**
   * Moves, and shows and writes what was found.
   *
   * @param usual the cases when none is named
   * @return 0 only if every move was right
   * @throws ParameterException when an option cannot be; nothing was made then
   */
  int run(List<BenchCase> usual, Movers movers) throws IOException, InterruptedException {
    List<BenchCase> chosen = chosen(usual);
    if (rounds < 1 || rounds > MOST_ROUNDS) {
      throw wrong("--rounds is a number from 1 to %d, not %d.".formatted(MOST_ROUNDS, rounds));
    }
    if (warmUps < 0 || warmUps > MOST_ROUNDS) {
      throw wrong("--warm-ups is a number from 0 to %d, not %d.".formatted(MOST_ROUNDS, warmUps));
    }
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    Files.createDirectories(data);
    Path work = data.toRealPath();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> endAll(work), "end"));
    BenchReport report =
        new MigrateBench(work, guest(), Loopback.asStarted(), Pause.SLEEPING, out::println)
            .run(chosen, movers.in(work), warmUps, rounds, seed);
    new ReportTable(out).print(report);
    write(report);
    return report.wrong().isEmpty() ? 0 : 1;
  }

  /** For an option that cannot be. */
  ParameterException wrong(String what) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), what);
  }

  /** A guest outlives whoever started it. */
  private static void endAll(Path work) {
    try {
      Ring.endAll(work);
    } catch (IOException e) {
      System.err.println("tern: " + e.getMessage());
    }
  }

  private List<BenchCase> chosen(List<BenchCase> usual) {
    List<BenchCase> chosen = new ArrayList<>();
    for (String name : cases) {
      chosen.add(
          BenchCase.named(name)
              .orElseThrow(() ->
                  wrong(
                      "There is no case %s; there are %s."
                          .formatted(
                              name,
                              BenchCase.ALL.stream()
                                  .map(BenchCase::name)
                                  .collect(Collectors.joining(", "))))));
    }
    return chosen.isEmpty() ? usual : chosen;
  }

  private static Path guest() throws IOException {
    Path guest = Path.of(System.getenv().getOrDefault("TERN_GUEST_DIR", ""));
    if (!Files.isRegularFile(guest.resolve("vmlinux"))) {
      throw new IOException(
          "The test guest is not in TERN_GUEST_DIR: run guest/build-guest DIRECTORY, and let it point there.");
    }
    return guest;
  }

  private void write(BenchReport report) throws IOException {
    Path file = json;
    if (file != null) {
      JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
      Files.writeString(file, mapper.writeValueAsString(report) + "\n");
    }
  }
}
