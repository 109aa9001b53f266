package dev.tern.standalone;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options {@code up} and {@code demo} share. */
public final class FormOptions {
  @Option(
      names = "--hosts",
      paramLabel = "N",
      defaultValue = "2",
      description = "hosts to start (default: ${DEFAULT-VALUE})")
  private int hosts = 2;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "where state is kept (default: .tern/up, or .tern/demo for the demo)")
  private @Nullable Path data;

  @Option(
      names = "--amqp",
      paramLabel = "URI",
      description =
          "use this RabbitMQ (amqp://user:password@host:port/vhost) instead of an own one")
  private @Nullable String amqp;

  @Option(
      names = "--db",
      paramLabel = "URL",
      description =
          "use this PostgreSQL (jdbc:postgresql://host:port/db?user=…&password=…) instead of an own one")
  private @Nullable String db;

  @Option(
      names = "--processes",
      description = "every service as its own process, to kill one by hand")
  private boolean processes;

  @Option(
      names = "-D",
      paramLabel = "KEY=VALUE",
      description = "a setting of any service, see docs/settings.md")
  private Map<String, String> settings = new LinkedHashMap<>();

  /** Checked settings; what is wrong is said in one sentence. */
  public FormSettings settings(String folder, int port) {
    Path where = data != null ? data : stateDirectory().resolve(folder);
    return new FormSettings(
        where,
        hosts,
        port,
        Optional.ofNullable(amqp),
        Optional.ofNullable(db),
        processes,
        settings);
  }

  /** {@code TERN_STATE}, which the script sets, or {@code .tern} here. */
  static Path stateDirectory() {
    String state = System.getenv("TERN_STATE");
    return Path.of(state == null || state.isBlank() ? ".tern" : state);
  }
}
