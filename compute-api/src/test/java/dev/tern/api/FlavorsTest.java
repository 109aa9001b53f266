package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import dev.tern.store.FlavorStore.FlavorRecord;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
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

@DisplayName("A flavor")
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FlavorsTest {
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

  private TestApi.Answer create(String version, String fields) {
    return api.to("/v2.1/flavors")
        .version(version)
        .post(
            "{\"flavor\": {\"name\": \"new\", \"ram\": 256, \"vcpus\": 2, \"disk\": 1%s}}"
                .formatted(fields));
  }

  @Test
  void is_made_with_what_was_asked_for_and_is_shown_as_it_is() {
    TestApi.Answer answer =
        create(
            "2.61",
            ", \"id\": \"n 1\", \"OS-FLV-EXT-DATA:ephemeral\": \"6\", \"swap\": 0,"
                + " \"rxtx_factor\": 1.0, \"description\": \"d\"");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(api.stores.flavors().find("n 1"))
        .contains(
            new FlavorRecord("n 1", "new", 2, 256, 1, 6, 0, true, Map.of(), Optional.of("d")));
    assertThat(api.to("/v2.1/flavors/n%201").version("2.61").get().json()).isEqualTo(answer.json());
  }

  @Test
  void brings_an_id_of_its_own_or_gets_one() {
    String id = create("2.1", ", \"id\": null").json().at("/flavor/id").stringValue();
    assertThat(id).hasSize(36);
    assertThat(api.to("/v2.1/flavors/" + id).get().json().at("/flavor/name").stringValue())
        .isEqualTo("new");
    assertThat(create("2.1", "").fault())
        .startsWith("409 conflictingRequest: ")
        .contains("already exists");
  }

  @Test
  void is_an_administrators_to_make_and_to_remove() {
    assertThat(
            api.to("/v2.1/flavors")
                .as("demo:demo")
                .post("{\"flavor\": {\"name\": \"new\", \"ram\": 1, \"vcpus\": 1, \"disk\": 1}}")
                .fault())
        .startsWith("403 forbidden: ")
        .contains("os-flavor-manage:create");
    assertThat(api.to("/v2.1/flavors/tiny").as("demo:demo").delete().status()).isEqualTo(403);
    assertThat(api.stores.flavors().find("tiny")).isPresent();
    assertThat(api.to("/v2.1/flavors/tiny").delete().status()).isEqualTo(202);
    assertThat(api.stores.flavors().find("tiny")).isEmpty();
    assertThat(api.to("/v2.1/flavors/tiny").delete().fault())
        .isEqualTo("404 itemNotFound: Flavor tiny could not be found.");
  }

  @Test
  void that_is_not_public_makes_no_servers_for_tenants() {
    assertThat(create("2.1", ", \"id\": \"own\", \"os-flavor-access:is_public\": false").status())
        .isEqualTo(200);
    String body =
        "{\"server\": {\"name\": \"n\", \"flavorRef\": \"own\", \"imageRef\": \"%s\"}}"
            .formatted(Samples.IMAGE);
    assertThat(api.to("/v2.1/servers").as("demo:demo").post(body).fault())
        .isEqualTo("400 badRequest: Flavor own could not be found.");
    assertThat(api.stores.servers().usage("demo").servers()).isZero();
    assertThat(api.to("/v2.1/servers").post(body).status()).isEqualTo(202);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2.1  | ram          | 0        | field/attribute ram",
        "2.1  | vcpus        | \"many\" | field/attribute vcpus",
        "2.1  | disk         | -1       | field/attribute disk",
        "2.1  | id           | \" x\"   | field/attribute id",
        "2.1  | id           | \"a/b\"  | field/attribute id",
        "2.1  | name         | \" x\"   | field/attribute name",
        "2.1  | OS-FLV-EXT-DATA:ephemeral | 1.5 | field/attribute OS-FLV-EXT-DATA:ephemeral",
        "2.1  | swap         | 512      | Swap disks are not offered",
        "2.1  | rxtx_factor  | 2.0      | Traffic is not shaped",
        "2.54 | description  | \"d\"    | not allowed ('description' was unexpected)",
        "2.1  | colour       | \"red\"  | not allowed ('colour' was unexpected)"
      })
  void that_cannot_be_is_refused_naming_the_field(
      String version, String field, String value, String message) {
    Map<String, String> fields =
        new TreeMap<>(Map.of("name", "\"new\"", "ram", "256", "vcpus", "2", "disk", "1"));
    fields.put(field, value);
    String body =
        fields.entrySet().stream()
            .map(each -> "\"%s\": %s".formatted(each.getKey(), each.getValue()))
            .collect(Collectors.joining(", "));
    assertThat(
            api.to("/v2.1/flavors")
                .version(version)
                .post("{\"flavor\": {%s}}".formatted(body))
                .fault())
        .startsWith("400 badRequest: ")
        .contains(message);
    for (String word : List.of("t", "TRUE", "on", "y", "Yes", "1", "f", "False", "off", "n", "0")) {
      assertThat(api.to("/v2.1/flavors?is_public=" + word).get().status()).as(word).isEqualTo(200);
    }
    assertThat(api.to("/v2.1/flavors?is_public=perhaps").get().status()).isEqualTo(400);
    assertThat(api.to("/v2.1/flavors?is_public=None").get().json().get("flavors").size())
        .isEqualTo(7);
  }
}
