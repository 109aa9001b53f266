package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.api.fakes.FakeKeystone;
import dev.tern.api.fakes.Samples;
import dev.tern.contract.ServerId;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("With auth=keystone")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KeystoneTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String OURS = "11111111111111111111111111111111";
  private static final String THEIRS = "22222222222222222222222222222222";
  private static final Instant LATER = Samples.NOON.plus(Duration.ofHours(1));

  private final AtomicReference<Instant> now = new AtomicReference<>(Samples.NOON);
  private FakeKeystone keystone;
  private TestApi api;

  @TempDir static Path images;

  @BeforeAll
  void start() {
    keystone = new FakeKeystone(() -> java.util.Objects.requireNonNull(now.get()));
    api =
        new TestApi(
            images,
            "--tern.api.auth=keystone",
            "--tern.api.keystone.url=" + keystone.url(),
            "--tern.api.keystone.public-url=https://id.example/v3",
            "--tern.api.keystone.username=nova",
            "--tern.api.keystone.password=secret",
            "--tern.api.keystone.deadline=500ms");
  }

  @AfterAll
  void stop() {
    api.close();
    keystone.close();
  }

  /** Each test has tokens of its own: the API remembers. */
  private int serial;

  @BeforeEach
  void afresh() {
    serial++;
    keystone.silent.set(false);
    keystone.broken.set(false);
    keystone.garbled.set(false);
    pass(Duration.ofHours(2));
    api.reset();
    now.set(Samples.NOON);
    api.conductors.boots(SERVER, OURS, "host1");
  }

  private void pass(Duration time) {
    api.time.pass(time);
    now.set(api.time.instant());
  }

  private String token(String project, String... roles) {
    return token(project, LATER, roles);
  }

  private String token(String project, Instant expires, String... roles) {
    String token = "token-" + serial + "-" + String.join("-", roles) + project + expires;
    keystone.knows(token, "user-1", project, expires, roles);
    return token;
  }

  private TestApi.Answer servers(String token) {
    return api.to("/v2.1/servers").as(token).get();
  }

  @Test
  void a_good_token_says_who_asks_and_for_which_project() {
    TestApi.Answer mine = servers(token(OURS, "member", "reader"));
    assertThat(mine.status()).isEqualTo(200);
    assertThat(mine.json().path("servers")).hasSize(1);
    assertThat(servers(token(THEIRS, "member", "reader")).json().path("servers")).isEmpty();
  }

  /** Of these Nova asks for a good token at most, or says that they are gone. */
  private static final Set<String> FOR_ANYBODY =
      Set.of(
          "/",
          "/image",
          "/image/",
          "/image/versions",
          "/openapi.json",
          "/v2.1",
          "/v2.1/",
          "/v2.1/extensions",
          "/v2.1/flavors",
          "/v2.1/flavors/detail",
          "/v2.1/flavors/{id}",
          "/v2.1/limits",
          "/v2.1/os-availability-zone",
          // One's own, whatever one's role is.
          "/v2.1/os-keypairs",
          "/v2.1/os-quota-sets/{project}/defaults",
          // Always empty.
          "/v2.1/os-floating-ip-pools",
          "/v2.1/os-floating-ips",
          "/v2.1/os-networks",
          "/v2.1/os-security-groups",
          "/v2.1/os-tenant-networks",
          "/ui/login");

  @TestFactory
  Stream<DynamicTest> a_role_that_nova_does_not_know_reads_nothing() {
    String token = token(OURS, "gardener");
    return api.routes().stream()
        .filter(route -> route.startsWith("GET ") && !FOR_ANYBODY.contains(route.substring(4)))
        .map(route ->
            DynamicTest.dynamicTest(
                route,
                () -> {
                  String path = route.substring(4);
                  String server = path.contains("/servers/") ? SERVER.toString() : "tiny";
                  String real = path.replaceFirst("\\{[^}]*}", server).replaceAll("\\{[^}]*}", "1");
                  for (String version : List.of("2.1", "2.30", "2.80")) {
                    TestApi.Answer answer = api.to(real).version(version).as(token).get();
                    assertThat(answer.status())
                        .as("%s at %s: %s", route, version, answer.text())
                        .isIn(403, 404, 410);
                  }
                }));
  }

  @Test
  void nobody_without_a_token_gets_in_and_learns_where_to_get_one() {
    TestApi.Answer answer = api.to("/v2.1/servers").get();
    assertThat(answer.fault()).startsWith("401 unauthorized: ");
    assertThat(answer.header("WWW-Authenticate"))
        .isEqualTo("Keystone uri=\"https://id.example/v3\"");
    assertThat(api.to("/v1/migrations").get().status()).isEqualTo(401);
    assertThat(api.to("/image/v2/images").get().status()).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/v2.1", "/v2.1/", "/image", "/image/"})
  void versions_are_told_to_everybody(String path) {
    assertThat(api.to(path).get().status()).isIn(200, 300);
    assertThat(api.to(path).as("bad").get().status()).isIn(200, 300);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v2%2e1/extensions",
        "/%76%32.1/extensions",
        "/v2.1;x=1/extensions",
        "/v2%2e1/servers",
        "//v2.1/extensions"
      })
  void no_spelling_of_a_path_leads_around_it(String path) {
    assertThat(api.to(path).get().status()).isIn(300, 400, 401, 404);
  }

  @Test
  void a_token_that_keystone_does_not_know_is_refused_and_asked_about_once() {
    int before = keystone.questions.get();
    String token = "unknown-" + serial;
    TestApi.Answer answer = servers(token);
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.header("WWW-Authenticate")).startsWith("Keystone uri=");
    assertThat(servers(token).status()).isEqualTo(401);
    assertThat(keystone.questions.get()).isEqualTo(before + 1);
    keystone.knows(token, "u", OURS, LATER, "member");
    pass(Duration.ofSeconds(11));
    assertThat(servers(token).status()).isEqualTo(200);
  }

  @Test
  void a_good_token_is_believed_for_a_while_and_a_revoked_one_no_longer() {
    String token = token(OURS, "member");
    int before = keystone.questions.get();
    servers(token);
    keystone.revokes(token);
    pass(Duration.ofSeconds(299));
    assertThat(servers(token).status()).isEqualTo(200);
    assertThat(keystone.questions.get()).isEqualTo(before + 1);
    pass(Duration.ofSeconds(2));
    assertThat(servers(token).status()).isEqualTo(401);
  }

  @Test
  void no_token_is_believed_past_its_end() {
    String token = token(OURS, Samples.NOON.plusSeconds(60), "member");
    assertThat(servers(token).status()).isEqualTo(200);
    pass(Duration.ofSeconds(60));
    assertThat(servers(token).status()).isEqualTo(401);
  }

  @Test
  void the_service_user_logs_in_again_when_its_token_is_refused_or_ends() {
    assertThat(servers(token(OURS, "member")).status()).isEqualTo(200);
    int before = keystone.logins.get();
    keystone.forgetsAskers();
    assertThat(servers(token(OURS, "reader")).status()).isEqualTo(200);
    assertThat(keystone.logins.get()).isEqualTo(before + 1);
    pass(Duration.ofMinutes(59).plusSeconds(1));
    assertThat(servers(token(OURS, LATER.plusSeconds(99), "member")).status()).isEqualTo(200);
    assertThat(keystone.logins.get()).isEqualTo(before + 2);
  }

  @Test
  void a_keystone_that_says_nothing_is_503_in_time_and_not_401() {
    String known = token(OURS, "member");
    assertThat(servers(known).status()).isEqualTo(200);
    keystone.silent.set(true);
    TestApi.Answer answer = servers(token(OURS, "manager"));
    assertThat(answer.fault()).startsWith("503 serviceUnavailable: ");
    assertThat(answer.header("Retry-After")).isEqualTo("5");
    assertThat(servers(known).status()).as("is remembered").isEqualTo(200);
    keystone.silent.set(false);
    assertThat(servers(token(OURS, "manager")).status()).isEqualTo(200);
  }

  @Test
  void a_keystone_that_answers_nonsense_is_503() {
    keystone.broken.set(true);
    assertThat(servers(token(OURS, "member")).status()).isEqualTo(503);
    keystone.broken.set(false);
    keystone.garbled.set(true);
    assertThat(servers(token(OURS, "member")).status()).isEqualTo(503);
  }

  @ParameterizedTest
  @CsvSource({
    "admin, 200, 202",
    "manager, 403, 202",
    "member, 403, 403",
    "reader, 403, 403",
    "Admin, 200, 202"
  })
  void roles_imply_the_ones_below_and_nothing_more(String role, int hosts, int migrates) {
    String token = token(OURS, role);
    assertThat(servers(token).status()).isEqualTo(200);
    assertThat(api.to("/v2.1/os-hypervisors").as(token).get().status()).isEqualTo(hosts);
    assertThat(
            api.to("/v2.1/servers/" + SERVER + "/action")
                .as(token)
                .version("2.80")
                .post("{\"os-migrateLive\": {\"host\": null, \"block_migration\": \"auto\"}}")
                .status())
        .isEqualTo(migrates);
  }

  @Test
  void a_role_that_nova_does_not_know_allows_nothing() {
    String token = token(OURS, "sailor");
    assertThat(servers(token).fault())
        .isEqualTo(
            "403 forbidden: Policy doesn't allow os_compute_api:servers:index to be performed.");
    assertThat(api.to("/v2.1/flavors").as(token).get().status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"system\": {\"all\": true}",
        "\"domain\": {\"id\": \"default\", \"name\": \"Default\"}",
        ""
      })
  void a_token_of_no_project_is_forbidden_even_to_an_administrator(String scope) {
    String token = "scoped-" + serial + scope.hashCode();
    keystone.knowsScoped(token, "root", scope, LATER, "admin");
    assertThat(servers(token).fault()).startsWith("403 forbidden: Policy doesn't allow");
    assertThat(api.to("/v2.1/os-hypervisors").as(token).get().status()).isEqualTo(403);
    assertThat(api.to("/v1/migrations").as(token).get().status()).isEqualTo(403);
  }

  @Test
  void identity_headers_of_a_client_say_nothing() {
    String token = token(THEIRS, "reader");
    TestApi.Call call = api.to("/v2.1/servers/" + SERVER).as(token);
    for (String header :
        new String[] {
          "X-User-Id",
          "X-Project-Id",
          "X-Tenant-Id",
          "X-User",
          "X-Roles",
          "X-Role",
          "X-Identity-Status",
          "X-System-Scope",
          "X-Is-Admin-Project",
          "X-Service-Roles"
        }) {
      call.header(header, header.contains("Role") ? "admin" : OURS);
    }
    assertThat(call.get().status()).isEqualTo(404);
    assertThat(
            api.to("/v2.1/servers")
                .header("X-Identity-Status", "Confirmed")
                .header("X-User-Id", "root")
                .header("X-Project-Id", OURS)
                .header("X-Roles", "admin")
                .get()
                .status())
        .isEqualTo(401);
  }

  @Test
  void a_project_in_the_path_has_to_be_the_tokens() {
    String token = token(OURS, "member");
    assertThat(api.to("/v2.1/" + OURS + "/servers").as(token).get().status()).isEqualTo(200);
    assertThat(api.to("/v2.1/" + THEIRS + "/servers").as(token).get().fault())
        .startsWith("400 badRequest: Malformed request URL");
  }

  @Test
  void a_service_vouches_for_a_token_that_has_expired() {
    String old = token(OURS, Samples.NOON.minusSeconds(60), "member");
    String service = token(THEIRS, "service");
    assertThat(servers(old).status()).isEqualTo(401);
    assertThat(api.to("/v2.1/servers").as(old).header("X-Service-Token", service).get().status())
        .isEqualTo(200);
    String noService = token(THEIRS, "admin");
    pass(Duration.ofSeconds(11));
    assertThat(api.to("/v2.1/servers").as(old).header("X-Service-Token", noService).get().status())
        .isEqualTo(401);
    assertThat(
            api.to("/v2.1/servers")
                .as(token(OURS, "member"))
                .header("X-Service-Token", "bad")
                .get()
                .status())
        .isEqualTo(401);
    assertThat(api.to("/v2.1/servers").header("X-Service-Token", service).get().status())
        .as("it is nobody's own")
        .isEqualTo(401);
  }

  @Test
  void a_token_that_can_be_none_is_refused_without_a_question() {
    int before = keystone.questions.get();
    assertThat(servers("x".repeat(9_000)).status()).isEqualTo(401);
    assertThat(servers("a b").status()).isEqualTo(401);
    assertThat(api.to("/v2.1/servers").as("one").as("two").get().status()).isEqualTo(401);
    assertThat(keystone.questions.get()).isEqualTo(before);
  }

  @Test
  void the_service_user_may_be_an_application_credential() {
    keystone.knows("by-credential", "u", OURS, LATER, "reader");
    try (TestApi other =
        new TestApi(
            images,
            "--tern.api.auth=keystone",
            "--tern.api.keystone.url=" + keystone.url() + "/v3/",
            "--tern.api.keystone.application-credential-id=cred",
            "--tern.api.keystone.application-credential-secret=hidden")) {
      assertThat(other.to("/v2.1/servers").as("by-credential").get().status()).isEqualTo(200);
    }
  }

  @Test
  void an_api_that_was_not_told_whom_to_ask_does_not_start() {
    assertThatThrownBy(() -> new TestApi(images, "--tern.api.auth=keystone").close())
        .hasStackTraceContaining("tern.api.keystone.url has to say where Keystone is");
    assertThatThrownBy(() ->
            new TestApi(images, "--tern.api.auth=keystone", "--tern.api.keystone.url=http://k:5000")
                .close())
        .hasStackTraceContaining("give tern.api.keystone.username and .password");
  }

  @Test
  void tokens_do_not_go_over_the_network_in_plaintext() {
    assertThatThrownBy(() ->
            new TestApi(
                    images,
                    "--server.address=0.0.0.0",
                    "--tern.api.auth=keystone",
                    "--tern.api.keystone.url=http://k:5000",
                    "--tern.api.keystone.username=nova",
                    "--tern.api.keystone.password=secret")
                .close())
        .hasStackTraceContaining("The API does not take tokens in plaintext on 0.0.0.0");
  }
}
