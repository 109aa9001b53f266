package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.GuestWatch;
import dev.tern.standalone.demo.Patience;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("A server whose disk is encrypted")
class EncryptedDiskSystemTest {
  /** At the head of each block that the guest writes. */
  private static final String BLOCK = "TERNBLK1";

  @TempDir Path folder;
  private final Patience patience = new Patience(Pause.SLEEPING);
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private final Logger log = (Logger) LoggerFactory.getLogger("dev.tern");

  @Test
  @Tag("S143")
  @Tag("S54")
  @Tag("S56")
  @Tag("S57")
  void has_copies_and_layers_that_only_its_passphrase_opens() throws Exception {
    FormSettings settings =
        new FormSettings(
            folder,
            2,
            0,
            Optional.empty(),
            Optional.empty(),
            false,
            Map.of("tern.conductor.migration.keep-source-disks", "false"));
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      logged.start();
      log.setLevel(Level.TRACE);
      log.addAppender(logged);
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer server =
          TestServer.boot(
              stage,
              api,
              TestServer.upload(stage, api, Map.of("hw_disk_encryption", "luks")),
              Optional.empty());
      Path key = secret(stage, server);
      String passphrase = Files.readString(key);
      assertThat(passphrase).hasSizeGreaterThan(40);
      GuestWatch watch = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING)) {
        server.awaitWrites(watch, 50);
        refusesWhatOthersCouldRead(api, server);
        String old = disk(api, server);
        copy(api, server, Map.of("then", "pivot"), "pivoted");
        assertThat(disk(api, server)).isNotEqualTo(old);
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
        api.post("/v1/servers/" + server.id() + "/disks/disk0/snapshot", Map.of());
        server.awaitStatus("ACTIVE");
        assertThat(chain(api, server)).hasSize(2);
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);

        server.stop();
        String copied = copy(api, server, Map.of("then", "finish", "name", "still"), "finished");
        compareWithChain(key, api, server, copied);
        long last = watch.acknowledged().values().stream().mapToLong(n -> n).max().orElseThrow();
        assertThat(last).isPositive();
        assertEncrypted(chain(api, server));
        assertEncrypted(List.of(Path.of(copied), Path.of(old)));

        int boots = watch.sight().bootIds();
        server.start();
        server.awaitBoots(watch, boots + 1);
        server.migrate();
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
        assertEncrypted(chain(api, server));
        assertThat(watch.sight().troubles()).isEmpty();
      }
      assertUnseen(passphrase, stage);
      server.delete();
      assertThat(ThereAndBackSystemTest.left(stage)).isEmpty();
      for (Path data : stage.place().hostData().values()) {
        assertThat(data.resolve("secrets")).isEmptyDirectory();
      }
    } finally {
      log.detachAppender(logged);
      log.setLevel(null);
    }
  }

  private static Path secret(DemoStage stage, TestServer server) throws Exception {
    return Objects.requireNonNull(stage.place().hostData().get(server.host()))
        .resolve("secrets")
        .resolve(server.id() + "-disk0");
  }

  private static void refusesWhatOthersCouldRead(ComputeClient api, TestServer server) {
    String copies = "/v1/servers/" + server.id() + "/disks/disk0/copy";
    assertRefused(() -> api.post(copies, Map.of("format", "raw")), "would hold it in plaintext");
    assertRefused(
        () -> api.post(copies, Map.of("name", "x", "reuse", true)), "a passphrase of its own");
    assertRefused(
        () ->
            api.post(
                "/v2.1/servers/" + server.id() + "/action",
                Map.of("createImage", Map.of("name", "snap"))),
        "nobody but this server could open an image of it");
  }

  private static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String why) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ComputeClient.Refused.class, refused -> assertThat(refused.status()).isEqualTo(400))
        .hasMessageContaining(why);
  }

  private static String disk(ComputeClient api, TestServer server) throws Exception {
    return api.get("/v1/servers/" + server.id() + "/disks")
        .path("disks")
        .path(0)
        .path("file")
        .asString();
  }

  private static List<Path> chain(ComputeClient api, TestServer server) throws Exception {
    return api.get("/v1/servers/" + server.id() + "/disks/disk0/chain")
        .path("chain")
        .path("layers")
        .valueStream()
        .map(layer -> Path.of(layer.path("file").asString()))
        .toList();
  }

  /** Its file, once it has come to its end. */
  private String copy(ComputeClient api, TestServer server, Map<String, Object> asked, String end)
      throws Exception {
    String copies = "/v1/servers/" + server.id() + "/disks/disk0/copy";
    String one = copies + "/" + api.post(copies, asked).path("copy").path("id").asString();
    patience.untilTrue(
        "the copy is " + end,
        Duration.ofMinutes(1),
        () -> {
          JsonNode now = api.get(one).path("copy");
          if (now.path("status").asString().equals("failed")) {
            throw new IOException("the copy failed: " + now);
          }
          return Optional.of(now.path("status").asString().equals(end));
        });
    return api.get(one).path("copy").path("file").asString();
  }

  private static void assertEncrypted(List<Path> files) throws Exception {
    for (Path file : files) {
      String said = run("qemu-img", "info", "-U", "--output=json", file.toString());
      assertThat(new JsonMapper().readTree(said).path("encrypted").asBoolean())
          .as("%s", file)
          .isTrue();
      assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
          .as("%s", file)
          .doesNotContain(BLOCK);
    }
  }

  /** As an operator with the passphrase would: it opens the copy, which reads as all layers do. */
  private static void compareWithChain(
      Path key, ComputeClient api, TestServer server, String copied) throws Exception {
    @Nullable Object below = null;
    for (Path layer : chain(api, server).reversed()) {
      below = node(layer, below);
    }
    String secret = "secret,id=key,file=" + key;
    String chain = "json:" + new JsonMapper().writeValueAsString(below);
    String flat = "json:" + new JsonMapper().writeValueAsString(node(Path.of(copied), null));
    assertThat(run("qemu-img", "compare", "--object", secret, chain, flat)).contains("identical");
    Path raw = key.resolveSibling("opened.raw");
    run("qemu-img", "convert", "--object", secret, "-O", "raw", flat, raw.toString());
    assertThat(run("grep", "-c", "--text", BLOCK, raw.toString()).strip()).isNotEqualTo("0");
    Files.delete(raw);
  }

  private static Map<String, Object> node(Path file, @Nullable Object below) {
    Map<String, Object> node = new LinkedHashMap<>();
    node.put("driver", "qcow2");
    node.put("file", Map.of("driver", "file", "filename", file.toString()));
    node.put("encrypt", Map.of("format", "luks", "key-secret", "key"));
    node.put("backing", below);
    return node;
  }

  private void assertUnseen(String passphrase, DemoStage stage) throws Exception {
    List<String> lines = new ArrayList<>();
    try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
      all.forEach(process -> lines.add(process.info().commandLine().orElse("")));
    }
    assertThat(lines).anyMatch(line -> line.contains("secret,id=secret-disk0,file="));
    List<ILoggingEvent> said = List.copyOf(logged.list);
    assertThat(said).isNotEmpty();
    said.forEach(line ->
        lines.add(line.getFormattedMessage() + line.getKeyValuePairs() + line.getThrowableProxy()));
    try (var connection = DriverManager.getConnection(stage.db());
        var statement = connection.createStatement();
        var rows = statement.executeQuery("select database_to_xml(true, false, '')::text")) {
      assertThat(rows.next()).isTrue();
      lines.add(rows.getString(1));
    }
    assertThat(lines.getLast()).contains("<disk_copies");
    assertThat(lines).noneMatch(line -> line.contains(passphrase));
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), said).isZero();
    return said;
  }
}
