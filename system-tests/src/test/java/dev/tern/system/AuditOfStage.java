package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.Patience;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import tools.jackson.databind.JsonNode;

/**
 * Audits of a stage with two hosts: of a clean one, and of one in which differences are planted.
 */
final class AuditOfStage {
  private final DemoStage stage;
  private final ComputeClient api;

  AuditOfStage(DemoStage stage, ComputeClient api) {
    this.stage = stage;
    this.api = api;
  }

  /** Every difference, as {@code host kind object}. */
  private List<String> differences() throws IOException, InterruptedException {
    JsonNode audit = api.get("/v1/audit").path("audit");
    assertThat(audit.path("complete").asBoolean()).as("%s", audit).isTrue();
    assertThat(audit.path("hosts").size()).isEqualTo(2);
    List<String> all = new ArrayList<>();
    for (JsonNode one : audit.path("differences")) {
      assertThat(one.path("remedy").asString()).isNotEmpty();
      assertThat(one.path("since").isNull()).as("%s", one).isFalse();
      all.add(
          "%s %s %s"
              .formatted(
                  one.path("host").asString(),
                  one.path("kind").asString(),
                  one.path("object").path("name").asString("-")));
    }
    return all;
  }

  void finds_nothing() throws IOException, InterruptedException {
    assertThat(differences()).isEmpty();
  }

  /** Plants one of each that can be planted by hand; all of it is there after. */
  void finds_what_is_planted_and_leaves_it(TestServer server) throws Exception {
    String home = server.host();
    String other = home.equals("host-1") ? "host-2" : "host-1";
    Path data = Objects.requireNonNull(stage.place().hostData().get(home)).toRealPath();
    Path file = Files.writeString(data.resolve("instances").resolve("stray.txt"), "x");
    Path nobodys =
        Files.createDirectory(data.resolve("instances").resolve(UUID.randomUUID().toString()));
    UUID claim = UUID.randomUUID();
    Path pidFile = data.resolve("kept").resolve("stray.pid");
    Process qemu = stray(pidFile);
    try {
      new Patience(Pause.SLEEPING)
          .untilTrue(
              "a QEMU of nobody's runs",
              Duration.ofSeconds(20),
              () -> Optional.of(Files.exists(pidFile)));
      claim(claim, server.id(), other);
      assertThat(differences())
          .containsExactlyInAnyOrder(
              home + " object_unowned instances/stray.txt",
              home + " object_unowned kept/stray.pid",
              home + " directory_unowned instances/" + nobodys.getFileName(),
              home + " process_unowned hypervisor with pid " + qemu.pid(),
              other + " claim_unowned " + claim);
      assertThat(file).hasContent("x");
      assertThat(nobodys).isDirectory();
      assertThat(qemu.isAlive()).isTrue();
    } finally {
      qemu.destroyForcibly().waitFor();
      change("delete from claims where id = ?", claim);
    }
    Files.delete(file);
    Files.delete(nobodys);
    Files.deleteIfExists(pidFile);
    finds_nothing();

    move(server.id(), other);
    assertThat(differences())
        .containsExactlyInAnyOrder(
            other + " server_absent -",
            other + " claim_missing -",
            home + " guest_elsewhere instances/" + server.id());
    move(server.id(), home);
    finds_nothing();
    server.awaitStatus("ACTIVE");
  }

  private static Process stray(Path pidFile) throws IOException {
    return new ProcessBuilder(
            "qemu-system-x86_64",
            "-M",
            "none",
            "-display",
            "none",
            "-S",
            "-serial",
            "none",
            "-monitor",
            "none",
            "-pidfile",
            pidFile.toString())
        .start();
  }

  private void claim(UUID id, String server, String host) throws SQLException {
    change(
        "insert into claims (id, server_id, host, vcpus, memory_mib, disk_bytes, claimed_at)"
            + " values (?, ?, ?, 0, 0, 0, now())",
        id,
        UUID.fromString(server),
        host);
  }

  private void move(String server, String host) throws SQLException {
    change("update servers set host = ? where id = ?", host, UUID.fromString(server));
  }

  private void change(String sql, Object... values) throws SQLException {
    try (Connection database = DriverManager.getConnection(stage.db());
        PreparedStatement statement = database.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      assertThat(statement.executeUpdate()).isEqualTo(1);
    }
  }
}
