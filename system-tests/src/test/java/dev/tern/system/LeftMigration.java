package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.Patience;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import tools.jackson.databind.JsonNode;

/**
 * A migration that is given up without its destination: the agent there is dead, with an incoming
 * QEMU, and the database says that the migration is over.
 */
final class LeftMigration {
  private static final Duration LONG = Duration.ofSeconds(90);

  private final DemoStage stage;
  private final TestServer server;
  private final ComputeClient api;
  private final Patience patience = new Patience(Pause.SLEEPING);

  LeftMigration(DemoStage stage, TestServer server) {
    this.stage = stage;
    this.server = server;
    this.api = new ComputeClient(stage.place().api());
  }

  void is_swept_when_its_agent_is_back() throws Exception {
    String home = server.host();
    String other = home.equals("host-1") ? "host-2" : "host-1";
    Path there =
        Objects.requireNonNull(stage.place().hostData().get(other))
            .resolve("instances")
            .resolve(server.id());
    UUID migration = startSlowly();
    patience.untilTrue(
        "a QEMU waits for the guest",
        LONG,
        () -> Optional.of(made(migration, "qemu of " + server.id())));
    kill("agent-" + other);
    kill("conductor");
    assertThat(DemoStage.guestsIn(there)).hasSize(1);
    giveUp(migration);
    stage.restart("conductor");
    stage.restart("agent-" + other);
    patience.untilTrue(
        "nothing of the migration is left: " + receipt(migration),
        LONG,
        () -> Optional.of(receipt(migration).path("settled").asBoolean()));
    assertThat(DemoStage.guestsIn(there)).isEmpty();
    assertThat(there).doesNotExist();
    assertThat(whyOf(migration, "qemu of " + server.id()))
        .isEqualTo("swept: the migration is over");
    server.awaitStatus("ACTIVE");
    assertThat(server.host()).isEqualTo(home);
    List<String> differences = new ArrayList<>();
    api.get("/v1/audit")
        .path("audit")
        .path("differences")
        .forEach(one -> differences.add(one.toString()));
    assertThat(differences).isEmpty();
  }

  private void kill(String service) throws IOException {
    DemoStage.end(ProcessHandle.of(stage.pid(service)).orElseThrow());
  }

  private UUID startSlowly() throws IOException, InterruptedException {
    return UUID.fromString(
        api.post(
                "/v1/migrations",
                Map.of(
                    "migration",
                    Map.of("server", server.id(), "policy", Map.of("max_bandwidth", 1 << 20))))
            .path("migration")
            .path("uuid")
            .asString());
  }

  private JsonNode receipt(UUID migration) throws IOException, InterruptedException {
    return api.get("/v1/migrations/" + migration + "/receipt").path("receipt");
  }

  private boolean made(UUID migration, String name) throws IOException, InterruptedException {
    for (JsonNode object : receipt(migration).path("objects")) {
      if (object.path("name").asString().equals(name) && !object.path("made_at").isNull()) {
        return true;
      }
    }
    return false;
  }

  private String whyOf(UUID migration, String name) throws IOException, InterruptedException {
    for (JsonNode object : receipt(migration).path("objects")) {
      if (object.path("name").asString().equals(name)) {
        return object.path("why").asString("-");
      }
    }
    return "not there";
  }

  /** As nothing of Tern's would: by hand, with the destination unheard. */
  private void giveUp(UUID migration) throws SQLException {
    try (Connection database = DriverManager.getConnection(stage.db())) {
      database.setAutoCommit(false);
      change(database, "update sagas set ended_at = now() where migration_id = ?", migration);
      change(
          database,
          "update migrations set status = 'failed', ended_at = now() where uuid = ?",
          migration);
      change(
          database,
          "update servers set task_state = null where id = ?",
          UUID.fromString(server.id()));
      change(
          database,
          "update claims set released_at = now() where id ="
              + " (select destination_claim from migrations where uuid = ?)",
          migration);
      database.commit();
    }
  }

  private static void change(Connection database, String sql, UUID id) throws SQLException {
    try (PreparedStatement statement = database.prepareStatement(sql)) {
      statement.setObject(1, id);
      assertThat(statement.executeUpdate()).as(sql).isEqualTo(1);
    }
  }
}
