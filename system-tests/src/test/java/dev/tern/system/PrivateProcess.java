package dev.tern.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.Patience;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A service of a package that listens on a loopback port of its own until it is closed. */
final class PrivateProcess implements AutoCloseable {
  private static final Duration LONG = Duration.ofMinutes(2);

  private final Process process;
  private final Path out;

  private PrivateProcess(Process process, Path out) {
    this.process = process;
    this.out = out;
  }

  static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  /** Runs a command to its end, which has to be a good one. */
  static void run(Path folder, Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    try (PrivateProcess one = begin(folder, environment, command)) {
      assertThat(one.process.waitFor(LONG.toSeconds(), TimeUnit.SECONDS))
          .as("%s ends: %s", command, one.said())
          .isTrue();
      assertThat(one.process.exitValue()).as("%s: %s", command, one.said()).isZero();
    }
  }

  /** Starts a command, and returns when somebody answers there. */
  static PrivateProcess start(
      Path folder, Map<String, String> environment, List<String> command, URI there)
      throws IOException, InterruptedException {
    PrivateProcess started = begin(folder, environment, command);
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpRequest look = HttpRequest.newBuilder(there).timeout(LONG).build();
      new Patience(Pause.SLEEPING)
          .until(
              there + " answers",
              LONG,
              () -> {
                assertThat(started.process.isAlive()).as("%s", started.said()).isTrue();
                try {
                  return Optional.of(http.send(look, BodyHandlers.discarding()).statusCode());
                } catch (IOException e) {
                  return Optional.empty();
                }
              });
      return started;
    } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
      started.close();
      throw e;
    }
  }

  private static PrivateProcess begin(
      Path folder, Map<String, String> environment, List<String> command) throws IOException {
    Path out = folder.resolve("out");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(out.toFile()));
    Map<String, String> variables = new HashMap<>(environment);
    variables.put("HOME", folder.toString());
    variables.put("PYTHONDONTWRITEBYTECODE", "1");
    builder.environment().keySet().retainAll(List.of("PATH", "LANG"));
    builder.environment().putAll(variables);
    return new PrivateProcess(builder.start(), out);
  }

  /** All that it wrote. */
  String said() throws IOException {
    return Files.readString(out, UTF_8);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
