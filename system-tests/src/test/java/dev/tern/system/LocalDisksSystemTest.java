package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.GuestLine;
import dev.tern.standalone.demo.GuestWatch;
import dev.tern.standalone.demo.Patience;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("A server with several local disks")
class LocalDisksSystemTest {
  private static final Pattern DEVICE =
      Pattern.compile("\0virtio-blk-pci,id=dev-(\\w+),drive=\\1[,\0]");

  private static final List<String> DISKS = List.of("disk0", "disk1", "disk2", "disk3");
  private static final List<Integer> EPHEMERAL_GIB = List.of(3, 1, 2);
  private static final long MARK_BYTES = 3 << 20;

  /** The first disk in a storage under another name, the second under another name. */
  private static final Map<String, Object> ELSEWHERE =
      places(
          Map.of(
              "disk0",
              Map.of("storage", "fast", "name", "root2"),
              "disk1",
              Map.of("name", "scratch")));

  @TempDir Path folder;
  private final Patience patience = new Patience(Pause.SLEEPING);

  @Test
  @Tag("S36")
  @Tag("S38")
  @Tag("S39")
  @Tag("S63")
  @Tag("S65")
  @Tag("S66")
  @Tag("S75")
  @Tag("S128")
  @Tag("S132")
  void moves_there_and_back_with_all_of_them_and_leaves_nothing_once_deleted() throws Exception {
    FormSettings settings =
        new FormSettings(
            folder,
            2,
            0,
            Optional.empty(),
            Optional.empty(),
            false,
            Map.of(
                "tern.conductor.migration.keep-source-disks",
                "false",
                "tern.agent.storages.fast",
                Files.createDirectory(folder.resolve("fast")).toString()));
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer.Images images = TestServer.upload(stage, api);
      makeFlavor(api);
      refusesTooMuch(api, images);
      TestServer server = TestServer.boot(stage, api, images, Optional.empty(), asked(images));
      assertThat(onBus(server)).isEqualTo(DISKS);
      assertThat(virtualBytes(api, server)).containsExactly(1L << 30, 3L << 30, 1L << 30, 2L << 30);

      server.stop();
      Map<String, Path> marked = mark(api, server);
      String digest = digest(api, server, "disk2");
      int boots = bootsBefore(server) + 1;
      server.start();
      GuestWatch watch = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING)) {
        server.awaitBoots(watch, boots);
        server.awaitWrites(watch, watch.sight().acknowledgements() + 50);
        migrate(api, server, Map.of());
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
        refusesWhatCannotBe(api, server);
        migrate(api, server, ELSEWHERE);
        assertElsewhere(api, server);
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
        assertThat(watch.sight().bootIds()).as("no move rebooted it").isEqualTo(boots);
        assertThat(watch.sight().switches()).isEqualTo(2);
        assertThat(watch.sight().badPages()).isZero();
        assertThat(watch.sight().troubles()).isEmpty();
      }

      server.stop();
      for (Map.Entry<String, Path> disk : marked.entrySet()) {
        run(
            "qemu-img",
            "compare",
            file(api, server, disk.getKey()).toString(),
            "" + disk.getValue());
      }
      assertThat(digest(api, server, "disk2")).isEqualTo(digest);
      server.start();
      assertThat(onBus(server)).as("after moves and a boot").isEqualTo(DISKS);
      assertElsewhere(api, server);
      server.delete();
      assertThat(folder.resolve("fast")).isEmptyDirectory();
      assertThat(ThereAndBackSystemTest.left(stage)).isEmpty();
    }
  }

  /** The console keeps what the guest said before it was stopped. */
  private static int bootsBefore(TestServer server) throws Exception {
    Path console = server.consoles().get(server.host());
    try (Stream<String> lines = Files.lines(console, StandardCharsets.ISO_8859_1)) {
      return (int)
          lines
              .map(GuestLine::parse)
              .filter(GuestLine.Heartbeat.class::isInstance)
              .map(line -> ((GuestLine.Heartbeat) line).bootId())
              .distinct()
              .count();
    }
  }

  private static void makeFlavor(ComputeClient api) throws Exception {
    api.post(
        "/v2.1/flavors",
        Map.of(
            "flavor",
            Map.of(
                "name",
                "disks",
                "id",
                "disks",
                "ram",
                128,
                "vcpus",
                1,
                "disk",
                1,
                "OS-FLV-EXT-DATA:ephemeral",
                6)));
  }

  /** The first disk and the others as Nova's clients ask for them, without {@code imageRef}. */
  private static Map<String, Object> asked(TestServer.Images images, Integer... more) {
    List<Map<String, Object>> mapping = new ArrayList<>();
    mapping.add(
        Map.of(
            "source_type",
            "image",
            "destination_type",
            "local",
            "boot_index",
            0,
            "uuid",
            images.disk(),
            "delete_on_termination",
            true));
    Stream.concat(EPHEMERAL_GIB.stream(), Stream.of(more))
        .forEach(gib ->
            mapping.add(
                Map.of(
                    "source_type",
                    "blank",
                    "destination_type",
                    "local",
                    "boot_index",
                    -1,
                    "volume_size",
                    gib,
                    "delete_on_termination",
                    true)));
    return Map.of("flavorRef", "disks", "imageRef", "", "block_device_mapping_v2", mapping);
  }

  private static void refusesTooMuch(ComputeClient api, TestServer.Images images) {
    Map<String, Object> server = new LinkedHashMap<>(asked(images, 1));
    server.putAll(Map.of("name", "glutton", "networks", "none"));
    assertThatThrownBy(() -> api.post("/v2.1/servers", Map.of("server", server)))
        .isInstanceOfSatisfying(
            ComputeClient.Refused.class, refused -> assertThat(refused.status()).isEqualTo(400))
        .hasMessageContaining("Ephemeral disks requested are larger than the instance type allows");
  }

  /**
   * The disks in the order in which its QEMU, the only one there is, puts them on the guest's bus.
   */
  private static List<String> onBus(TestServer server) throws Exception {
    Path console = Objects.requireNonNull(server.consoles().get(server.host()));
    List<String> lines = new ArrayList<>();
    for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
      Path line = Path.of("/proc/%d/cmdline".formatted(process.pid()));
      if (process.info().command().orElse("").contains("qemu-system") && Files.exists(line)) {
        String said = Files.readString(line);
        if (said.contains(console.toString())) {
          lines.add(said);
        }
      }
    }
    assertThat(lines).hasSize(1);
    return DEVICE.matcher(lines.getFirst()).results().map(disk -> disk.group(1)).toList();
  }

  private static Stream<JsonNode> disks(ComputeClient api, TestServer server) throws Exception {
    JsonNode disks = api.get("/v1/servers/" + server.id() + "/disks").path("disks");
    assertThat(disks.valueStream().map(disk -> disk.path("id").asString())).isEqualTo(DISKS);
    return disks.valueStream();
  }

  private static List<Long> virtualBytes(ComputeClient api, TestServer server) throws Exception {
    return disks(api, server).map(disk -> disk.path("virtual_bytes").asLong()).toList();
  }

  private static Path file(ComputeClient api, TestServer server, String id) throws Exception {
    return disks(api, server)
        .filter(disk -> disk.path("id").asString().equals(id))
        .map(disk -> Path.of(disk.path("file").asString()))
        .findFirst()
        .orElseThrow();
  }

  /** Writes to each disk the guest leaves alone, in a place of its own; answers copies of them. */
  private Map<String, Path> mark(ComputeClient api, TestServer server) throws Exception {
    Map<String, Path> copies = new LinkedHashMap<>();
    for (int n = 1; n < DISKS.size(); n++) {
      String id = DISKS.get(n);
      Path file = file(api, server, id);
      run(
          "qemu-io",
          "-f",
          "qcow2",
          "-c",
          "write -P %d %dM %d".formatted(0x40 + n, 100 * n, MARK_BYTES),
          file.toString());
      copies.put(id, Files.copy(file, folder.resolve("marked-" + id)));
    }
    return copies;
  }

  private String digest(ComputeClient api, TestServer server, String disk) throws Exception {
    return patience.until(
        "the digest of " + disk,
        Duration.ofMinutes(2),
        () ->
            Optional.of(
                    api.get("/v1/servers/%s/disks/%s/digest".formatted(server.id(), disk))
                        .path("digest")
                        .path("digest"))
                .filter(JsonNode::isString)
                .map(JsonNode::asString));
  }

  /** To the other host, with a plan that says of each disk what its file says. */
  private void migrate(ComputeClient api, TestServer server, Map<String, Object> more)
      throws Exception {
    String home = server.host();
    Map<String, JsonNode> before = new LinkedHashMap<>();
    for (String id : DISKS) {
      before.put(id, info(file(api, server, id)));
    }
    String id = request(api, server, more);
    assertThat(server.awaitMigrationEnd()).isEqualTo("completed");
    server.awaitStatus("ACTIVE");
    assertThat(server.host()).isNotEqualTo(home);
    assertThat(onBus(server)).isEqualTo(DISKS);

    JsonNode ended = api.get("/v1/migrations/" + id).path("migration");
    JsonNode planned = ended.path("plan").path("disks");
    assertThat(planned.valueStream().map(disk -> disk.path("name").asString())).isEqualTo(DISKS);
    for (JsonNode disk : planned) {
      String name = disk.path("name").asString();
      JsonNode was = Objects.requireNonNull(before.get(name));
      assertThat(disk.path("type").asString()).isEqualTo("local");
      assertThat(disk.path("copy").asString()).isEqualTo(name.equals("disk0") ? "top" : "full");
      assertThat(disk.path("virtual_size_bytes").asLong())
          .isEqualTo(was.path("virtual-size").asLong());
      assertThat(disk.path("allocated_bytes").asLong())
          .as(name)
          .isGreaterThanOrEqualTo(was.path("actual-size").asLong());
      assertThat(disk.path("bytes_to_send").asLong()).as(name).isPositive();
      Path foretold = Path.of(disk.path("destination_file").asString());
      assertThat(file(api, server, name).toRealPath()).isEqualTo(foretold.toRealPath());
      if (!name.equals("disk0")) {
        long there = info(file(api, server, name)).path("actual-size").asLong();
        assertThat(disk.path("allocated_bytes").asLong()).isBetween(MARK_BYTES, 2 * MARK_BYTES);
        assertThat(there).as("sparse stays sparse").isBetween(MARK_BYTES, 2 * MARK_BYTES);
      }
    }
    assertThat(ended.path("moved").path("overlay_bytes").asLong())
        .isGreaterThanOrEqualTo(EPHEMERAL_GIB.size() * MARK_BYTES);
    JsonNode mirrored = ended.path("progress").path("disks");
    assertThat(mirrored.valueStream().map(disk -> disk.path("disk").asString()))
        .containsExactlyInAnyOrderElementsOf(DISKS);
    assertThat(mirrored.valueStream()).allMatch(disk -> disk.path("ready").asBoolean());
  }

  private static String request(ComputeClient api, TestServer server, Map<String, Object> more)
      throws Exception {
    Map<String, Object> migration = new LinkedHashMap<>(more);
    migration.put("server", server.id());
    return api.post("/v1/migrations", Map.of("migration", migration))
        .path("migration")
        .path("uuid")
        .asString();
  }

  /** Neither what the guest sees, nor what the other host does not have; and nothing is left. */
  private static void refusesWhatCannotBe(ComputeClient api, TestServer server) throws Exception {
    assertThatThrownBy(() ->
            request(api, server, Map.of("overrides", Map.of("machine_type", "pc-i440fx-7.2"))))
        .isInstanceOfSatisfying(
            ComputeClient.Refused.class, refused -> assertThat(refused.status()).isEqualTo(400))
        .hasMessageContaining("machine_type")
        .hasMessageContaining("The guest sees it");
    Path definition = file(api, server, "disk0").resolveSibling("recipe.json");
    byte[] before = Files.readAllBytes(definition);
    String id = request(api, server, places(Map.of("disk0", Map.of("storage", "slow"))));
    assertThat(server.awaitMigrationEnd()).isEqualTo("error");
    assertThat(api.get("/v1/migrations/" + id).path("migration").path("failure").toString())
        .contains("no storage 'slow'; it has: fast");
    server.awaitStatus("ACTIVE");
    assertThat(definition).hasBinaryContent(before);
  }

  private static Map<String, Object> places(Map<String, Object> disks) {
    return Map.of("overrides", Map.of("disks", disks));
  }

  private void assertElsewhere(ComputeClient api, TestServer server) throws Exception {
    assertThat(file(api, server, "disk0").toRealPath())
        .isEqualTo(folder.toRealPath().resolve("fast/" + server.id() + "/root2.qcow2"));
    assertThat(file(api, server, "disk1").getFileName()).hasToString("scratch.qcow2");
    assertThat(file(api, server, "disk2").getFileName()).hasToString("disk2.qcow2");
  }

  private static JsonNode info(Path file) throws Exception {
    return new JsonMapper()
        .readTree(run("qemu-img", "info", "-U", "--output=json", file.toString()));
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + ": " + said).isZero();
    return said;
  }
}
