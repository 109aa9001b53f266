package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("The audit trail")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AuditTrailTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");

  @TempDir static Path folder;
  private TestApi api;

  @BeforeAll
  void start() {
    api = new TestApi(folder);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void afresh() {
    api.reset();
    api.conductors.boots(SERVER, "sea", "host1");
  }

  private JsonNode trail(String query) {
    TestApi.Answer answer = api.to("/v1/audit-trail" + query).get();
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json();
  }

  private List<JsonNode> entries(String query) {
    return List.copyOf(trail(query).path("audit_trail").values());
  }

  @Test
  void says_who_asked_for_what_and_how_it_was_answered() {
    TestApi.Answer stop =
        api.to("/v2.1/servers/" + SERVER + "/action").as("gull:sea").post("{\"os-stop\": null}");
    TestApi.Answer again =
        api.to("/v2.1/servers/" + SERVER + "/action").as("gull:sea").post("{\"os-stop\": null}");

    List<JsonNode> all = entries("?target=" + SERVER);

    assertThat(all).hasSize(2);
    assertThat(all.get(1).path("status").asInt()).isEqualTo(stop.status()).isEqualTo(202);
    assertThat(all.get(0).path("status").asInt()).isEqualTo(again.status()).isEqualTo(409);
    JsonNode first = all.get(1);
    assertThat(first.path("user_id").asString()).isEqualTo("gull");
    assertThat(first.path("project_id").asString()).isEqualTo("sea");
    assertThat(first.path("roles").toString()).contains("member");
    assertThat(first.path("method").asString()).isEqualTo("POST");
    assertThat(first.path("action").asString()).isEqualTo("os-stop");
    assertThat(first.path("path").asString()).isEqualTo("/v2.1/servers/" + SERVER + "/action");
    assertThat(first.path("client").asString()).isEqualTo("127.0.0.1");
    assertThat(first.path("request_id").asString()).isEqualTo(stop.header("X-Compute-Request-Id"));
    assertThat("req-" + first.path("trace_id").asString())
        .isEqualTo(stop.header("X-Compute-Request-Id").replaceAll("(?<=.{4})-", ""));
    assertThat(entries("?target=" + SERVER + "&refused=true")).hasSize(1);
    assertThat(entries("?request_id=" + first.path("request_id").asString())).hasSize(1);
  }

  @Test
  void has_what_was_refused_to_who_may_not() {
    api.to("/v1/drains").as("gull:sea").post("{\"host\": \"host1\"}");

    JsonNode newest = entries("?limit=1").getFirst();

    assertThat(newest.path("status").asInt()).isEqualTo(403);
    assertThat(newest.path("user_id").asString()).isEqualTo("gull");
    assertThat(newest.path("path").asString()).isEqualTo("/v1/drains");
  }

  @Test
  void has_nothing_of_who_only_looks_and_nothing_of_what_bodies_hold() {
    int before = entries("").size();
    api.to("/v2.1/servers").get();
    assertThat(entries("")).hasSize(before);

    api.to("/v2.1/os-keypairs")
        .post("{\"keypair\": {\"name\": \"HUSH\", \"public_key\": \"HUSH\"}}");

    assertThat(entries("")).hasSize(before + 1);
    assertThat(trail("").toString()).doesNotContain("HUSH");
  }

  @Test
  void is_read_page_by_page_and_by_administrators_only() {
    for (int i = 0; i < 3; i++) {
      api.to("/v2.1/servers/" + SERVER + "/action").post("{\"os-stop\": null}");
    }
    JsonNode page = trail("?limit=2&target=" + SERVER);
    assertThat(page.path("audit_trail").size()).isEqualTo(2);
    String next = page.path("audit_trail_links").get(0).path("href").asString();
    assertThat(api.to(next.substring(next.indexOf("/v1/"))).get().json().path("audit_trail").size())
        .isOne();
    assertThat(api.to("/v1/audit-trail").as("gull:sea").get().status()).isEqualTo(403);
    assertThat(api.to("/v1/audit-trail?since=yesterday").get().status()).isEqualTo(400);
    assertThat(api.to("/v1/audit-trail?color=red").get().status()).isEqualTo(400);
    assertThat(api.to("/v1/audit-trail?marker=x").get().status()).isEqualTo(400);
  }
}
