package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.tern.standalone.demo.TestImages;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** A program in Python that was written for OpenStack, by the openstacksdk of Debian's package. */
@DisplayName("openstacksdk")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("S12")
class OpenstackSdkClientsTest {
  private static final Path PROGRAM =
      Path.of("src/test/resources/openstacksdk/scenes.py").toAbsolutePath();

  @TempDir static Path folder;
  @TempDir static Path work;

  @SuppressWarnings("NullAway.Init")
  private static OrdinaryUser tern;

  @SuppressWarnings("NullAway.Init")
  private static Scenes program;

  @BeforeAll
  static void start() throws Exception {
    tern = OrdinaryUser.up(folder, "-Dtern.conductor.server.stop-grace=3s");
    String clouds = folder.resolve("clouds.yaml").toString();
    program =
        new Scenes(
            new CommandLine(work, Map.of("OS_CLIENT_CONFIG_FILE", clouds)),
            List.of("/usr/bin/python3", PROGRAM));
  }

  @AfterAll
  static void stop() throws Exception {
    if (tern != null) {
      tern.close();
    }
  }

  @Test
  @Order(1)
  void logs_in_by_clouds_yaml() throws Exception {
    Map<String, String> found = program.play("log_in");
    assertThat(found)
        .contains(
            entry("newest", "96"),
            entry("project", "admin"),
            entry("user", "admin"),
            entry("network", "False"));
    assertThat(found.get("compute")).endsWith("/v2.1");
    assertThat(found.get("image")).endsWith("/image/v2/");
    assertThat(found.get("projects")).contains("admin");
    assertThat(found.get("wrong password")).contains("401");
  }

  @Test
  @Order(2)
  void makes_images() throws Exception {
    Path disk = work.resolve("disk.qcow2");
    TestImages.base(disk, 256L << 20, 1 << 20, 7);
    Map<String, String> found = program.play("images", disk);
    assertThat(found)
        .contains(
            entry("status", "active"),
            entry("min disk", "1"),
            entry("property", "test"),
            entry("checksum is right", "True"),
            entry("content is right", "True"),
            entry("the same is there already", "True"),
            entry("by pages of one", "disk other"),
            entry("listed", "disk other"),
            entry("found", "other"),
            entry("deleted", "True"),
            entry("found no more", "None"));
    assertThat(found.get("missing")).contains("404");
  }

  @Test
  @Order(3)
  void makes_flavors_and_keys() throws Exception {
    Map<String, String> found = program.play("flavors");
    assertThat(found)
        .contains(
            entry("extra specs", "{'hw:test': '3'}"),
            entry("specs with the flavor", "{'hw:test': '3'}"),
            entry("described", "more"),
            entry("private key", "True"),
            entry("imported as it was", "True"),
            entry("keys", "generated imported"));
    assertThat(found.get("by pages of one")).contains("small", "larger");
    assertThat(found.get("listed")).contains("small", "larger");
  }

  @Test
  @Order(4)
  void makes_servers() throws Exception {
    Map<String, String> found = program.play("boot");
    assertThat(found)
        .contains(
            entry("group", "anti-affinity 0"),
            entry("password of chance", "True"),
            entry("status", "ACTIVE"),
            entry("members", "True"),
            entry("other", "ACTIVE"),
            entry("left", "guest other"));
    assertThat(found.get("waits for an address")).contains("without being allocated an IP address");
  }

  @Test
  @Order(5)
  void shows_and_lists_servers() throws Exception {
    Map<String, String> found = program.play("look");
    assertThat(found)
        .contains(
            entry("shown", "guest ACTIVE active 1 nova imported {'role': 'test'}"),
            entry("flavor", "small"),
            entry("image is the one", "True"),
            entry("by pages of one", "guest other"),
            entry("without details", "guest other"),
            entry("by name", "guest"),
            entry("by status", ""),
            entry("by host", "guest"),
            entry("sorted", "True"),
            entry("searched", "guest"),
            entry("host variables", "small"),
            entry("interfaces", "0"),
            entry("volumes", "0"),
            entry("console", "str"),
            entry("found no more", "None"));
    assertThat(found.get("host")).endsWith(" True");
    assertThat(found.get("missing")).contains("404");
  }

  @Test
  @Order(6)
  void changes_a_server() throws Exception {
    assertThat(program.play("change"))
        .contains(
            entry("renamed", "renamed"),
            entry("described", "a guest"),
            entry("metadata", "[('b', '2'), ('c', '3')]"),
            entry("tags", "one three"));
  }

  @Test
  @Order(7)
  void acts_on_a_server_and_reads_what_was_done() throws Exception {
    Map<String, String> found = program.play("act");
    assertThat(found).contains(entry("locked", "True"));
    assertThat(found.getOrDefault("actions", "").split(" "))
        .contains("create", "stop", "start", "reboot", "pause", "unpause", "suspend", "resume");
    assertThat(found.get("events of create")).contains("Success");
  }

  @Test
  @Order(8)
  void moves_a_server() throws Exception {
    Map<String, String> found = program.play("move");
    assertThat(found)
        .contains(
            entry("seen under way", "1 True"),
            entry("is elsewhere", "True"),
            entry("is back", "True"),
            entry("under way when none moves", "0"),
            entry("migrations", "live-migration completed live-migration completed"),
            entry("moved cold", "True"),
            entry("is back again", "True"),
            entry("flavor", "larger"));
    assertThat(found.get("to nowhere")).contains("400", "nowhere");
    assertThat(found.get("confirmed again")).contains("409");
  }

  @Test
  @Order(9)
  void reads_and_sets_what_operators_do() throws Exception {
    Map<String, String> found = program.play("operators");
    assertThat(found)
        .contains(
            entry("hypervisors", "host-1 up host-2 up"),
            entry("with details", "host-1 QEMU host-2 QEMU"),
            entry("hypervisor", "host-1 enabled"),
            entry("by pattern", "host-2"),
            entry("disabled", "disabled works"),
            entry("enabled", "enabled"),
            entry("aggregate", "other side ['host-2'] test"),
            entry("removed", "True"),
            entry("zones", "nova"),
            entry("zone of hosts", "nova"),
            entry("quota", "7"),
            entry("quota in use", "2"),
            entry("limit", "2 7"),
            entry("limit of a project", "7"),
            entry("quota forgotten", "-1"),
            entry("default quota", "-1"),
            entry("usage", "True"),
            entry("usage of all", "admin"),
            entry("usage by the cloud layer", "True"),
            entry("groups", "apart anti-affinity"));
    assertThat(found.get("services")).contains("nova-compute", "nova-conductor", "nova-scheduler");
  }

  @Test
  @Order(10)
  void takes_everything_away() throws Exception {
    assertThat(program.play("take_away"))
        .contains(
            entry("picture", "active"),
            entry("deleted guest", "True"),
            entry("deleted other", "True"),
            entry("deleted twice", "False"),
            entry("servers", "0"),
            entry("group", "True"),
            entry("key imported", "True"),
            entry("flavor larger", "True"),
            entry("image disk", "True"),
            entry("image picture", "True"));
  }
}
