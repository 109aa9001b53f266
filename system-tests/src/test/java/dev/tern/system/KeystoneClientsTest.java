package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.Patience;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code ./tern up} with {@code auth=keystone}, and the Keystone of Debian's package. */
@DisplayName("With a real Keystone")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class KeystoneClientsTest {
  private static final Duration BOOT = Duration.ofMinutes(1);
  private static final String SERVICES = "the service's word";

  @TempDir static Path folder;
  @TempDir static Path keystones;

  @SuppressWarnings("NullAway.Init")
  private static PrivateKeystone keystone;

  @SuppressWarnings("NullAway.Init")
  private static OrdinaryUser tern;

  private static String server = "";

  @BeforeAll
  static void start() throws Exception {
    keystone = PrivateKeystone.start(keystones);
    keystone.user("tern", SERVICES, keystone.project("service"), "admin");
    keystone.user("gull", "gull's word", keystone.project("sea"), "member");
    keystone.user("hawk", "hawk's word", keystone.project("sky"), "member");
    Path password = Files.writeString(folder.resolve("password"), SERVICES);
    tern =
        OrdinaryUser.up(
            folder,
            "-Dtern.agent.driver=fake",
            "-Dtern.api.auth=keystone",
            "-Dtern.api.keystone.url=" + keystone.url(),
            "-Dtern.api.keystone.username=tern",
            "-Dtern.api.keystone.password=" + SERVICES,
            "-Dtern.api.keystone.cache-time=0",
            "-Dtern.agent.image-identity.username=tern",
            "-Dtern.agent.image-identity.password-file=" + password);
  }

  @AfterAll
  static void stop() throws Exception {
    if (tern != null) {
      tern.close();
    }
    if (keystone != null) {
      keystone.close();
    }
  }

  private static ComputeClient as(String token) {
    return new ComputeClient(tern.place().api()).as(token);
  }

  private static String gull() throws Exception {
    return keystone.logIn("gull", "gull's word", "sea");
  }

  private static HttpResponse<String> list(String token) throws Exception {
    URI servers = tern.place().api().resolve("/v2.1/servers");
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(servers).header("X-Auth-Token", token).build(),
          BodyHandlers.ofString());
    }
  }

  private static void answers(int status, ThrowingCallable request) {
    assertThatThrownBy(request)
        .isInstanceOfSatisfying(
            ComputeClient.Refused.class, e -> assertThat(e.status()).isEqualTo(status));
  }

  @Test
  @Order(1)
  void its_roles_are_what_a_token_may() throws Exception {
    JsonNode hypervisors = as(keystone.adminToken()).get("/v2.1/os-hypervisors");
    assertThat(hypervisors.path("hypervisors").size()).isEqualTo(2);
    ComputeClient member = as(gull());
    assertThat(member.get("/v2.1/servers").path("servers").size()).isZero();
    answers(403, () -> member.get("/v2.1/os-hypervisors"));
  }

  @Test
  @Order(2)
  void agents_fetch_images_as_a_user_of_it() throws Exception {
    byte[] content = new byte[64 << 10];
    new Random(7).nextBytes(content);
    content[0] = 1; // no format's magic
    Path disk = Files.write(keystones.resolve("disk.raw"), content);
    ComputeClient member = as(gull());
    String image = member.upload("disk", "raw", Map.of(), disk);
    server =
        member
            .post(
                "/v2.1/servers",
                Map.of(
                    "server",
                    Map.of("name", "web", "imageRef", image, "flavorRef", "t", "networks", "none")))
            .path("server")
            .path("id")
            .asString();
    String status =
        new Patience(Pause.SLEEPING)
            .until(
                "the server is made",
                BOOT,
                () ->
                    Optional.of(member.get("/v2.1/servers/" + server).path("server"))
                        .map(shown -> shown.path("status").asString() + shown.path("fault"))
                        .filter(shown -> !shown.startsWith("BUILD")));
    assertThat(status).startsWith("ACTIVE");
  }

  @Test
  @Order(3)
  void another_project_s_server_is_not_there() throws Exception {
    ComputeClient other = as(keystone.logIn("hawk", "hawk's word", "sky"));
    assertThat(other.get("/v2.1/servers").path("servers").size()).isZero();
    String path = "/v2.1/servers/" + server;
    answers(404, () -> other.get(path));
    answers(404, () -> other.delete(path));
    answers(403, () -> other.get("/v2.1/servers?all_tenants=1"));
    Map<String, Object> move = new HashMap<>();
    move.put("host", "host-2");
    move.put("block_migration", "auto");
    ComputeClient own = as(gull());
    answers(403, () -> own.post(path + "/action", Map.of("os-migrateLive", move)));
    answers(404, () -> other.post(path + "/action", Collections.singletonMap("os-stop", null)));
    assertThat(as(keystone.adminToken()).get(path).path("server").path("id").asString())
        .isEqualTo(server);
  }

  @Test
  @Order(4)
  void a_token_that_is_revoked_or_none_is_refused() throws Exception {
    String token = gull();
    assertThat(list(token).statusCode()).isEqualTo(200);
    keystone.revoke(token);
    for (String bad : new String[] {token, "garbage", token.substring(0, token.length() - 3)}) {
      HttpResponse<String> refused = list(bad);
      assertThat(refused.statusCode()).as("%s", refused.body()).isEqualTo(401);
      assertThat(refused.headers().firstValue("WWW-Authenticate").orElse(""))
          .startsWith("Keystone uri=\"http://127.0.0.1:");
    }
    assertThat(list(gull()).statusCode()).isEqualTo(200);
  }

  @Test
  @Order(5)
  void its_users_log_into_the_dashboard_and_out_of_it() throws Exception {
    try (DashboardPage page = new DashboardPage(tern.place().api())) {
      page.logIn("gull", "gull's word");
      page.sees(".row-name", "web");
      String token = page.token();
      assertThat(list(token).statusCode()).isEqualTo(200);
      page.logOut();
      assertThat(list(token).statusCode()).isEqualTo(401);
    }
  }

  @Test
  @Order(6)
  void nobody_is_let_in_or_refused_while_it_is_away() throws Exception {
    String token = gull();
    keystone.close();
    HttpResponse<String> answer = list(token);
    assertThat(answer.statusCode()).as("%s", answer.body()).isEqualTo(503);
    assertThat(answer.headers().firstValue("Retry-After")).isPresent();
  }
}
