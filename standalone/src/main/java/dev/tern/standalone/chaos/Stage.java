package dev.tern.standalone.chaos;

import dev.tern.local.EmbeddedDatabase;
import dev.tern.local.PrivateBroker;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.Leftovers;
import dev.tern.standalone.demo.DemoPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Two hosts and Tern's services as processes, with a broker and a database that can be killed and
 * come back where they were. Used by one thread.
 */
final class Stage implements AutoCloseable {
  /** Two, so that one can go on for the other. */
  static final List<String> CONDUCTORS = List.of("conductor", "conductor-2");

  private static final Set<String> KEPT = Set.of("journal", "qemu.log", "move.json", "console.log");
  private static final int STOP_SECONDS = 60;

  /** Shorter than usual, so that a victim that is held is held for longer than each of them. */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "tern.agent.beat", "2s",
          "tern.conductor.migration.keep-source-disks", "false",
          "tern.conductor.lease", "15s",
          "tern.conductor.migration.silence", "15s",
          "tern.conductor.migration.arrival-deadline", "15s",
          "tern.conductor.migration.doubt-after", "5s",
          "tern.api.idempotency.hold", "5s");

  private final Path data;
  private final DemoStage form;
  private final SmallDisks disks;
  private PrivateBroker broker;
  private EmbeddedDatabase database;

  private Stage(
      Path data,
      DemoStage form,
      SmallDisks disks,
      PrivateBroker broker,
      EmbeddedDatabase database) {
    this.data = data;
    this.form = form;
    this.disks = disks;
    this.broker = broker;
    this.database = database;
  }

  /**
   * Starts everything. What an earlier one left in the same place is ended first.
   *
   * @throws IOException when something does not start; then nothing is left running
   */
  static Stage set(Path data, boolean postCopyAllowed, Consumer<String> say)
      throws IOException, InterruptedException {
    Leftovers.clear(data, () -> SmallDisks.unmount(data.resolve("hosts")));
    SmallDisks disks = SmallDisks.mount(data.resolve("hosts"), List.of("host-1", "host-2"));
    PrivateBroker broker = PrivateBroker.start(data.resolve("rabbitmq"));
    try {
      EmbeddedDatabase database = EmbeddedDatabase.start(data.resolve("postgresql"));
      try {
        FormSettings settings =
            new FormSettings(
                data,
                2,
                0,
                Optional.of(broker.uri()),
                Optional.of(database.jdbcUrl()),
                true,
                with(postCopyAllowed));
        DemoStage form = DemoStage.setBeside(settings, say);
        form.startCopy(CONDUCTORS.getFirst(), CONDUCTORS.getLast());
        return new Stage(data, form, disks, broker, database);
      } catch (IOException | InterruptedException | RuntimeException e) {
        database.close();
        throw e;
      }
    } catch (IOException | InterruptedException | RuntimeException e) {
      broker.close();
      throw e;
    }
  }

  private static Map<String, String> with(boolean postCopyAllowed) {
    Map<String, String> all = new HashMap<>(SETTINGS);
    all.put("tern.conductor.migration.post-copy-allowed", String.valueOf(postCopyAllowed));
    return all;
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

  /** Where each conductor tells of its steps, by its name. */
  Map<String, Path> conductorLogs() {
    Map<String, Path> all = new LinkedHashMap<>();
    CONDUCTORS.forEach(name -> all.put(name, logs().resolve(name + ".out")));
    return all;
  }

  Path logs() {
    return data.resolve("logs");
  }

  /** The services' names. */
  List<String> services() {
    List<String> all = new ArrayList<>(List.of("api", "scheduler"));
    all.addAll(CONDUCTORS);
    place().hostData().keySet().forEach(host -> all.add("agent-" + host));
    return all;
  }

  SmallDisks disks() {
    return disks;
  }

  void kill(String service) throws IOException {
    form.kill(service);
  }

  /**
   * Tells a service to stop, and returns when it has.
   *
   * @throws IOException when it takes longer than a minute
   */
  void stop(String service) throws IOException {
    for (ProcessHandle process : ProcessHandle.of(form.pid(service)).stream().toList()) {
      process.destroy();
      try {
        var _ = process.onExit().get(STOP_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while " + service + " stopped", e);
      } catch (ExecutionException | TimeoutException e) {
        throw new IOException(service + " was told to stop and does not.", e);
      }
    }
  }

  void restart(String service) throws IOException {
    form.restart(service);
  }

  ProcessHandle process(String service) throws IOException {
    return ProcessHandle.of(form.pid(service))
        .orElseThrow(() -> new IOException(service + " has ended by itself"));
  }

  /** A server's QEMUs on a host: none, or one. */
  List<ProcessHandle> guests(String server, String host) {
    return DemoStage.guestsIn(
            data.resolve("hosts").resolve(host).resolve("instances").resolve(server))
        .toList();
  }

  void killBroker() throws IOException {
    broker.kill();
  }

  void startBroker() throws IOException {
    broker = PrivateBroker.start(data.resolve("rabbitmq"), broker.port());
  }

  List<ProcessHandle> brokerProcesses() {
    return broker.pids().stream().flatMap(Stage::withChildren).toList();
  }

  Stream<Wires.Wire> brokerConnections() throws IOException {
    int port = broker.port();
    return Wires.of(brokerProcesses().stream(), wire -> wire.localPort() == port).stream();
  }

  void killDatabase() throws IOException {
    database.kill();
  }

  void startDatabase() throws IOException {
    database = EmbeddedDatabase.start(data.resolve("postgresql"), database.port());
  }

  List<ProcessHandle> databaseProcesses() throws IOException {
    return database.pid().stream().flatMap(Stage::withChildren).toList();
  }

  Stream<Wires.Wire> databaseConnections() throws IOException {
    int port = database.port();
    return Wires.of(databaseProcesses().stream(), wire -> wire.localPort() == port).stream();
  }

  String jdbcUrl() {
    return database.jdbcUrl();
  }

  /** What QEMU and its tools have open by TCP: they speak to each other only. */
  Stream<Wires.Wire> links() throws IOException {
    Stream<ProcessHandle> ours =
        ProcessHandle.allProcesses()
            .filter(process -> {
              String line = process.info().commandLine().orElse("");
              return line.contains("qemu-") && line.contains(data.toString());
            });
    return Wires.of(ours, wire -> true).stream();
  }

  private static Stream<ProcessHandle> withChildren(long pid) {
    return ProcessHandle.of(pid).stream()
        .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()));
  }

  /** Keeps the logs of a cell that failed, and what the hosts had written down of their guests. */
  void keepLogs(Path to) throws IOException {
    copy(logs(), to, file -> true);
    for (Map.Entry<String, Path> host : place().hostData().entrySet()) {
      copy(
          host.getValue(),
          to.resolve(host.getKey()),
          file -> KEPT.contains(file.getFileName().toString()));
    }
  }

  private static void copy(Path from, Path to, Predicate<Path> chosen) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(from)) {
      files = all.filter(file -> Files.isRegularFile(file) && chosen.test(file)).toList();
    }
    for (Path file : files) {
      Path copy = to.resolve(from.relativize(file));
      Files.createDirectories(copy.getParent());
      Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
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
      SmallDisks.unmount(data.resolve("hosts"));
    }
  }
}
