package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
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

@DisplayName("A quota")
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QuotasTest {
  private static final String DEMO = "/v2.1/os-quota-sets/demo";
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
  void reset() {
    api.reset();
  }

  private TestApi.Answer set(String limits) {
    return api.to(DEMO).version("2.57").put("{\"quota_set\": {%s}}".formatted(limits));
  }

  private TestApi.Answer boot(String more) {
    return api.to("/v2.1/servers")
        .as("u:demo")
        .post(
            "{\"server\": {\"name\": \"n\", \"flavorRef\": \"tiny\", \"imageRef\": \"%s\"%s}}"
                .formatted(Samples.IMAGE, more));
  }

  @Test
  void stops_a_create_in_novas_words_and_nothing_is_made() {
    TestApi.Answer answer = set("\"instances\": 2, \"ram\": \"-1\"");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.json().at("/quota_set/instances").intValue()).isEqualTo(2);
    assertThat(answer.json().at("/quota_set").has("id")).isFalse();
    assertThat(boot(", \"min_count\": 3").fault())
        .isEqualTo(
            "403 forbidden: Quota exceeded for instances: Requested 3, but already used 0 of 2 instances");
    assertThat(api.stores.rows().get("servers")).isZero();
    assertThat(boot("").status()).isEqualTo(202);
    assertThat(boot(", \"min_count\": 1, \"max_count\": 5").status()).isEqualTo(202);
    assertThat(api.stores.rows().get("servers")).isEqualTo(2);
    JsonNode limits = api.to("/v2.1/limits").as("u:demo").get().json().at("/limits/absolute");
    assertThat(limits.get("maxTotalInstances").intValue()).isEqualTo(2);
    assertThat(limits.get("totalInstancesUsed").intValue()).isEqualTo(2);
    assertThat(api.to(DEMO + "/detail").version("2.57").get().json().at("/quota_set/instances"))
        .hasToString("{\"limit\":2,\"in_use\":2,\"reserved\":0}");
  }

  @Test
  void is_not_set_below_what_is_used_unless_forced() {
    assertThat(boot("").status()).isEqualTo(202);
    assertThat(set("\"instances\": 0").fault())
        .isEqualTo(
            "400 badRequest: Quota limit 0 for instances must be greater than or equal to already used and reserved 1.");
    assertThat(set("\"instances\": 0, \"force\": true").status()).isEqualTo(200);
    assertThat(api.to(DEMO).delete().status()).isEqualTo(202);
    assertThat(api.to(DEMO).get().json().at("/quota_set/instances").intValue()).isEqualTo(-1);
  }

  @Test
  void of_the_default_class_holds_for_every_project_without_its_own() {
    TestApi.Answer answer =
        api.to("/v2.1/os-quota-class-sets/default")
            .version("2.57")
            .put("{\"quota_class_set\": {\"cores\": 7, \"metadata_items\": 1}}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(api.to(DEMO).get().json().at("/quota_set/cores").intValue()).isEqualTo(7);
    assertThat(
            api.to(DEMO + "/defaults").as("u:demo").get().json().at("/quota_set/cores").intValue())
        .isEqualTo(7);
    assertThat(boot(", \"metadata\": {\"a\": \"1\", \"b\": \"2\"}").fault())
        .isEqualTo("403 forbidden: Maximum number of metadata items exceeds 1");
  }

  @Test
  void is_its_projects_to_read_and_an_administrators_to_change() {
    assertThat(api.to(DEMO).as("u:demo").get().status()).isEqualTo(200);
    assertThat(api.to(DEMO).as("u:other").get().fault())
        .contains("403 forbidden")
        .contains("os-quota-sets:show");
    assertThat(api.to(DEMO).as("u:demo").put("{\"quota_set\": {\"cores\": 1}}").status())
        .isEqualTo(403);
    assertThat(api.to(DEMO).as("u:demo").delete().status()).isEqualTo(403);
    assertThat(api.to("/v2.1/os-quota-class-sets/default").as("u:demo").get().status())
        .isEqualTo(403);
    assertThat(api.to("/v2.1/limits?tenant_id=demo").as("u:other").get().status()).isEqualTo(403);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "2.57 | \"cores\": -2 | cores",
        "2.57 | \"cores\": \"many\" | cores",
        "2.57 | \"injected_files\": 1 | 'injected_files' was unexpected",
        "2.36 | \"floating_ips\": 1 | 'floating_ips' was unexpected",
        "2.57 | \"colour\": 1 | 'colour' was unexpected"
      })
  void that_cannot_be_is_refused(String version, String field, String message) {
    assertThat(api.to(DEMO).version(version).put("{\"quota_set\": {%s}}".formatted(field)).fault())
        .startsWith("400 badRequest: ")
        .contains(message);
  }
}
