package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.tern.standalone.demo.TestImages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
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

/**
 * A program in Go that was written for OpenStack, by the gophercloud of Debian's package: what
 * Terraform's provider is made of.
 */
@DisplayName("gophercloud")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("S12")
class GophercloudClientsTest {
  private static final Path SOURCES = Path.of("src/test/resources/gophercloud").toAbsolutePath();

  @TempDir static Path folder;
  @TempDir static Path work;

  @SuppressWarnings("NullAway.Init")
  private static OrdinaryUser tern;

  @SuppressWarnings("NullAway.Init")
  private static Scenes program;

  @BeforeAll
  static void start() throws Exception {
    Path built = build();
    tern = OrdinaryUser.up(folder, "-Dtern.conductor.server.stop-grace=3s");
    String clouds = folder.resolve("clouds.yaml").toString();
    program =
        new Scenes(
            new CommandLine(work, Map.of("OS_CLIENT_CONFIG_FILE", clouds, "OS_CLOUD", "tern")),
            List.of(built));
  }

  /** Of Debian's sources alone: nothing is fetched. */
  private static Path build() throws Exception {
    Path built = work.resolve("program");
    CommandLine shell =
        new CommandLine(
            work,
            Map.of(
                "GO111MODULE",
                "off",
                "GOPATH",
                "/usr/share/gocode",
                "GOCACHE",
                work.resolve("cache").toString()));
    List<Object> words = new ArrayList<>(List.of(built));
    try (Stream<Path> sources = Files.list(SOURCES)) {
      sources.filter(file -> file.toString().endsWith(".go")).sorted().forEach(words::add);
    }
    shell.run("go build -o" + " %s".repeat(words.size()), words.toArray()).ok();
    return built;
  }

  @AfterAll
  static void stop() throws Exception {
    if (tern != null) {
      tern.close();
    }
  }

  @Test
  @Order(1)
  void logs_in_by_clouds_yaml_and_again_when_its_token_is_revoked() throws Exception {
    Map<String, String> found = program.play("log-in");
    assertThat(found)
        .contains(
            entry("project", "admin"),
            entry("user", "admin"),
            entry("no network service", "true"),
            entry("logs in again when a token is revoked", "true"),
            entry("wrong password", "gophercloud.ErrDefault401 Authentication failed"));
    assertThat(found.get("compute")).endsWith("/v2.1/");
    assertThat(found.get("image")).endsWith("/image/v2/");
    assertThat(found.get("roles")).contains("admin");
  }

  @Test
  @Order(2)
  void makes_images() throws Exception {
    Path disk = work.resolve("disk.qcow2");
    TestImages.base(disk, 256L << 20, 1 << 20, 7);
    assertThat(program.play("images", disk))
        .contains(
            entry("status", "active"),
            entry("min disk", "1"),
            entry("visibility", "private"),
            entry("property", "test"),
            entry("checksum is right", "true"),
            entry("content is right", "true"),
            entry("by pages of one", "disk other"),
            entry("deleted", "gophercloud.ErrDefault404 Resource not found"));
  }

  @Test
  @Order(3)
  void makes_flavors_and_keys() throws Exception {
    Map<String, String> found = program.play("flavors");
    assertThat(found)
        .contains(
            entry("extra specs", "map[hw:test:3]"),
            entry("memory", "64"),
            entry("private key", "true"),
            entry("imported as it was", "true"),
            entry("keys", "generated imported"));
    assertThat(found.get("by pages of one")).contains("small", "larger");
  }

  @Test
  @Order(4)
  void makes_servers_and_groups() throws Exception {
    assertThat(program.play("boot"))
        .contains(entry("password of chance", "true"), entry("members", "1"));
  }

  @Test
  @Order(5)
  void shows_and_lists_servers() throws Exception {
    Map<String, String> found = program.play("look");
    assertThat(found)
        .contains(
            entry("shown", "guest ACTIVE active RUNNING nova imported map[role:test]"),
            entry("hypervisor is the host", "true"),
            entry("flavor is the one", "true"),
            entry("image is the one", "true"),
            entry("times", "true"),
            entry("launched", "true"),
            entry("flavor of the newest version", "small"),
            entry("by pages of one", "guest pair-1 pair-2"),
            entry("by name", "pair-1 pair-2"),
            entry("by flavor", ""),
            entry("by status", ""),
            entry("on its host", "true"),
            entry("changed since", ""),
            entry("interfaces", "0"),
            entry("volumes", "0"),
            entry("addresses", "0"),
            entry("security groups", "0"))
        .containsKey("console");
  }

