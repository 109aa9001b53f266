package dev.tern.standalone.chaos;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./tern chaos}. */
@Command(
    name = "chaos",
    description =
        "Kills each part of Tern in each step of a live migration, and looks whether any promise is broken.",
    mixinStandardHelpOptions = true)
public final class ChaosCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "1",
      description = "of each cell (${DEFAULT-VALUE})")
  private int rounds = 1;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "plays the same strikes again (one by chance)")
  private @Nullable Long seed;

  @Option(
      names = "--victim",
      paramLabel = "NAME",
      description = "only this one; may be given more than once")
  private List<String> victims = new ArrayList<>();

  @Option(
      names = "--step",
      paramLabel = "NAME",
      description = "only this one; may be given more than once")
  private List<String> steps = new ArrayList<>();

  @Option(
      names = "--sample",
      paramLabel = "N",
      description = "so many cells by chance instead of all")
  private int sample;

  @Option(
      names = "--held",
      paramLabel = "SECONDS",
      defaultValue = "20",
      description = "how long a victim that is held stays so (${DEFAULT-VALUE})")
  private int held = 20;

  @Option(
      names = "--post-copy-allowed",
      description = "guests may run before all their memory is there; mostly none needs to")
  private boolean postCopyAllowed;

  @Option(
      names = "--drain",
      description = "empties the server's host each time, instead of moving the server")
  private boolean drain;

  @Option(names = "--json", paramLabel = "FILE", description = "also write the report there")
  private @Nullable Path json;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      defaultValue = ".tern/chaos",
      description = "where state is kept")
  private Path data = Path.of(".tern", "chaos");

  /** 0 only if nothing was broken. */
  @Override
  public Integer call() throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    long used = seed != null ? seed : new Random().nextLong(1_000_000);
    Random random = new Random(used);
    List<Cell> cells = chosen(random);
    out.printf(Locale.ROOT, "%d cells, %d rounds, seed %d%n", cells.size(), rounds, used);
    ChaosReport report = play(cells, used, random, out);
    report.lines().forEach(out::println);
    writeJson(report);
    return report.isGreen() ? 0 : 1;
  }

  private List<Cell> chosen(Random random) {
    List<Victim> who = new ArrayList<>();
    try {
      victims.forEach(word -> who.add(Victim.of(word)));
    } catch (IllegalArgumentException e) {
      throw wrong(e.getMessage() + "");
    }
    for (String step : steps) {
      if (!Chaos.STEPS.contains(step)) {
        throw wrong("There is no step '%s'; there are %s.".formatted(step, Chaos.STEPS));
      }
    }
    if (rounds < 1 || sample < 0 || held < 1) {
      throw wrong("--rounds and --held are at least 1, --sample at least 0.");
    }
    List<Cell> all =
        Chaos.cells(
            who.isEmpty() ? possible() : who, steps.isEmpty() ? Chaos.STEPS : steps, random);
    return sample == 0 || sample >= all.size() ? all : all.subList(0, sample);
  }

  private List<Victim> possible() {
    List<Victim> all = new ArrayList<>(List.of(Victim.values()));
    if (!SmallDisks.possible()) {
      all.remove(Victim.DESTINATION_FULL);
      Objects.requireNonNull(spec)
          .commandLine()
          .getErr()
          .println("tern: without " + Victim.DESTINATION_FULL.word() + ", which only root can do");
    }
    return all;
  }

  private ParameterException wrong(String why) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
  }

  private ChaosReport play(List<Cell> cells, long used, Random random, PrintStream out)
      throws IOException, InterruptedException {
    List<Outcome> outcomes = new ArrayList<>();
    List<String> afterwards = new ArrayList<>();
    try (Chaos chaos =
        new Chaos(
            data.toAbsolutePath().normalize(),
            random,
            Duration.ofSeconds(held),
            postCopyAllowed,
            drain,
            out::println)) {
      for (int round = 1; round <= rounds; round++) {
        for (Cell cell : cells) {
          Outcome outcome = chaos.play(cell, round);
          outcomes.add(outcome);
          // A long run that is ended early has told what it saw.
          writeJson(report(used, outcomes, List.of()));
          out.printf(
              Locale.ROOT,
              "%4d/%d %-60s %-10s %5.1f s %s%n",
              outcomes.size(),
              cells.size() * rounds,
              cell + " +" + outcome.delayMillis() + " ms",
              outcome.reached() ? outcome.migration() : "not met",
              outcome.millis() / 1000.0,
              outcome.broken().isEmpty() ? "" : "FAILED");
        }
      }
      afterwards.addAll(chaos.finish());
    }
    return report(used, outcomes, afterwards);
  }

  private ChaosReport report(long used, List<Outcome> outcomes, List<String> afterwards) {
    return new ChaosReport(
        used, LocalDate.now(Clock.systemUTC()).toString(), rounds, outcomes, afterwards);
  }

  private void writeJson(ChaosReport report) throws IOException {
    Path file = json;
    if (file != null) {
      JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
      Files.writeString(file, mapper.writeValueAsString(report) + "\n");
    }
  }
}
