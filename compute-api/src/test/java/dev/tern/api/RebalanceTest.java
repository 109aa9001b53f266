package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

@DisplayName("/v1/rebalance and /v1/hosts/{host}/relieve")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RebalanceTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String RELIEVE = "/v1/hosts/host1/relieve";

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
  void a_server_on_a_host() {
    api.reset();
    api.conductors.boots(SERVER, "demo", "host1");
    api.conductors.reports("host2");
  }

  private JsonNode job(String path, String body) {
    TestApi.Answer answer = api.to(path).post(body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    return answer.json().get("drain");
  }

  @Test
  @Tag("S140")
  void evens_out_by_one_job_however_often_it_is_asked_for() {
    JsonNode job =
        job(
            "/v1/rebalance",
            "{\"moves\": 3, \"imbalance\": 0.1, \"hosts\": [\"host1\", \"host2\"],"
                + " \"limits\": {\"out\": 1}}");
    assertThat(job.get("purpose").stringValue()).isEqualTo("rebalance");
    assertThat(job.get("host").stringValue()).as("the fullest one").isEqualTo("host1");
    assertThat(job.get("goal").get("moves").intValue()).isEqualTo(3);
    assertThat(job.get("goal").get("imbalance").doubleValue()).isEqualTo(0.1);
    assertThat(job.get("targets")).hasSize(2);
    assertThat(job("/v1/rebalance", "{}").get("id")).isEqualTo(job.get("id"));
    String path = "/v1/drains/" + job.get("id").stringValue();
    assertThat(api.to(path).get().json().get("drain").get("purpose").stringValue())
        .isEqualTo("rebalance");
    assertThat(api.to(path).method("PATCH", "{\"limits\": {\"out\": 2}}").status()).isEqualTo(202);
    assertThat(api.to(path).get().json().get("drain").get("goal")).isEqualTo(job.get("goal"));
    assertThat(api.to(path).method("PATCH", "{\"order\": \"smallest\"}").status()).isEqualTo(400);
    assertThat(api.to(path + "/cancel").post("").status()).isEqualTo(202);
    assertThat(api.to(path + "/return").post("").status()).isEqualTo(409);
  }

  @Test
  @Tag("S139")
  void relieves_a_host_by_one_job_and_does_not_close_it() {
    JsonNode job = job(RELIEVE, "{\"below\": {\"memory\": 0.8, \"vcpus\": 1.5}}");
    assertThat(job.get("purpose").stringValue()).isEqualTo("relieve");
    assertThat(job.get("goal").get("memory").doubleValue()).isEqualTo(0.8);
    assertThat(job.get("goal").get("vcpus").doubleValue()).isEqualTo(1.5);
    assertThat(job(RELIEVE, "{\"below\": {\"memory\": 0.7}}").get("id")).isEqualTo(job.get("id"));
    assertThat(api.to("/v1/drains").post("{\"host\": \"host1\"}").status()).isEqualTo(409);
    assertThat(job("/v1/rebalance", "{}").get("id")).isNotEqualTo(job.get("id"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/hosts/host1/relieve | {} | below",
        "/v1/hosts/host1/relieve | {\"below\": {}} | Name memory or vcpus",
        "/v1/hosts/host1/relieve | {\"below\": {\"memory\": \"much\"}} | memory",
        "/v1/hosts/host1/relieve | {\"below\": {\"memory\": -1}} | fraction",
        "/v1/hosts/host1/relieve | {\"below\": {\"disk\": 1}} | disk",
        "/v1/hosts/host1/relieve | {\"below\": {\"memory\": 0.8}, \"targets\": [\"host1\"]} | It is the host",
        "/v1/hosts/host1/relieve | {\"below\": {\"memory\": 0.8}, \"targets\": [\"host9\"]} | host9",
        "/v1/hosts/nowhere/relieve | {\"below\": {\"memory\": 0.8}} | nowhere",
        "/v1/rebalance | {\"moves\": 0} | moves",
        "/v1/rebalance | {\"hosts\": [\"nowhere\"]} | nowhere",
        "/v1/rebalance | {\"deadline\": null} | deadline"
      })
  void refuses_what_it_cannot_do(String path, String body, String cause) {
    TestApi.Answer answer = api.to(path).post(body);
    assertThat(answer.status()).as(answer.text()).isIn(400, 404);
    assertThat(answer.text()).contains(cause);
    assertThat(api.to("/v1/drains").get().json().get("drains")).isEmpty();
  }
}
