package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.Patience;
import dev.tern.standalone.demo.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code ./tern up} with its own identity service, and the dashboard of Debian's package. */
@DisplayName("Horizon")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("S12")
class HorizonClientsTest {
  private static final Duration SOON = Duration.ofMinutes(2);

  @TempDir static Path folder;
  @TempDir static Path horizons;
  @TempDir static Path work;

  @SuppressWarnings("NullAway.Init")
  private static OrdinaryUser tern;

  @SuppressWarnings("NullAway.Init")
  private static PrivateHorizon horizon;

  @SuppressWarnings("NullAway.Init")
  private static ComputeClient client;

  private static String server = "";

  @BeforeAll
  static void start() throws Exception {
    tern = OrdinaryUser.up(folder);
    client = new ComputeClient(tern.place().api());
    Path disk = work.resolve("disk.qcow2");
    TestImages.base(disk, 64L << 20, 1 << 20, 7);
    String image = client.upload("picture", "qcow2", Map.of("visibility", "public"), disk);
    Map<String, Object> flavor =
        Map.of("id", "7", "name", "small", "ram", 64, "vcpus", 1, "disk", 1);
    client.post("/v2.1/flavors", Map.of("flavor", flavor));
    Map<String, Object> asked =
        Map.of("name", "petrel", "imageRef", image, "flavorRef", "7", "networks", "none");
    server =
        client.post("/v2.1/servers", Map.of("server", asked)).path("server").path("id").asString();
    await("ACTIVE");
    horizon = PrivateHorizon.start(horizons, tern.place().api().resolve("identity/v3"));
  }

  @AfterAll
  static void stop() throws Exception {
    if (horizon != null) {
      horizon.close();
    }
    if (tern != null) {
      tern.close();
    }
  }

  /** Answers its host. */
  private static String await(String status) throws IOException, InterruptedException {
    return new Patience(Pause.SLEEPING)
        .until(
            "the server is " + status,
            SOON,
            () ->
                Optional.of(client.get("/v2.1/servers/" + server).path("server"))
                    .filter(shown -> shown.path("status").asString().equals(status))
                    .map(shown -> shown.path("OS-EXT-SRV-ATTR:host").asString()));
  }

  @Test
  @Order(1)
  void logs_in_with_a_password_and_not_with_another() throws Exception {
    String login = "/auth/login/";
    assertThat(
            horizon.submit(
                login, Map.of("username", "admin", "password", "no", "region", "default")))
        .contains("Invalid credentials");
    String password = Files.readString(folder.resolve("identity/password")).strip();
    String first =
        horizon.submit(
            login,
            Map.of(
                "username",
                "admin",
                "password",
                password,
                "region",
                "default",
                "next",
                "/project/"));
    assertThat(first).contains("Overview").contains("Limit Summary");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /project/                | Limit Summary
          /project/instances/      | petrel
          /project/instances/      | small
          /project/instances/      | picture
          /project/images/         | Images
          /project/key_pairs/      | Key Pairs
          /project/server_groups/  | Server Groups
          /project/api_access/     | /identity/v3
          /admin/                  | Usage
          /admin/instances/        | petrel
          /admin/hypervisors/      | host-1
          /admin/hypervisors/      | host-2
          /admin/flavors/          | small
          /admin/aggregates/       | Availability Zones
          /admin/info/             | nova-conductor
          /admin/defaults/         | Defaults
          /identity/               | admin
          """)
  @Order(2)
  void shows(String page, String text) throws Exception {
    String shown = horizon.page(page);
    assertThat(shown).contains(text).doesNotContain("Unable to retrieve", "Something went wrong");
  }

  @Test
  @Order(3)
  void moves_a_server_live_by_its_form() throws Exception {
    String from = await("ACTIVE");
    String to = from.equals("host-1") ? "host-2" : "host-1";
    String form = "/admin/instances/" + server + "/live_migrate";
    assertThat(horizon.page(form))
        .contains("value=\"" + to + "\"", "value=\"AUTO_SCHEDULE\"")
        .doesNotContain("<option value=\"" + from + "\"");
    String after =
        horizon.submit(
            form,
            Map.of(
                "instance_id", server, "current_host", from, "host", to, "block_migration", "on"));
    assertThat(after).contains("petrel");
    new Patience(Pause.SLEEPING)
        .untilTrue("it is there", SOON, () -> Optional.of(await("ACTIVE").equals(to)));
    assertThat(horizon.page("/admin/instances/")).contains(to);
  }

  @Test
  @Order(4)
  void moves_it_cold_and_takes_the_word_for_it() throws Exception {
    String from = await("ACTIVE");
    act("admin", "migrate");
    assertThat(await("VERIFY_RESIZE")).isNotEqualTo(from);
    assertThat(horizon.page("/project/instances/")).contains("Confirm Resize/Migrate");
    act("project", "revert");
    assertThat(await("ACTIVE")).isEqualTo(from);
  }

  /** A button of a row of the table of servers. */
  private static void act(String dashboard, String button) throws Exception {
    String page = "/%s/instances/".formatted(dashboard);
    horizon.submit(page, Map.of("action", "instances__%s__%s".formatted(button, server)));
  }
}
