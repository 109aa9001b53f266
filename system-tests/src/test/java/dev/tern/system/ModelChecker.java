package dev.tern.system;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tlc2.TLC;

/** TLC on {@code docs/spec}, in a process of its own: it keeps what it knows in static fields. */
final class ModelChecker {
  static final Path SPEC = Path.of("..", "docs", "spec").toAbsolutePath().normalize();
  private static final Path TOLD = Path.of("target", "model");
  private static final Duration LONGEST = Duration.ofMinutes(15);

  private static final Pattern COUNTED =
      Pattern.compile(
          "^\\d+ states generated, (?<distinct>\\d+) distinct states found, (?<left>\\d+) states left",
          Pattern.MULTILINE);
  private static final Pattern VIOLATED =
      Pattern.compile(
          "^Error: (?:Invariant (?<invariant>\\w+) is|Temporal properties were) violated",
          Pattern.MULTILINE);

  /** What TLC says instead of the name of a property that does not hold. */
  static final String PROPERTY = "temporal property";

  private static final Pattern TAKEN =
      Pattern.compile("^<(\\w+) line [^>]*>: \\d+:(\\d+)$", Pattern.MULTILINE);
  private static final Pattern STATE =
      Pattern.compile(
          "^State (\\d+): <([^ >]+)[^>]*>\n(.*?)\n\n", Pattern.MULTILINE | Pattern.DOTALL);

  private ModelChecker() {}

  /**
   * What TLC says of one configuration.
   *
   * @param complete it looked at every state there is
   * @param violated names of invariants that do not hold, or {@link #PROPERTY}
   * @param taken how often each action was, the last count of it
   * @param trace the way to the violation, a line for each step
   * @param output all that it said, for messages
   */
  record Checked(
      boolean complete,
      long distinctStates,
      List<String> violated,
      Map<String, Long> taken,
      List<String> trace,
      String output) {}

  /**
   * Checks one configuration of {@code HandOver.tla}; what TLC said stays in {@code target/model}.
   *
   * @param configuration a file, named from {@code docs/spec}
   */
  static Checked check(String configuration, Path scratch) throws Exception {
    Files.createDirectories(TOLD);
    String name = Path.of(configuration).getFileName().toString().replace(".cfg", "");
    Path told = TOLD.resolve(name + ".txt");
    Process tlc =
        new ProcessBuilder(
                // It takes every core for minutes; tests with deadlines run beside it.
                "nice",
                "-n",
                "19",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + scratch,
                "-cp",
                Path.of(TLC.class.getProtectionDomain().getCodeSource().getLocation().toURI())
                    .toString(),
                TLC.class.getName(),
                "-config",
                configuration,
                "-deadlock", // every migration accepted has ended: nothing more happens
                "-difftrace",
                "-coverage",
                "60",
                "-nowarning", // of a garbage collector for longer runs
                "-workers",
                "auto",
                "-metadir",
                scratch.resolve(name).toString(),
                "HandOver.tla")
            .directory(SPEC.toFile())
            .redirectErrorStream(true)
            .redirectOutput(told.toFile())
            .start();
    if (!tlc.waitFor(LONGEST.toSeconds(), TimeUnit.SECONDS)) {
      tlc.destroyForcibly();
      throw new IOException("TLC did not end within %s; it said: %s".formatted(LONGEST, told));
    }
    Checked checked = read(Files.readString(told, UTF_8));
    if (!checked.trace().isEmpty()) {
      Files.write(TOLD.resolve(name + ".trace"), checked.trace());
    }
    return checked;
  }

  static Checked read(String output) {
    long distinct = 0;
    boolean complete = false;
    Matcher counted = COUNTED.matcher(output);
    while (counted.find()) {
      distinct = Long.parseLong(counted.group("distinct"));
      complete = counted.group("left").equals("0");
    }
    Map<String, Long> taken = new HashMap<>();
    Matcher action = TAKEN.matcher(output);
    while (action.find()) {
      taken.put(action.group(1), Long.parseLong(action.group(2)));
    }
    return new Checked(
        complete && output.contains("Model checking completed. No error has been found."),
        distinct,
        VIOLATED
            .matcher(output)
            .results()
            .map(found -> Objects.requireNonNullElse(found.group("invariant"), PROPERTY))
            .toList(),
        taken,
        trace(output),
        output);
  }

  /** One line for each step: its action, and what it changed. */
  private static List<String> trace(String output) {
    List<String> lines = new ArrayList<>();
    Matcher state = STATE.matcher(output);
    while (state.find()) {
      String changed = state.group(3).replaceAll("\\s+", " ").replace("/\\ ", "  ");
      lines.add(
          "%2s %-20s%s"
              .formatted(
                  state.group(1),
                  state.group(2),
                  state.group(1).equals("1") ? "" : changed.replaceAll("\\s*net = \\{[^}]*}", "")));
    }
    return lines;
  }
}
