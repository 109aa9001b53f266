package dev.tern.standalone;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.DemoPlace;
import dev.tern.standalone.demo.Services;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A standalone form set up for the demo: fresh state, a free port, hosts that keep the source's
 * disk to compare with.
 */
public final class DemoStage implements AutoCloseable, Services {
  private static final long DEATH_SECONDS = 20;

  private final StandaloneForm form;
  private final Path work;

  private DemoStage(StandaloneForm form, Path work) {
    this.form = form;
    this.work = work;
  }

  /**
   * Starts it. What an earlier demo left in the same place is ended and removed first; state of
   * another form there stays, and is used.
   *
   * @throws IOException when another form runs there, or something does not start
   */
  public static DemoStage set(FormSettings asked, Consumer<String> say)
      throws IOException, InterruptedException {
    Leftovers.clear(asked.data());
    return setBeside(asked, say);
  }

  /** The same where broker and database run in the folder already: nothing is cleared. */
  public static DemoStage setBeside(FormSettings asked, Consumer<String> say)
      throws IOException, InterruptedException {
    Map<String, String> properties = new HashMap<>(asked.properties());
    properties.putIfAbsent("tern.conductor.migration.keep-source-disks", "true");
    FormSettings settings =
        new FormSettings(
            asked.data(),
            asked.hosts(),
            asked.port(),
            asked.amqp(),
            asked.db(),
            asked.processes(),
            properties);
    StandaloneForm form = StandaloneForm.start(settings, Pause.SLEEPING, say);
    Path work = settings.data().resolve("work");
    Files.createDirectories(work);
    return new DemoStage(form, work);
  }

  /**
   * The same as processes that can be killed, with little bandwidth, so that there is time for it.
   */
  public static FormSettings forKills(FormSettings asked) {
    Map<String, String> properties = new HashMap<>(asked.properties());
    properties.putIfAbsent("tern.conductor.migration.bytes-per-second", "6291456");
    properties.putIfAbsent("tern.conductor.lease", "15s");
    return new FormSettings(
        asked.data(), asked.hosts(), asked.port(), asked.amqp(), asked.db(), true, properties);
  }

  /** Three hosts and every service a process. */
  public static FormSettings forDrain(FormSettings asked) {
    Map<String, String> properties = new HashMap<>(asked.properties());
    properties.putIfAbsent("tern.conductor.migration.keep-source-disks", "false");
    properties.putIfAbsent("tern.conductor.lease", "15s");
    return new FormSettings(
        asked.data(), 3, asked.port(), asked.amqp(), asked.db(), true, properties);
  }

  public DemoPlace place() {
    return new DemoPlace(form.api(), form.hostData(), guestDirectory(), work);
  }

  /**
   * The process a service runs in, by its name: {@code api}, {@code conductor}, {@code
   * agent-host-1}.
   */
  @Override
  public long pid(String name) {
    return form.pid(name);
  }

  /** The broker it runs on, with its password. */
  public String amqp() {
    return form.amqp();
  }

  /** What listens on its hosts' migration addresses, as the kernel lists it. */
  public List<String> listeners() throws IOException {
    return form.listeners();
  }

  /** The database it runs on, as a JDBC URL with user and password. */
  public String db() {
    return form.db();
  }

  /** Where a service tells its metrics, by its name. Only where services are processes. */
  public URI metrics(String name) {
    return form.http(name).resolve("actuator/prometheus");
  }

  /** Only where services are processes. */
  @Override
  public void kill(String name) throws IOException {
    for (ProcessHandle service : ProcessHandle.of(form.pid(name)).stream().toList()) {
      end(service);
    }
  }

  /** Only where services are processes. */
  @Override
  public void restart(String name) throws IOException {
    form.restart(name);
  }

  /**
   * Starts another copy of a service, under a name of its own. Only where services are processes.
   */
  public void startCopy(String of, String name) throws IOException {
    form.startCopy(of, name);
  }

  /** Prints where everything is and waits until the JVM is told to end. */
  public void stayUp(Consumer<String> say) throws InterruptedException {
    say.accept(form.welcome());
    CountDownLatch stop = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(stop::countDown, "stop"));
    stop.await();
  }

  /** QEMUs whose command line names this folder. */
  public static Stream<ProcessHandle> guestsIn(Path folder) {
    return ProcessHandle.allProcesses()
        .filter(process -> {
          String line = process.info().commandLine().orElse("");
          return line.contains("qemu-system") && line.contains(folder.toString());
        });
  }

  /**
   * Kills a process and waits until it is gone.
   *
   * @throws IOException when it does not end
   */
  public static void end(ProcessHandle process) throws IOException {
    process.destroyForcibly();
    try {
      var _ = process.onExit().get(DEATH_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while a process was killed", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("Process " + process.pid() + " does not end.", e);
    }
  }

  /** {@code TERN_GUEST_DIR}, or where {@code guest/build-guest} puts it. */
  public static Path guestDirectory() {
    String given = System.getenv("TERN_GUEST_DIR");
    if (given != null && !given.isBlank()) {
      return Path.of(given);
    }
    String cache = System.getenv("XDG_CACHE_HOME");
    Path root =
        cache == null || cache.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(cache);
    return root.resolve("tern").resolve("guest");
  }

  /** Ends everything, guests too: nobody would know them any more. */
  @Override
  public void close() throws IOException {
    form.close();
    for (Path data : form.hostData().values()) {
      for (ProcessHandle guest : guestsIn(data).toList()) {
        end(guest);
      }
    }
    try (Stream<Path> files = Files.walk(work)) {
      List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : deepestFirst) {
        Files.delete(file);
      }
    }
  }
}
