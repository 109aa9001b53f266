package dev.tern.standalone.chaos;

import dev.tern.local.EmbeddedDatabase;
import dev.tern.local.PrivateBroker;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.DemoPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Two hosts and Tern's services as processes, with a broker and a database that can be killed and
 * come back where they were. Used by one thread.
 */
final class Stage implements AutoCloseable {
  private static final List<String> SERVICES = List.of("api", "conductor", "scheduler");

  private final Path data;
  private final DemoStage form;
  private PrivateBroker broker;
  private EmbeddedDatabase database;

  private Stage(Path data, DemoStage form, PrivateBroker broker, EmbeddedDatabase database) {
    this.data = data;
    this.form = form;
    this.broker = broker;
    this.database = database;
  }

  /**
   * Starts everything. What an earlier one left in the same place is ended first.
   *
   * @throws IOException when something does not start; then nothing is left running
   */
  static Stage set(Path data, Consumer<String> say) throws IOException, InterruptedException {
    endGuestsOf(data);
    PrivateBroker broker = PrivateBroker.start(data.resolve("rabbitmq"));
    try {
      EmbeddedDatabase database = EmbeddedDatabase.start(data.resolve("postgresql"));
      try {
        Map<String, String> properties = new HashMap<>();
        properties.put("tern.conductor.migration.keep-source-disks", "false");
        FormSettings settings =
            new FormSettings(
                data,
                2,
                0,
                Optional.of(broker.uri()),
                Optional.of(database.jdbcUrl()),
                true,
                properties);
        return new Stage(data, DemoStage.set(settings, say), broker, database);
      } catch (IOException | InterruptedException | RuntimeException e) {
        database.close();
        throw e;
      }
    } catch (IOException | InterruptedException | RuntimeException e) {
      broker.close();
      throw e;
    }
  }

  /** What listens on its hosts' migration addresses. */
  List<String> listeners() throws IOException {
    return form.listeners();
  }

  DemoPlace place() {
    return form.place();
  }

  String amqp() {
    return broker.uri();
  }

  Path conductorLog() {
    return data.resolve("logs").resolve("conductor.out");
  }

  Path logs() {
    return data.resolve("logs");
  }

  /**
   * Kills, or holds, and answers what brings it back; that a victim is not there (a QEMU that has
   * not begun, or is gone already) is no fault.
   */
  Healing strike(Victim victim, String server, String source, String destination)
      throws IOException, InterruptedException {
    return switch (victim) {
      case API -> services(List.of("api"));
      case CONDUCTOR -> services(List.of("conductor"));
      case SCHEDULER -> services(List.of("scheduler"));
      case SOURCE_AGENT -> services(List.of("agent-" + source));
      case DESTINATION_AGENT -> services(List.of("agent-" + destination));
      case BOTH_AGENTS -> services(List.of("agent-" + source, "agent-" + destination));
      case BROKER -> {
        broker.kill();
        yield this::startBroker;
      }
      case DATABASE -> {
        database.kill();
        yield this::startDatabase;
      }
      case EVERYTHING -> everything();
      case SOURCE_AGENT_HELD -> held("agent-" + source);
      case DESTINATION_AGENT_HELD -> held("agent-" + destination);
      case SOURCE_QEMU -> qemu(server, source);
      case DESTINATION_QEMU -> qemu(server, destination);
    };
  }

  /** What undoes a strike. */
  @FunctionalInterface
  interface Healing {
    void heal() throws IOException, InterruptedException;
  }

  private Healing services(List<String> names) throws IOException {
    for (String name : names) {
      for (ProcessHandle service : ProcessHandle.of(form.pid(name)).stream().toList()) {
        DemoStage.end(service);
      }
    }
    return () -> {
      for (String name : names) {
        form.restart(name);
      }
    };
  }

  private Healing everything() throws IOException {
    List<String> all = new ArrayList<>(SERVICES);
    place().hostData().keySet().forEach(host -> all.add("agent-" + host));
    Healing services = services(all);
    broker.kill();
    database.kill();
    return () -> {
      startDatabase();
      startBroker();
      services.heal();
    };
  }

  private void startBroker() throws IOException {
    broker = PrivateBroker.start(data.resolve("rabbitmq"), broker.port());
  }

  private void startDatabase() throws IOException {
    database = EmbeddedDatabase.start(data.resolve("postgresql"), database.port());
  }

  private Healing held(String name) throws IOException, InterruptedException {
    long pid = form.pid(name);
    signal("STOP", pid);
    return () -> signal("CONT", pid);
  }

  private static void signal(String signal, long pid) throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).inheritIO().start();
    if (kill.waitFor() != 0) {
      throw new IOException("could not send SIG" + signal + " to " + pid);
    }
  }

  private Healing qemu(String server, String host) throws IOException {
    Path instance = data.resolve("hosts").resolve(host).resolve("instances").resolve(server);
    for (ProcessHandle guest : DemoStage.guestsIn(instance).toList()) {
      DemoStage.end(guest);
    }
    return () -> {};
  }

  private static void endGuestsOf(Path data) throws IOException {
    for (ProcessHandle guest : DemoStage.guestsIn(data.resolve("hosts")).toList()) {
      DemoStage.end(guest);
    }
  }

  /** Removes the state of a stage that is closed, but for the logs that were kept. */
  static void forget(Path data) throws IOException {
    for (String folder : List.of("rabbitmq", "postgresql", "hosts", "images", "logs", "work")) {
      Path root = data.resolve(folder);
      if (Files.exists(root)) {
        try (Stream<Path> files = Files.walk(root)) {
          for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
            Files.deleteIfExists(file);
          }
        }
      }
    }
  }

  /** Keeps the services' logs of a cell that failed. */
  void keepLogs(Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(logs())) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.copy(
            file,
            to.resolve(file.getFileName()),
            java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  /** Ends services, guests, database and broker. */
  @Override
  public void close() throws IOException {
    try {
      form.close();
    } finally {
      database.close();
      broker.close();
    }
  }
}
