package dev.tern.system;

import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.GuestWatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("Servers of an image that was deleted")
class LayersSystemTest {
  private static final long MIB = 1 << 20;
  private static final Duration LONG = Duration.ofMinutes(1);

  /** From the request to a server that may be asked for something else. */
  private static final Duration ABORTED = Duration.ofSeconds(2);

  /** Java shows a program by its whole path. */
  private static final Pattern TOOL = Pattern.compile("(\\S*/)?qemu-");

  @TempDir Path folder;

  @Test
  @Tag("S40")
  @Tag("S88")
  @Tag("S145")
  void take_its_base_along_once_and_are_at_home_within_two_seconds_of_an_abort() throws Exception {
    FormSettings settings =
        new FormSettings(folder, 2, 0, Optional.empty(), Optional.empty(), false, Map.of());
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer.Images images = TestServer.upload(stage, api);
      TestServer first = TestServer.boot(stage, api, images, Optional.empty());
      String home = first.host();
      TestServer second = TestServer.boot(stage, api, images, Optional.of(home));
      String away = other(stage, home);
      for (String image : images.all()) {
        api.delete("/image/v2/images/" + image);
      }
      Path there = Objects.requireNonNull(stage.place().hostData().get(away));
      GuestWatch one = new GuestWatch();
      GuestWatch two = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(first.consoles(), one, Pause.SLEEPING);
          ConsoleTail _ = new ConsoleTail(second.consoles(), two, Pause.SLEEPING)) {
        abort(api, first, _ -> sends());
        assertThat(first.host()).isEqualTo(home);
        assertThat(there.resolve("receiving")).isEmptyDirectory();
        assertThat(layers(there)).isEmpty();

        long all = move(api, first, away);
        Map<String, Object> brought = layers(there);
        assertThat(brought).hasSize(3);

        abort(api, second, path -> figures(api, path).path("memory_processed_bytes").asLong() > 0);
        assertThat(second.host()).isEqualTo(home);
        long rest = move(api, second, away);
        assertThat(all - rest).as("bytes of layers, brought once").isGreaterThan(4 * MIB);
        assertThat(layers(there)).as("the files that the first brought").isEqualTo(brought);
        first.awaitWrites(one, one.sight().acknowledgements() + 20);
        second.awaitWrites(two, two.sight().acknowledgements() + 20);
      }
      for (GuestWatch watch : new GuestWatch[] {one, two}) {
        assertThat(watch.sight().bootIds()).isEqualTo(1);
        assertThat(watch.sight().badPages()).isZero();
        assertThat(watch.sight().troubles()).isEmpty();
      }
      first.delete();
      second.delete();
    }
  }

  @Test
  @Tag("S96")
  @Tag("S168")
  void arrive_although_both_agents_are_killed_while_the_base_is_sent() throws Exception {
    FormSettings settings =
        new FormSettings(
            folder,
            2,
            0,
            Optional.empty(),
            Optional.empty(),
            true,
            // A busy machine may need longer than is usual to start two agents.
            Map.of("tern.conductor.migration.silence", "2m"));
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer.Images images = TestServer.upload(stage, api);
      TestServer server = TestServer.boot(stage, api, images, Optional.empty());
      String home = server.host();
      String away = other(stage, home);
      for (String image : images.all()) {
        api.delete("/image/v2/images/" + image);
      }
      Path there = Objects.requireNonNull(stage.place().hostData().get(away));
      GuestWatch watch = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING)) {
        String path = begin(api, server);
        until("a layer is being sent", LONG, this::sends);
        for (String host : List.of(home, away)) {
          kill(stage.pid("agent-" + host));
        }
        assertThat(layers(there)).as("layers that arrived before both died").isEmpty();
        // Not one after the other: with one of them back, layers arrive before the other is dead.
        for (String host : List.of(home, away)) {
          stage.restart("agent-" + host);
        }
        assertThat(server.patch(path, "{\"policy\": {\"max_bandwidth\": null}}")).isEqualTo(202);
        String status = server.awaitMigrationEnd();
        assertThat(status).as("%s", figures(api, path)).isEqualTo("completed");
        server.awaitStatus("ACTIVE");
        assertThat(server.host()).isEqualTo(away);
        assertThat(layers(there)).hasSize(3);
        assertThat(there.resolve("receiving")).isEmptyDirectory();
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
      }
      assertThat(watch.sight().bootIds()).isEqualTo(1);
      assertThat(watch.sight().troubles()).isEmpty();
      server.delete();
      assertThat(tools()).isEmpty();
    }
  }

  private static void kill(long pid) throws Exception {
    ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
    process.destroyForcibly();
    process.onExit().get(10, TimeUnit.SECONDS);
  }

  /**
   * Whether a layer is on its way. What figures say of it is seen seconds later on a busy machine,
   * when all layers may be there.
   */
  private boolean sends() {
    return tools().stream().anyMatch(line -> line.contains("qemu-img convert "));
  }

  /** QEMU and its tools, at work in this test's directory. */
  private List<String> tools() {
    return ProcessHandle.allProcesses()
        .map(process -> process.info().commandLine().orElse(""))
        .filter(line -> line.contains(folder.toString()) && TOOL.matcher(line).lookingAt())
        .toList();
  }

  private static String other(DemoStage stage, String home) {
    return stage.place().hostData().keySet().stream()
        .filter(host -> !host.equals(home))
        .findFirst()
        .orElseThrow();
  }

  /** Each layer's file, by its content's name; a file that was written anew is another. */
  private static Map<String, Object> layers(Path data) throws IOException {
    Map<String, Object> files = new TreeMap<>();
    try (Stream<Path> all = Files.list(data.resolve("_base"))) {
      for (Path file : all.toList()) {
        files.put(file.getFileName().toString(), Files.getAttribute(file, "unix:ino"));
      }
    }
    return files;
  }

  /** At a bandwidth that keeps each part of it long enough for what a test does meanwhile. */
  private static String begin(ComputeClient api, TestServer server) throws Exception {
    return "/v1/migrations/"
        + api.post(
                "/v1/migrations",
                Map.of(
                    "migration",
                    Map.of("server", server.id(), "policy", Map.of("max_bandwidth", MIB / 2))))
            .path("migration")
            .path("uuid")
            .asString();
  }

  /** Of a migration. */
  private interface Moment {
    boolean isThere(String path) throws Exception;
  }

  /** Begins slowly, and is aborted at that moment. */
  private static void abort(ComputeClient api, TestServer server, Moment moment) throws Exception {
    String path = begin(api, server);
    until("the moment to abort " + server.id(), LONG, () -> moment.isThere(path));
    long asked = System.nanoTime();
    var _ = api.post(path + "/abort", Map.of());
    until(
        "the migration is cancelled",
        LONG,
        () -> figures(api, path).path("status").asString().equals("cancelled"));
    server.awaitStatus("ACTIVE");
    assertThat(Duration.ofNanos(System.nanoTime() - asked)).isLessThan(ABORTED);
  }

  /** Bytes that went from disk to disk. */
  private static long move(ComputeClient api, TestServer server, String to) throws Exception {
    server.migrate();
    assertThat(server.host()).isEqualTo(to);
    return figures(api, "/v1/migrations/" + server.lastMigration().path("uuid").asString())
        .path("disk_processed_bytes")
        .asLong();
  }

  private static JsonNode figures(ComputeClient api, String path) throws Exception {
    return api.get(path).path("migration");
  }
}
