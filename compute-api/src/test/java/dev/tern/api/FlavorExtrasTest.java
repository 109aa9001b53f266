package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import java.nio.file.Path;
import java.util.Map;
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

@DisplayName("A flavor's extra specs and access")
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FlavorExtrasTest {
  private static final String TINY = "/v2.1/flavors/tiny";
  private static final String SPECS = TINY + "/os-extra_specs";
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

  @Test
  void are_added_changed_and_removed() {
    TestApi.Answer added = api.to(SPECS).post("{\"extra_specs\": {\"a\": \"1\", \"b\": 2}}");
    assertThat(added.status()).as(added.text()).isEqualTo(200);
    assertThat(api.stores.flavors().find("tiny").orElseThrow().extraSpecs())
        .isEqualTo(Map.of("hw:tern", "1", "a", "1", "b", "2"));
    assertThat(api.to(SPECS + "/a").put("{\"a\": \"3\"}").text()).isEqualTo("{\"a\":\"3\"}");
    assertThat(api.to(SPECS + "/a").as("u:demo").get().text()).isEqualTo("{\"a\":\"3\"}");
    assertThat(api.to(SPECS + "/a").put("{\"b\": \"3\"}").fault())
        .isEqualTo("400 badRequest: Request body and URI mismatch");
    assertThat(api.to(SPECS + "/a").delete().status()).isEqualTo(200);
    assertThat(api.to(SPECS + "/a").delete().fault())
        .isEqualTo("404 itemNotFound: Flavor tiny has no extra specs with key a.");
    assertThat(api.to("/v2.1/flavors/none/os-extra_specs/a").put("{\"a\": \"\"}").status())
        .isEqualTo(404);
    assertThat(api.to(SPECS).as("u:demo").post("{\"extra_specs\": {}}").status()).isEqualTo(403);
    assertThat(api.to(SPECS + "/b").as("u:demo").delete().status()).isEqualTo(403);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "2.1  | a/b                  | x     | field/attribute a/b",
        "2.86 | hw:colour            | red   | extra spec 'hw:colour' does not appear to be a valid extra spec",
        "2.86 | hw:cpu_policy        | many  | 'many' is not a valid value for extra spec 'hw:cpu_policy'",
        "2.86 | tern:disk_format     | vmdk  | 'vmdk' is not a valid value for extra spec 'tern:disk_format'"
      })
  void that_cannot_be_are_refused(String version, String key, String value, String message) {
    assertThat(
            api.to(SPECS)
                .version(version)
                .post("{\"extra_specs\": {\"%s\": \"%s\"}}".formatted(key, value))
                .fault())
        .startsWith("400 badRequest: ")
        .contains(message);
    assertThat(api.stores.flavors().find("tiny").orElseThrow().extraSpecs()).hasSize(1);
  }

  @Test
  void are_not_checked_before_2_86_and_operators_own_never() {
    assertThat(api.to(SPECS).version("2.85").post("{\"extra_specs\": {\"hw:x\": \"1\"}}").status())
        .isEqualTo(200);
    assertThat(api.to(SPECS).version("2.86").post("{\"extra_specs\": {\"my:x\": \"1\"}}").status())
        .isEqualTo(200);
  }

  @Test
  void come_with_a_description_since_2_55() {
    String body = "{\"flavor\": {\"description\": %s}}";
    assertThat(
            api.to(TINY)
                .version("2.55")
                .put(body.formatted("\"new\""))
                .json()
                .at("/flavor/description")
                .stringValue())
        .isEqualTo("new");
    assertThat(
            api.to(TINY)
                .version("2.55")
                .put(body.formatted("null"))
                .json()
                .at("/flavor")
                .toString())
        .contains("\"description\":null");
    assertThat(api.to(TINY).version("2.54").put(body.formatted("null")).status()).isEqualTo(404);
    assertThat(api.to(TINY).version("2.55").put("{\"flavor\": {}}").status()).isEqualTo(400);
  }

  @Test
  void is_given_to_projects_and_taken_away() {
    assertThat(
            api.to("/v2.1/flavors")
                .post(
                    "{\"flavor\": {\"id\": \"own\", \"name\": \"own\", \"ram\": 64, \"vcpus\": 1, \"disk\": 1, \"os-flavor-access:is_public\": false}}")
                .status())
        .isEqualTo(200);
    String own = "/v2.1/flavors/own";
    assertThat(api.to(own + "/os-flavor-access").get().json().path("flavor_access").size())
        .as("nobody has it yet, who made it neither")
        .isZero();
    assertThat(api.to(own).as("u:demo").get().status()).isEqualTo(404);
    TestApi.Answer added =
        api.to(own + "/action").post("{\"addTenantAccess\": {\"tenant\": \"demo\"}}");
    assertThat(added.text())
        .isEqualTo("{\"flavor_access\":[{\"flavor_id\":\"own\",\"tenant_id\":\"demo\"}]}");
    assertThat(api.to(own).as("u:demo").get().status()).isEqualTo(200);
    assertThat(api.to("/v2.1/flavors").as("u:demo").get().text()).contains("\"own\"");
    assertThat(api.to("/v2.1/flavors").as("u:other").get().text()).doesNotContain("\"own\"");
    assertThat(
            api.to("/v2.1/servers")
                .as("u:demo")
                .post(
                    "{\"server\": {\"name\": \"n\", \"flavorRef\": \"own\", \"imageRef\": \"%s\"}}"
                        .formatted(Samples.IMAGE))
                .status())
        .isEqualTo(202);
    assertThat(
            api.to(own + "/action").post("{\"addTenantAccess\": {\"tenant\": \"demo\"}}").fault())
        .isEqualTo(
            "409 conflictingRequest: Flavor access already exists for flavor own and project demo combination.");
    String remove = "{\"removeTenantAccess\": {\"tenant\": \"demo\"}}";
    assertThat(api.to(own + "/action").post(remove).status()).isEqualTo(200);
    assertThat(api.to(own + "/action").post(remove).fault())
        .isEqualTo("404 itemNotFound: Flavor access not found for own / demo combination.");
    assertThat(api.to(own).as("u:demo").get().status()).isEqualTo(404);
    assertThat(api.to(TINY + "/os-flavor-access").get().fault())
        .isEqualTo("404 itemNotFound: Access list not available for public flavors.");
    assertThat(
            api.to(TINY + "/action")
                .version("2.7")
                .post("{\"addTenantAccess\": {\"tenant\": \"demo\"}}")
                .fault())
        .isEqualTo("409 conflictingRequest: Can not add access to a public flavor.");
    assertThat(api.to(own + "/action").as("u:demo").post(remove).status()).isEqualTo(403);
  }
}
