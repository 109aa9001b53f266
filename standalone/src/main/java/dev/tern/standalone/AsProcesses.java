package dev.tern.standalone;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.json.JsonMapper;

/**
 * Each service a process of its own; what it prints is added to {@code logs/<name>.out}. It ends
 * when this process is gone. It runs the same class path, with what {@code standalone/lay-out} kept
 * beside it; or the program laid out that the property {@code standalone.program} names, as tests
 * do.
 */
final class AsProcesses implements ServiceLauncher {
  private static final Duration GRACE = Duration.ofSeconds(20);

  private final Path data;
  private final Path logs;

  /** For a form whose state is in this folder. */
  AsProcesses(Path data) {
    this.data = data;
    this.logs = data.resolve("logs");
  }

  @Override
  public Running start(Service service, String name, Map<String, String> properties)
      throws IOException {
    Files.createDirectories(logs);
    Map<String, String> settings = new TreeMap<>(properties);
    settings.put("spring.config.name", service.configName());
    ProcessBuilder builder =
        new ProcessBuilder(command(service))
            .redirectErrorStream(true)
            // A pipe nobody writes to: it ends with this process, however that ends.
            .redirectInput(ProcessBuilder.Redirect.PIPE)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(logs.resolve(name + ".out").toFile()));
    // The environment, not the command line: it holds passwords, and any user may list command
    // lines.
    builder
        .environment()
        .put("SPRING_APPLICATION_JSON", JsonMapper.builder().build().writeValueAsString(settings));
    return new Child(name, builder.start());
  }

  private List<String> command(Service service) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:+UseSerialGC");
    command.add("-Xmx256m");
    command.add("-XX:TieredStopAtLevel=1");
    // The agent passes a socket to QEMU, which takes the C library.
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(program());
    command.add("service");
    command.add(service.word());
    command.add(Leftovers.OF);
    command.add(data.toString());
    return command;
  }

  /**
   * What Java is told to run: the program laid out, if there is one, else this JVM's own classes.
   */
  private static List<String> program() {
    String classPath =
        System.getProperty("standalone.program", System.getProperty("java.class.path", ""));
    if (!classPath.endsWith(".jar") || classPath.contains(File.pathSeparator)) {
      return List.of("-cp", classPath, Tern.class.getName());
    }
    Path kept = Path.of(classPath.substring(0, classPath.length() - ".jar".length()) + ".aot");
    return Files.exists(kept)
        ? List.of("-XX:AOTCache=" + kept, "-Xlog:aot*=off", "-jar", classPath)
        : List.of("-jar", classPath);
  }

  private record Child(String name, Process process) implements Running {
    @Override
    public long pid() {
      return process.pid();
    }

    @Override
    public void close() {
      process.destroy();
      try {
        if (!process.waitFor(GRACE.toSeconds(), TimeUnit.SECONDS)) {
          process.destroyForcibly().waitFor(GRACE.toSeconds(), TimeUnit.SECONDS);
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}
