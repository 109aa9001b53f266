package dev.tern.client.command;

import dev.tern.client.LateException;
import java.io.IOException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

@Command(
    name = "disk-verify",
    description =
        "SHA-256 of all that the guest would read of a disk. The server has to be stopped.")
final class DiskVerify extends Verb {
  private static final Pattern SHA256 = Pattern.compile("[0-9a-fA-F]{64}");

  @Parameters(index = "0", paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Parameters(index = "1", paramLabel = "DISK", description = "As domblklist names it.")
  @SuppressWarnings("NullAway.Init")
  private String disk;

  @Option(names = "--expect", paramLabel = "SHA256", description = "Exit 1 unless it is this one.")
  private @Nullable String expected;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "Wait no longer (seconds, or 10m, 2h; usually 1h).")
  private @Nullable String timeout;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (expected != null && !SHA256.matcher(expected).matches()) {
      throw new IllegalArgumentException("--expect is a SHA-256: 64 hexadecimal digits.");
    }
    JsonNode digest;
    String waiting = "No longer waiting; asked again, the host goes on with the same reading.";
    java.time.Duration longest = WaitOptions.longest(timeout);
    try (Farewell.Held _ = farewell().hold(waiting)) {
      digest = server(server).digest(disk, longest);
    } catch (LateException e) {
      screen().note(waiting);
      throw e;
    }
    String found = Facts.text(digest, "digest");
    if (json()) {
      screen().json(digest);
    } else {
      screen().line("%s  %s".formatted(found, disk));
    }
    if (expected != null && !expected.toLowerCase(Locale.ROOT).equals(found)) {
      screen().note("%s is another than was expected, %s".formatted(disk, expected));
      return FAILED;
    }
    return DONE;
  }
}
