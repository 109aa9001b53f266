package dev.tern.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Commands as somebody types them in a directory, with these variables and few others. */
final class CommandLine {
  private static final Duration LONGEST = Duration.ofMinutes(4);

  private final Path folder;
  private final Map<String, String> environment;
  private final Duration longest;

  CommandLine(Path folder, Map<String, String> environment) {
    this(folder, environment, LONGEST);
  }

  CommandLine(Path folder, Map<String, String> environment, Duration longest) {
    this.folder = folder;
    this.environment = environment;
    this.longest = longest;
  }

  /**
   * How a command ended.
   *
   * @param out what it printed, errors too
   */
  record Ended(String command, int status, String out) {
    Ended ok() {
      assertThat(status).as("%s%n%s", command, out).isZero();
      return this;
    }

    Ended refused(String why) {
      assertThat(status).as("%s%n%s", command, out).isNotZero();
      assertThat(out).as(command).contains(why);
      return this;
    }

    /** Of a command with {@code -f json}; what it prints beside goes before. */
    JsonNode json() {
      String text = ok().out();
      int object = text.indexOf('{');
      int array = text.indexOf('[');
      int from = object < 0 || (array >= 0 && array < object) ? array : object;
      assertThat(from).as("%s%n%s", command, out).isNotNegative();
      return JsonMapper.shared().readTree(text.substring(from));
    }

    String word() {
      return ok().out().strip();
    }
  }

  /** Words are separated by blanks; those of {@code values} take the places of {@code %s}. */
  Ended run(String line, Object... values) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>();
    int next = 0;
    for (String word : line.split(" +", -1)) {
      String filled = word;
      while (filled.contains("%s")) {
        filled =
            filled.replaceFirst(
                "%s", java.util.regex.Matcher.quoteReplacement("" + values[next++]));
      }
      words.add(filled);
    }
    Path out = Files.createTempFile(folder, "command", ".out");
    ProcessBuilder builder =
        new ProcessBuilder(words)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectInput(new java.io.File("/dev/null"))
            .redirectOutput(out.toFile());
    builder.environment().keySet().retainAll(List.of("PATH", "LANG", "HOME"));
    builder.environment().put("PYTHONWARNINGS", "ignore");
    builder.environment().putAll(environment);
    Process process = builder.start();
    if (!process.waitFor(longest.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("no end of " + words + ":\n" + Files.readString(out, UTF_8));
    }
    String text = Files.readString(out, UTF_8);
    Files.delete(out);
    return new Ended(String.join(" ", words), process.exitValue(), text);
  }
}
