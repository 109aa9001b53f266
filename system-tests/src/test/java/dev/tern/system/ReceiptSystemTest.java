package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.Patience;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("Receipts of migrations")
class ReceiptSystemTest {
  private static final Set<String> KINDS =
      Set.of(
          "file",
          "journal",
          "key",
          "reservation",
          "process",
          "port",
          "export",
          "block_node",
          "claim");

  @TempDir Path folder;
  private final Patience patience = new Patience(Pause.SLEEPING);

  @Test
  @Tag("S166")
  void name_every_object_and_leave_none_open() throws Exception {
    FormSettings settings =
        new FormSettings(folder, 2, 0, Optional.empty(), Optional.empty(), false, Map.of());
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer server = TestServer.boot(stage, api);
      String home = server.host();
      AuditOfStage audit = new AuditOfStage(stage, api);
      audit.finds_nothing();

      String aborted = start(api, server, Map.of("max_bandwidth", 1 << 20));
      patience.untilTrue(
          "disks are mirrored",
          Duration.ofSeconds(90),
          () -> Optional.of(names(receipt(api, aborted), "open").contains("target-disk0")));
      assertThat(names(receipt(api, aborted), "open"))
          .contains("qemu of " + server.id(), "export-disk0", "instances/" + server.id());
      audit.finds_nothing();
      api.post("/v1/migrations/" + aborted + "/abort", Map.of());
      assertThat(server.awaitMigrationEnd()).isEqualTo("cancelled");
      server.awaitStatus("ACTIVE");
      audit.finds_nothing();
      JsonNode back = settled(api, aborted);
      assertThat(kinds(back, "removed")).containsAll(KINDS);
      assertThat(names(back, "kept")).allMatch(name -> name.startsWith("_base/"));
      assertThat(server.host()).isEqualTo(home);

      String moved = start(api, server, Map.of());
      assertThat(server.awaitMigrationEnd()).isEqualTo("completed");
      server.awaitStatus("ACTIVE");
      audit.finds_nothing();
      JsonNode there = settled(api, moved);
      assertThat(kinds(there, "removed"))
          .contains("file", "key", "reservation", "port", "export", "block_node");
      assertThat(kinds(there, "kept"))
          .contains("file", "journal", "process", "block_node", "claim");
      assertThat(names(there, "kept"))
          .contains("instances/" + server.id(), "qemu of " + server.id(), "disk0");
      assertThat(hostsOf(there)).hasSize(2);

      // The database has them: the hosts forget theirs.
      for (Path data : stage.place().hostData().values()) {
        patience.untilTrue(
            "receipts are forgotten in " + data,
            Duration.ofSeconds(60),
            () -> Optional.of(files(data.resolve("receipts")).isEmpty()));
      }
      assertThat(settled(api, moved)).isEqualTo(settled(api, moved));
      assertThat(names(settled(api, moved), "kept")).contains("qemu of " + server.id());
      audit.finds_what_is_planted_and_leaves_it(server);
      server.delete();
      audit.finds_nothing();
    }
  }

  private static List<String> files(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(Path::toString).toList();
    }
  }

  private static String start(ComputeClient api, TestServer server, Map<String, Object> policy)
      throws IOException, InterruptedException {
    return api.post(
            "/v1/migrations", Map.of("migration", Map.of("server", server.id(), "policy", policy)))
        .path("migration")
        .path("uuid")
        .asString();
  }

  private static JsonNode receipt(ComputeClient api, String migration)
      throws IOException, InterruptedException {
    return api.get("/v1/migrations/" + migration + "/receipt").path("receipt");
  }

  private JsonNode settled(ComputeClient api, String migration)
      throws IOException, InterruptedException {
    patience.untilTrue(
        "the receipt is settled: " + receipt(api, migration),
        Duration.ofSeconds(60),
        () -> Optional.of(receipt(api, migration).path("settled").asBoolean()));
    JsonNode receipt = receipt(api, migration);
    assertThat(names(receipt, "open")).isEmpty();
    for (JsonNode object : receipt.path("objects")) {
      boolean made = !object.path("state").asString().equals("not_made");
      assertThat(object.path("made_at").isNull()).as("%s", object).isNotEqualTo(made);
    }
    return receipt;
  }

  private static Stream<JsonNode> objects(JsonNode receipt, String state) {
    return StreamSupport.stream(receipt.path("objects").spliterator(), false)
        .filter(object -> object.path("state").asString().equals(state));
  }

  private static List<String> names(JsonNode receipt, String state) {
    return objects(receipt, state).map(object -> object.path("name").asString()).toList();
  }

  private static Set<String> kinds(JsonNode receipt, String state) {
    Set<String> kinds = new TreeSet<>();
    objects(receipt, state).forEach(object -> kinds.add(object.path("kind").asString()));
    return kinds;
  }

  private static Set<String> hostsOf(JsonNode receipt) {
    Set<String> hosts = new TreeSet<>();
    receipt.path("objects").forEach(object -> hosts.add(object.path("host").asString()));
    return hosts;
  }
}
