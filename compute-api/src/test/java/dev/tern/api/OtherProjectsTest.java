package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ServerId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a path names of another project, a tenant learns nothing of it. */
@DisplayName("Another project's things")
@Tag("S150")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OtherProjectsTest {
  private static final ServerId THEIRS = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String UNKNOWN = "99999999-9999-4999-8999-999999999999";
  private static final String MANAGER = "manager:sea";

  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void their_server() {
    api.reset();
    api.conductors.boots(THEIRS, "lake", "host1");
  }

  /** Each variable of a path that is not the server's. */
  private static String filled(String path, String server) {
    return path.replaceFirst("\\{[^}]*}", server).replaceAll("\\{[^}]*}", "1");
  }

  private TestApi.Answer send(String method, String path, String body) {
    TestApi.Call call = api.to(path).as(MANAGER).version(path.contains("tags") ? "2.26" : "2.80");
    return switch (method) {
      case "GET" -> call.get();
      case "DELETE" -> call.delete();
      default -> call.method(method, body);
    };
  }

  /** The same but for the id that was asked for. */
  private static String shape(TestApi.Answer answer, String id) {
    return answer.status() + " " + answer.text().replace(id, "ID");
  }

  @Test
  void are_answered_on_every_path_as_if_they_did_not_exist() {
    List<String> told = new ArrayList<>();
    int looked = 0;
    for (String route : api.routes()) {
      String method = route.substring(0, route.indexOf(' '));
      String path = route.substring(route.indexOf(' ') + 1);
      if (!path.contains("/servers/{")) {
        continue;
      }
      for (String body : bodies(path)) {
        looked++;
        TestApi.Answer theirs = send(method, filled(path, THEIRS.toString()), body);
        TestApi.Answer nobodys = send(method, filled(path, UNKNOWN), body);
        String one = shape(theirs, THEIRS.toString());
        if (theirs.status() < 400 || !one.equals(shape(nobodys, UNKNOWN))) {
          told.add(route + " " + body + ": " + one);
        }
      }
    }
    assertThat(told).isEmpty();
    assertThat(looked).isGreaterThan(30);
  }

  private static List<String> bodies(String path) {
    return path.endsWith("/servers/{id}/action")
        ? List.of(
            "{\"os-start\": null}",
            "{\"os-stop\": null}",
            "{\"os-getConsoleOutput\": {}}",
            "{\"createImage\": {\"name\": \"x\"}}",
            "{\"os-migrateLive\": {\"host\": null, \"block_migration\": \"auto\"}}")
        : List.of("{}");
  }

  @Test
  void are_refused_where_the_path_or_the_query_names_whose_they_are() {
    for (String path :
        List.of(
            "/v2.1/os-quota-sets/lake",
            "/v2.1/os-quota-sets/lake/detail",
            "/v2.1/os-simple-tenant-usage/lake",
            "/v2.1/limits?tenant_id=lake",
            "/v2.1/os-keypairs?user_id=gull")) {
      TestApi.Answer answer = api.to(path).as("duck:sea").version("2.80").get();
      assertThat(answer.status()).as(path).isEqualTo(403);
    }
    String group = "{\"server_group\": {\"name\": \"g\", \"policy\": \"affinity\"}}";
    String id =
        api.to("/v2.1/os-server-groups")
            .as("gull:lake")
            .version("2.80")
            .post(group)
            .json()
            .at("/server_group/id")
            .stringValue();
    String path = "/v2.1/os-server-groups/" + id;
    assertThat(api.to(path).as("duck:sea").get().status()).isEqualTo(404);
    assertThat(api.to(path).as("duck:sea").delete().status()).isEqualTo(404);
    assertThat(api.to(path).as("gull:lake").get().status()).isEqualTo(200);
  }

  @Test
  void are_in_no_list() {
    for (String path :
        List.of(
            "/v2.1/servers",
            "/v2.1/servers/detail",
            "/v2.1/servers/detail?deleted=true",
            "/v2.1/servers?project_id=lake",
            "/v2.1/os-migrations?project_id=sea",
            "/image/v2/images?owner=lake")) {
      TestApi.Answer answer = api.to(path).as(MANAGER).version("2.80").get();
      assertThat(answer.text()).as(path).doesNotContain(THEIRS.toString()).doesNotContain("lake");
    }
  }

  @Test
  void are_deleted_by_an_administrator_only_as_far_as_a_policy_file_goes(@TempDir Path folder)
      throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("policy.yaml"),
            """
            "os_compute_api:servers:delete": "role:member and project_id:%(project_id)s"
            "os_compute_api:os-hypervisors:list": "@"
            """);
    try (TestApi strict = new TestApi(folder, "--tern.api.policy-file=" + file)) {
      strict.conductors.boots(THEIRS, "lake", "host1");
      assertThat(strict.to("/v2.1/servers/" + THEIRS).delete().fault())
          .isEqualTo(
              "403 forbidden: Policy doesn't allow os_compute_api:servers:delete to be performed.");
      assertThat(strict.to("/v2.1/os-hypervisors").as("gull:sea").get().status()).isEqualTo(200);
      assertThat(strict.to("/v2.1/servers/" + THEIRS).as("duck:lake").delete().status())
          .isEqualTo(204);
    }
    Files.writeString(file, "\"os_compute_api:servers:delet\": \"@\"");
    assertThatThrownBy(() -> new TestApi(folder, "--tern.api.policy-file=" + file).close())
        .hasStackTraceContaining(
            "tern.api.policy-file "
                + file
                + ": the rule 'os_compute_api:servers:delet' is unknown");
  }
}
