package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.api.identity.PasswordHash;
import dev.tern.contract.ServerId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@DisplayName("With auth=embedded")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmbeddedIdentityTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String SEA = "5ea5ea5ea5ea5ea5ea5ea5ea5ea5ea5e";
  private static final String TOKENS = "/identity/v3/auth/tokens";

  @TempDir static Path folder;
  private Path users;
  private TestApi api;

  @BeforeAll
  void start() throws IOException {
    users = folder.resolve("users.yaml");
    write("gulls", "2099-01-01T00:00:00Z");
    api =
        new TestApi(
            folder.resolve("images"),
            "--tern.api.auth=embedded",
            "--tern.api.identity.users-file=" + users,
            "--tern.api.identity.wrong-tries=3");
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void afresh() throws IOException {
    write("gulls", "2099-01-01T00:00:00Z");
    // Past every count of wrong tries, and a look at the file.
    api.reset();
    api.time.pass(Duration.ofDays(++days));
    api.conductors.reports("host1");
    api.conductors.boots(SERVER, SEA, "host1");
  }

  private int days;

  private static String hash(String password) {
    return PasswordHash.of(password, PasswordHash.RANDOM, new SecureRandom()).toString();
  }

  /** Hashes that stay: another hash of the same password is another password. */
  private static final String ADMIN = hash("all of it");

  private static final String CREDENTIAL = hash("half of it");

  private void write(String password, String expires) throws IOException {
    String gull = password.equals("gulls") ? GULL : hash(password);
    Files.writeString(
        users,
        """
        projects:
          - {name: admin, id: admin}
          - {name: sea, id: %s, description: salt}
          - {name: lake}
        users:
          - name: admin
            password: %s
            projects: {admin: [admin]}
          - name: gull
            password: %s
            projects: {sea: [member], lake: [reader]}
            application_credentials:
              - {name: net, id: c0ffee, secret: "%s", project: sea, roles: [reader], expires_at: %s}
          - name: duck
            password: %s
            projects: {lake: [member]}
            default_project: lake
        """
            .formatted(SEA, ADMIN, gull, CREDENTIAL, expires, ADMIN));
  }

  private static final String GULL = hash("gulls");

  private TestApi.Answer password(String user, String password, String scope) {
    return api.to(TOKENS)
        .post(
            """
            {"auth": {"identity": {"methods": ["password"], "password": {"user":
              {"name": "%s", "domain": {"id": "default"}, "password": "%s"}}}%s}}
            """
                .formatted(user, password, scope));
  }

  private static String scope(String project) {
    return ", \"scope\": {\"project\": {\"name\": \"%s\", \"domain\": {\"name\": \"Default\"}}}"
        .formatted(project);
  }

  private String token(String user, String password, String project) {
    TestApi.Answer answer = password(user, password, scope(project));
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    return answer.header("X-Subject-Token");
  }

  private String gull() {
    return token("gull", "gulls", "sea");
  }

  private String admin() {
    return token("admin", "all of it", "admin");
  }

  private int servers(String token) {
    return api.to("/v2.1/servers").as(token).get().status();
  }

  @Test
  void a_password_gets_a_token_that_the_compute_api_believes() {
    TestApi.Answer answer = password("gull", "gulls", scope("sea"));
    JsonNode token = answer.json().path("token");
    assertThat(token.path("project").path("id").asString()).isEqualTo(SEA);
    assertThat(token.path("user").path("domain").path("id").asString()).isEqualTo("default");
    assertThat(token.path("roles").findValuesAsString("name")).containsExactly("member", "reader");
    assertThat(token.path("expires_at").asString()).matches("....-..-..T..:..:..\\.......Z");
    assertThat(token.path("catalog").findValuesAsString("type"))
        .containsExactly("compute", "image", "identity");
    assertThat(token.path("catalog").findValuesAsString("url"))
        .contains(api.base() + "/v2.1", api.base() + "/image", api.base() + "/identity/v3");
    String value = answer.header("X-Subject-Token");
    assertThat(answer.text()).doesNotContain(value);
    assertThat(api.to("/v2.1/servers/" + SERVER).as(value).get().status()).isEqualTo(200);
    assertThat(api.to("/v2.1/" + SEA + "/servers").as(value).get().status()).isEqualTo(200);
    assertThat(api.to("/v2.1/os-hypervisors").as(value).get().status()).isEqualTo(403);
    assertThat(api.to("/v2.1/os-hypervisors").as(admin()).get().status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/actuator/prometheus",
        "/actuator",
        "/actuator/",
        "/%61ctuator/prometheus",
        "/actuator/health/../prometheus",
        "//actuator/prometheus",
        "/x/;/actuator/prometheus"
      })
  void metrics_are_told_to_administrators_only(String path) {
    assertThat(api.to(path).get().status()).isIn(400, 401);
    assertThat(api.to(path).as(gull()).get().status()).isIn(400, 403);
  }

  @Test
  void metrics_are_told_to_administrators() {
    assertThat(api.to("/actuator/prometheus").as(admin()).get().status()).isEqualTo(200);
    assertThat(api.to("/actuator/health").get().status()).as("health, to everybody").isEqualTo(200);
  }

  @Test
  void versions_are_told_to_everybody() {
    assertThat(api.to("/identity").get().status()).isEqualTo(300);
    JsonNode version = api.to("/identity/v3").get().json().path("version");
    assertThat(version.path("links").get(0).path("href").asString())
        .isEqualTo(api.base() + "/identity/v3/");
    assertThat(api.to("/v2.1/servers").get().header("WWW-Authenticate"))
        .isEqualTo("Keystone uri=\"" + api.base() + "/identity/v3\"");
  }

  @Test
  void whoever_is_not_who_they_say_learns_only_that() {
    String same =
        "{\"error\":{\"code\":401,\"message\":\"The request you have made requires"
            + " authentication.\",\"title\":\"Unauthorized\"}}";
    assertThat(password("gull", "gull", scope("sea")).text()).isEqualTo(same);
    assertThat(password("nobody", "gulls", scope("sea")).text()).isEqualTo(same);
    assertThat(password("gull", "gulls", scope("admin")).text()).isEqualTo(same);
    assertThat(password("gull", "gulls", scope("ocean")).text()).isEqualTo(same);
    assertThat(servers("tern.made-up")).isEqualTo(401);
  }

  @Test
  void too_many_wrong_passwords_close_the_door_for_a_while_also_to_the_right_one() {
    for (int i = 0; i < 3; i++) {
      assertThat(password("duck", "wrong", "").status()).isEqualTo(401);
    }
    TestApi.Answer answer = password("duck", "all of it", "");
    assertThat(answer.status()).isEqualTo(429);
    assertThat(answer.header("Retry-After")).isEqualTo("300");
    assertThat(password("gull", "gulls", "").status()).as("others").isEqualTo(201);
    api.time.pass(Duration.ofMinutes(5));
    assertThat(password("duck", "all of it", "").status()).isEqualTo(201);
    for (int i = 0; i < 5; i++) {
      assertThat(password("duck", "all of it", "").status()).as("right ones").isEqualTo(201);
    }
  }

  @Test
  void tokens_end_in_time() {
    String token = gull();
    api.time.pass(Duration.ofHours(4).minusSeconds(1));
    assertThat(servers(token)).isEqualTo(200);
    api.time.pass(Duration.ofSeconds(1));
    assertThat(servers(token)).isEqualTo(401);
  }

  @Test
  void a_revoked_token_is_none_at_once() {
    String token = gull();
    assertThat(api.to(TOKENS).as(token).header("X-Subject-Token", token).delete().status())
        .isEqualTo(204);
    assertThat(servers(token)).isEqualTo(401);
    assertThat(api.to(TOKENS).as(admin()).header("X-Subject-Token", token).get().status())
        .isEqualTo(404);
  }

  @Test
  void another_password_ends_the_tokens_of_the_old_one() throws IOException {
    String token = gull();
    write("terns", "2099-01-01T00:00:00Z");
    api.time.pass(Duration.ofSeconds(6));
    assertThat(servers(token)).isEqualTo(401);
    assertThat(password("gull", "terns", scope("sea")).status()).isEqualTo(201);
  }

  @Test
  void a_file_that_cannot_be_read_any_more_changes_nothing() throws IOException {
    String token = gull();
    Files.writeString(users, "users: [");
    api.time.pass(Duration.ofSeconds(6));
    assertThat(servers(token)).isEqualTo(200);
  }

  @Test
  void tokens_are_looked_at_by_their_owner_and_by_administrators() {
    String token = gull();
    TestApi.Answer own = api.to(TOKENS).as(token).header("X-Subject-Token", token).get();
    assertThat(own.status()).isEqualTo(200);
    assertThat(own.header("X-Subject-Token")).isEqualTo(token);
    assertThat(own.json().path("token").path("user").path("name").asString()).isEqualTo("gull");
    assertThat(api.to(TOKENS).as(admin()).header("X-Subject-Token", token).get().status())
        .isEqualTo(200);
    String duck = token("duck", "all of it", "lake");
    assertThat(api.to(TOKENS).as(duck).header("X-Subject-Token", token).get().status())
        .isEqualTo(403);
    assertThat(api.to(TOKENS).as(token).get().status()).isEqualTo(400);
    assertThat(api.to(TOKENS).header("X-Subject-Token", token).get().status()).isEqualTo(401);
  }

  @Test
  void an_unscoped_token_finds_projects_and_becomes_one_of_a_project() {
    String unscoped = password("gull", "gulls", "").header("X-Subject-Token");
    assertThat(servers(unscoped)).isEqualTo(403);
    JsonNode projects = api.to("/identity/v3/auth/projects").as(unscoped).get().json();
    assertThat(projects.path("projects").findValuesAsString("name")).containsExactly("sea", "lake");
    TestApi.Answer scoped =
        api.to(TOKENS)
            .post(
                """
                {"auth": {"identity": {"methods": ["token"], "token": {"id": "%s"}},
                  "scope": {"project": {"id": "%s"}}}}
                """
                    .formatted(unscoped, SEA));
    assertThat(scoped.status()).isEqualTo(201);
    assertThat(scoped.json().path("token").path("audit_ids")).hasSize(2);
    assertThat(servers(scoped.header("X-Subject-Token"))).isEqualTo(200);
    assertThat(
            password("duck", "all of it", "")
                .json()
                .path("token")
                .path("project")
                .path("name")
                .asString())
        .as("default project")
        .isEqualTo("lake");
    assertThat(
            password("duck", "all of it", ", \"scope\": \"unscoped\"")
                .json()
                .path("token")
                .has("project"))
        .isFalse();
  }

  private TestApi.Answer credential(String secret) {
    return api.to(TOKENS)
        .post(
            """
            {"auth": {"identity": {"methods": ["application_credential"],
              "application_credential": {"id": "c0ffee", "secret": "%s"}}}}
            """
                .formatted(secret));
  }

  @Test
  void an_application_credential_is_its_user_in_one_project_with_fewer_roles() throws IOException {
    TestApi.Answer answer = credential("half of it");
    assertThat(answer.json().path("token").path("roles").findValuesAsString("name"))
        .containsExactly("reader");
    String token = answer.header("X-Subject-Token");
    assertThat(servers(token)).isEqualTo(200);
    assertThat(api.to("/v2.1/servers/" + SERVER).as(token).delete().status()).isEqualTo(403);
    assertThat(
            api.to(TOKENS)
                .post(
                    """
                    {"auth": {"identity": {"methods": ["token"], "token": {"id": "%s"}},
                      "scope": {"project": {"name": "lake", "domain": {"id": "default"}}}}}
                    """
                        .formatted(token))
                .status())
        .isEqualTo(401);
    assertThat(credential("gulls").status()).isEqualTo(401);
    write("gulls", api.time.instant().plusSeconds(60).toString());
    api.time.pass(Duration.ofSeconds(10));
    assertThat(servers(token)).isEqualTo(200);
    api.time.pass(Duration.ofSeconds(60));
    assertThat(servers(token)).isEqualTo(401);
    assertThat(credential("half of it").status()).isEqualTo(401);
  }

  @Test
  void people_and_projects_are_shown_to_whom_they_concern() {
    String gull = gull();
    String id =
        api.to(TOKENS)
            .as(gull)
            .header("X-Subject-Token", gull)
            .get()
            .json()
            .path("token")
            .path("user")
            .path("id")
            .asString();
    for (String path :
        List.of(
            "/users/" + id,
            "/users/" + id + "/projects",
            "/projects/" + SEA,
            "/domains/default",
            "/auth/catalog",
            "/auth/domains",
            "/auth/system")) {
      assertThat(api.to("/identity/v3" + path).as(gull).get().status()).as(path).isEqualTo(200);
    }
    for (String path :
        List.of("/users", "/projects", "/roles", "/domains", "/users/1", "/projects/admin")) {
      assertThat(api.to("/identity/v3" + path).as(gull).get().status()).as(path).isEqualTo(403);
      assertThat(api.to("/identity/v3" + path).as(admin()).get().status()).as(path).isIn(200, 404);
      assertThat(api.to("/identity/v3" + path).get().status()).as(path).isEqualTo(401);
    }
    assertThat(api.to("/identity/v3/projects?name=sea").as(admin()).get().json().path("projects"))
        .hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "{\"auth\": 1}",
        "{\"auth\": {\"identity\": {}}}",
        "{\"auth\": {\"identity\": {\"methods\": \"password\"}}}",
        "{\"auth\": {\"identity\": {\"methods\": []}}}",
        "{\"auth\": {\"identity\": {\"methods\": [1]}}}",
        "{\"auth\": {\"identity\": {\"methods\": [\"password\"]}}}",
        "{\"auth\": {\"identity\": {\"methods\": [\"password\"], \"password\": {\"user\": {}}}}}",
        "{\"auth\": {\"identity\": {\"methods\": [\"password\"], \"password\": {\"user\": {\"name\": \"a\", \"password\": \"b\"}}}}}",
        "{\"auth\": {\"identity\": {\"methods\": [\"password\"], \"password\": {\"user\": {\"id\": \"a\", \"password\": 1}}}}}",
        "{\"auth\": {\"identity\": {\"methods\": [\"token\"], \"token\": {}}}}",
        "{\"auth\": {\"identity\": {\"methods\": [\"token\"], \"token\": {\"id\": \"x\"}}, \"scope\": []}}",
        "{\"auth\": {\"identity\": {\"methods\": [\"token\"], \"token\": {\"id\": \"x\"}}, \"scope\": {\"sea\": {}}}}",
        "{\"auth\": {\"identity\": {\"methods\": [\"token\"], \"token\": {\"id\": \"x\"}}, \"scope\": {\"project\": {}}}}",
        "{\"auth\": {\"identity\": {\"methods\": [\"token\"], \"token\": {\"id\": \"x\"}}, \"scope\": {\"project\": {\"id\": \"x\"}, \"domain\": {}}}}",
        "not json"
      })
  void a_login_of_another_shape_is_400_in_keystones_form(String body) {
    TestApi.Answer answer = api.to(TOKENS).post(body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(400);
    assertThat(answer.json().path("error").path("code").asInt()).isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"auth\": {\"identity\": {\"methods\": [\"saml2\"], \"saml2\": {}}}}",
        "{\"auth\": {\"identity\": {\"methods\": [\"password\", \"totp\"]}}}",
        "{\"auth\": {\"identity\": {\"methods\": [\"token\"], \"token\": {\"id\": \"x\"}}, \"scope\": {\"system\": {\"all\": true}}}}",
        "{\"auth\": {\"identity\": {\"methods\": [\"token\"], \"token\": {\"id\": \"x\"}}, \"scope\": {\"domain\": {\"id\": \"default\"}}}}"
      })
  void what_is_not_offered_is_401(String body) {
    assertThat(api.to(TOKENS).post(body).status()).isEqualTo(401);
  }

  @Test
  void a_login_is_nobodys_to_repeat() {
    assertThat(
            api.to(TOKENS)
                .header("Idempotency-Key", "k")
                .post("{\"auth\": {\"identity\": {\"methods\": [\"password\"]}}}")
                .json()
                .path("error")
                .path("message")
                .asString())
        .startsWith("A login takes no Idempotency-Key");
  }

  @Test
  void hostile_logins_are_refused() {
    assertThat(api.to(TOKENS).post("[".repeat(10_000)).status()).isEqualTo(400);
    assertThat(password("gull", "x".repeat(2_000), "").status()).isEqualTo(400);
    assertThat(password("gu\\u0000ll", "x", "").status()).isEqualTo(400);
    assertThat(api.to(TOKENS).post("{\"a\": \"" + "x".repeat(300_000) + "\"}").status())
        .isEqualTo(413);
    assertThat(api.to("/identity/v3/nothing").as(gull()).get().status()).isEqualTo(404);
    assertThat(api.to(TOKENS).put("{}").status()).isEqualTo(405);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "users: [",
        "[]",
        "{}",
        "users: [{name: a, password: secret}]",
        "users: [{name: a, password: 'pbkdf2-sha512:9999:00:00'}]",
        "users: [{name: a}]",
        "unknown: 1",
        "projects: [{name: p}, {name: p}]"
      })
  void a_file_of_another_shape_stops_the_start_without_being_repeated(String text)
      throws IOException {
    Path bad = Files.writeString(folder.resolve("bad.yaml"), text);
    assertThatThrownBy(() ->
            new TestApi(
                    folder.resolve("images"),
                    "--tern.api.auth=embedded",
                    "--tern.api.identity.users-file=" + bad)
                .close())
        .hasStackTraceContaining("tern.api.identity.users-file " + bad)
        .satisfies(e -> assertThat(e.toString()).doesNotContain("secret"));
  }

  @Test
  void on_a_machine_of_ones_own_who_comes_without_a_token_is_the_administrator() {
    try (TestApi open =
        new TestApi(
            folder.resolve("images"),
            "--tern.api.auth=embedded",
            "--tern.api.identity.users-file=" + users,
            "--tern.api.identity.token-optional=true")) {
      assertThat(open.to("/v2.1/os-hypervisors").get().status()).isEqualTo(200);
      assertThat(open.to("/v2.1/os-hypervisors").as("notused").get().status()).isEqualTo(200);
      assertThat(open.to("/v2.1/os-hypervisors").as("admin:admin").get().status()).isEqualTo(401);
      assertThat(open.to("/identity/v3/projects").get().status()).isEqualTo(401);
      assertThat(open.to("/v2.1/servers").header("Origin", "http://evil.example").get().status())
          .isEqualTo(403);
    }
    assertThatThrownBy(() ->
            new TestApi(
                    folder.resolve("images"),
                    "--server.address=0.0.0.0",
                    "--tern.api.auth=embedded",
                    "--tern.api.identity.users-file=" + users,
                    "--tern.api.identity.token-optional=true")
                .close())
        .hasStackTraceContaining("The API has no authentication");
  }

  @Test
  void a_project_that_asks_too_much_waits_and_others_do_not() {
    try (TestApi limited =
        new TestApi(
            folder.resolve("images"),
            "--tern.api.rate-limit.per-second=2",
            "--tern.api.rate-limit.burst=3")) {
      for (int i = 0; i < 3; i++) {
        assertThat(limited.to("/v2.1/flavors").as("gull:sea").get().status()).isEqualTo(200);
      }
      TestApi.Answer answer = limited.to("/v2.1/flavors").as("duck:sea").get();
      assertThat(answer.fault()).startsWith("429 overLimit: ");
      assertThat(answer.header("Retry-After")).isEqualTo("1");
      assertThat(limited.to("/v2.1/flavors").as("duck:lake").get().status()).isEqualTo(200);
      assertThat(limited.to("/v2.1").get().status()).as("versions").isEqualTo(200);
      limited.time.pass(Duration.ofSeconds(1));
      assertThat(limited.to("/v2.1/flavors").as("gull:sea").get().status()).isEqualTo(200);
      assertThat(limited.to("/v2.1/flavors").as("gull:sea").get().status()).isEqualTo(200);
      assertThat(limited.to("/v2.1/flavors").as("gull:sea").get().status()).isEqualTo(429);
    }
  }
}