  @Test
  @Order(6)
  void changes_a_server() throws Exception {
    assertThat(program.play("change"))
        .contains(
            entry("renamed", "renamed"),
            entry("address", "192.0.2.1"),
            entry("replaced", "map[a:1]"),
            entry("added to", "map[a:1 b:2]"),
            entry("one more", "map[c:3]"),
            entry("one of them", "map[b:2]"),
            entry("left", "map[b:2 c:3]"),
            entry("has tag three", "true"),
            entry("has tag two", "false"),
            entry("left tags", "one three"),
            entry("by tags", "guest"),
            entry("without tag", "pair-1 pair-2"));
  }

  @Test
  @Order(7)
  void acts_on_a_server_and_reads_what_was_done() throws Exception {
    Map<String, String> found = program.play("act");
    assertThat(found.getOrDefault("actions", "").split(" "))
        .contains("create", "stop", "start", "reboot", "pause", "unpause", "suspend", "resume");
    assertThat(found.get("event of create")).endsWith(" Success");
  }

  @Test
  @Order(8)
  void moves_a_server_live_and_cold() throws Exception {
    Map<String, String> found = program.play("move");
    assertThat(found)
        .contains(
            entry("is elsewhere", "true"),
            entry("is back", "true"),
            entry("moved cold", "true"),
            entry("is back again", "true"));
    assertThat(found.get("to nowhere")).startsWith("gophercloud.ErrDefault400").contains("nowhere");
    assertThat(found.get("to where it is")).startsWith("gophercloud.ErrDefault400");
  }

  @Test
  @Order(9)
  void makes_a_server_larger() throws Exception {
    Map<String, String> found = program.play("resize");
    assertThat(found).contains(entry("larger", "true"));
    assertThat(found.get("confirmed again")).startsWith("gophercloud.ErrDefault409");
  }

  @Test
  @Order(10)
  void reads_and_sets_what_operators_do() throws Exception {
    assertThat(program.play("operators"))
        .contains(
            entry("hypervisors", "host-1 QEMU up enabled host-2 QEMU up enabled"),
            entry("hypervisor", "true"),
            entry("hypervisor2.53", "true"),
            entry("hypervisor2.87", "true"),
            entry("uptime", "true"),
            entry("uptime2.53", "true"),
            entry("uptime2.87", "true"),
            entry("count", "2"),
            entry("running", "3"),
            entry("service", "nova-compute host-1 up enabled nova"),
            entry("disabled", "disabled works"),
            entry("enabled", "enabled"),
            entry("aggregate", "[other side [host-2] map[kind:test]]"),
            entry("host-2 is in nova", "true"),
            entry("quota", "7"),
            entry("quota shown", "7"),
            entry("quota in use", "[3 7]"),
            entry("limit", "[3 7]"),
            entry("quota forgotten", "-1"),
            entry("usage", "3"),
            entry("usage of all", "admin"),
            entry("groups", "apart anti-affinity two anti-affinity"),
            entry("extensions", "true"));
  }

  @Test
  @Order(11)
  void tells_refusals_apart() throws Exception {
    Map<String, String> found = program.play("refusals");
    assertThat(found).contains(entry("missing server", "true"));
    assertThat(found.get("unknown flavor")).startsWith("gophercloud.ErrDefault400");
    assertThat(found.get("unknown version")).contains("2.999");
    assertThat(found.get("nothing to confirm")).startsWith("gophercloud.ErrDefault409");
    assertThat(found.get("a host in use")).contains("is still in use");
    assertThat(found.get("half of a live migration")).startsWith("gophercloud.ErrDefault400");
  }

  @Test
  @Order(12)
  void takes_everything_away() throws Exception {
    assertThat(program.play("take-away")).contains(entry("keys", ""), entry("images", "0"));
  }
}
