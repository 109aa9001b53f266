package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import dev.tern.contract.ServerId;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
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

@DisplayName("A group")
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GroupsTest {
  private static final String GROUPS = "/v2.1/os-server-groups";
  private static final String AGGREGATES = "/v2.1/os-aggregates";
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");

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

  // ---- servers

  private TestApi.Answer make(String version, String fields) {
    return api.to(GROUPS)
        .as("u:demo")
        .version(version)
        .post("{\"server_group\": {\"name\": \"g\", %s}}".formatted(fields));
  }

  private TestApi.Answer boot(String hints) {
    return api.to("/v2.1/servers")
        .as("u:demo")
        .post(
            "{\"server\": {\"name\": \"n\", \"flavorRef\": \"tiny\", \"imageRef\": \"%s\"}, \"os:scheduler_hints\": {%s}}"
                .formatted(Samples.IMAGE, hints));
  }

  @Test
  void of_servers_is_shown_as_each_version_has_it_with_its_members() {
    TestApi.Answer made =
        make("2.64", "\"policy\": \"anti-affinity\", \"rules\": {\"max_server_per_host\": 3}");
    assertThat(made.status()).as(made.text()).isEqualTo(200);
    String id = made.json().at("/server_group/id").stringValue();
    TestApi.Answer server = boot("\"group\": \"%s\"".formatted(id));
    assertThat(server.status()).as(server.text()).isEqualTo(202);
    String member = server.json().at("/server/id").stringValue();
    assertThat(api.to(GROUPS + "/" + id).as("u:demo").version("2.64").get().json())
        .hasToString(
            "{\"server_group\":{\"id\":\"%s\",\"name\":\"g\",\"policy\":\"anti-affinity\",\"rules\":{\"max_server_per_host\":3},\"members\":[\"%s\"],\"project_id\":\"demo\",\"user_id\":\"u\"}}"
                .formatted(id, member));
    assertThat(api.to(GROUPS + "/" + id).as("u:demo").get().json())
        .hasToString(
            "{\"server_group\":{\"id\":\"%s\",\"name\":\"g\",\"policies\":[\"anti-affinity\"],\"metadata\":{},\"members\":[\"%s\"]}}"
                .formatted(id, member));
    assertThat(
            api.to("/v2.1/servers/" + member).version("2.71").get().json().at("/server").toString())
        .contains("\"server_groups\":[\"%s\"]".formatted(id));
    assertThat(api.to(GROUPS + "/" + id).as("u:other").get().status()).isEqualTo(404);
    assertThat(api.to(GROUPS).as("u:other").get().text()).isEqualTo("{\"server_groups\":[]}");
    assertThat(api.to(GROUPS + "?all_projects=1").get().text()).contains(id);
    assertThat(api.to(GROUPS + "/" + id).as("u:demo").delete().status()).isEqualTo(204);
    assertThat(api.to(GROUPS + "/" + id).as("u:demo").delete().fault())
        .isEqualTo("404 itemNotFound: Instance group %s could not be found.".formatted(id));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "2.1  | \"policies\": [\"soft-affinity\"] | is not one of ['anti-affinity', 'affinity']",
        "2.1  | \"policies\": [] | It must have one policy",
        "2.1  | \"policy\": \"affinity\" | 'policy' was unexpected",
        "2.64 | \"policies\": [\"affinity\"] | 'policies' was unexpected",
        "2.64 | \"policy\": \"near\" | is not one of",
        "2.64 | \"policy\": \"affinity\", \"rules\": {\"max_server_per_host\": 2} | Only anti-affinity policy supports rules.",
        "2.64 | \"policy\": \"anti-affinity\", \"rules\": {\"max_server_per_host\": 0} | max_server_per_host"
      })
  void of_servers_that_cannot_be_is_refused(String version, String fields, String message) {
    assertThat(make(version, fields).fault()).startsWith("400 badRequest: ").contains(message);
    assertThat(api.stores.groups().count("demo")).isZero();
  }

  @Test
  void of_servers_soft_came_with_2_15() {
    assertThat(make("2.15", "\"policies\": [\"soft-anti-affinity\"]").status()).isEqualTo(200);
  }

  @Test
  void of_servers_has_a_quota_as_its_members_have() {
    for (int i = 0; i < 10; i++) {
      assertThat(make("2.1", "\"policies\": [\"affinity\"]").status()).isEqualTo(200);
    }
    assertThat(make("2.1", "\"policies\": [\"affinity\"]").fault())
        .isEqualTo("403 forbidden: Quota exceeded, too many server groups.");
    assertThat(
            api.to("/v2.1/limits")
                .as("u:demo")
                .get()
                .json()
                .at("/limits/absolute/totalServerGroupsUsed")
                .intValue())
        .isEqualTo(10);
    UUID id = api.stores.groups().list(Optional.of("demo"), 0, 1).getFirst().group().id();
    for (int i = 0; i < 10; i++) {
      assertThat(boot("\"group\": \"%s\"".formatted(id)).status()).isEqualTo(202);
    }
    assertThat(boot("\"group\": \"%s\"".formatted(id)).fault())
        .isEqualTo("403 forbidden: Quota exceeded, too many servers in group");
  }

  @Test
  void and_other_hints_are_checked_before_anything_is_made() {
    String none = "99999999-9999-4999-8999-999999999999";
    assertThat(boot("\"group\": \"%s\"".formatted(none)).fault())
        .isEqualTo("400 badRequest: Instance group %s could not be found.".formatted(none));
    assertThat(boot("\"group\": \"mine\"").fault()).contains("'mine' is not a 'uuid'");
    assertThat(boot("\"query\": \"[]\"").fault()).contains("'query' is not offered");
    assertThat(boot("\"different_host\": [\"%s\"]".formatted(none)).fault())
        .contains("could not be found");
    assertThat(api.stores.rows().get("servers")).isZero();
    api.conductors.boots(SERVER, "demo", "host1");
    TestApi.Answer made = boot("\"different_host\": \"%s\"".formatted(SERVER));
    ServerId id = ServerId.parse(made.json().at("/server/id").stringValue());
    assertThat(api.stores.groups().rules(id).apartFrom().hosts()).hasToString("[host1]");
  }

  // ---- hosts

  private int aggregate(String name, String zone) {
    TestApi.Answer made =
        api.to(AGGREGATES)
            .post(
                "{\"aggregate\": {\"name\": \"%s\", \"availability_zone\": %s}}"
                    .formatted(name, zone));
    assertThat(made.status()).as(made.text()).isEqualTo(200);
    assertThat(made.json().get("aggregate").propertyNames())
        .doesNotContain("hosts", "metadata", "uuid");
    return made.json().at("/aggregate/id").intValue();
  }

  private TestApi.Answer act(int aggregate, String action) {
    return api.to(AGGREGATES + "/" + aggregate + "/action").post(action);
  }

  @Test
  void of_hosts_makes_a_zone_of_them() {
    int east = aggregate("east", "\"east\"");
    TestApi.Answer added = act(east, "{\"add_host\": {\"host\": \"host2\"}}");
    assertThat(added.status()).as(added.text()).isEqualTo(200);
    assertThat(added.json().at("/aggregate/hosts/0").stringValue()).isEqualTo("host2");
    assertThat(api.to("/v2.1/os-availability-zone").as("u:demo").get().text())
        .isEqualTo(
            "{\"availabilityZoneInfo\":[{\"zoneName\":\"east\",\"zoneState\":{\"available\":true},\"hosts\":null},{\"zoneName\":\"nova\",\"zoneState\":{\"available\":true},\"hosts\":null}]}");
    JsonNode zones =
        api.to("/v2.1/os-availability-zone/detail").get().json().get("availabilityZoneInfo");
    assertThat(zones.get(1).get("hosts").propertyNames()).containsExactly("host2");
    assertThat(zones.get(2).get("hosts").propertyNames()).containsExactly("host1");
    assertThat(api.to("/v2.1/os-services?host=host2").get().text()).contains("\"zone\":\"east\"");
    api.conductors.boots(SERVER, "demo", "host2");
    assertThat(
            api.to("/v2.1/servers/" + SERVER)
                .get()
                .json()
                .at("/server/OS-EXT-AZ:availability_zone")
                .stringValue())
        .isEqualTo("east");
    String body =
        "{\"server\": {\"name\": \"n\", \"flavorRef\": \"tiny\", \"imageRef\": \"%s\", \"availability_zone\": \"%s\"}}";
    TestApi.Answer made =
        api.to("/v2.1/servers").as("u:demo").post(body.formatted(Samples.IMAGE, "east"));
    ServerId id = ServerId.parse(made.json().at("/server/id").stringValue());
    assertThat(api.stores.groups().rules(id).zone()).contains("east");
    assertThat(
            api.to("/v2.1/servers")
                .as("u:demo")
                .post(body.formatted(Samples.IMAGE, "south"))
                .fault())
        .isEqualTo("400 badRequest: The requested availability zone is not available");
    assertThat(act(east, "{\"remove_host\": {\"host\": \"host2\"}}").fault())
        .startsWith("409 conflictingRequest: Cannot remove host from aggregate");
    assertThat(
            api.to(AGGREGATES + "/" + east)
                .put("{\"aggregate\": {\"availability_zone\": \"west\"}}")
                .fault())
        .startsWith("400 badRequest: Cannot update aggregate");
  }

  @Test
  void of_hosts_is_changed_and_removed() {
    int id = aggregate("all", "null");
    assertThat(
            act(id, "{\"set_metadata\": {\"metadata\": {\"ssd\": \"yes\", \"no\": null}}}")
                .json()
                .at("/aggregate/metadata"))
        .hasToString("{\"ssd\":\"yes\"}");
    assertThat(
            api.to(AGGREGATES + "/" + id)
                .version("2.41")
                .put("{\"aggregate\": {\"name\": \"some\"}}")
                .json()
                .at("/aggregate/name")
                .stringValue())
        .isEqualTo("some");
    assertThat(act(id, "{\"add_host\": {\"host\": \"host1\"}}").status()).isEqualTo(200);
    assertThat(act(id, "{\"add_host\": {\"host\": \"host1\"}}").fault())
        .startsWith("409 conflictingRequest: ");
    assertThat(act(id, "{\"add_host\": {\"host\": \"host9\"}}").fault())
        .isEqualTo("404 itemNotFound: Compute host host9 could not be found.");
    assertThat(act(id, "{\"remove_host\": {\"host\": \"host2\"}}").fault())
        .isEqualTo("404 itemNotFound: Cannot remove host host2 in aggregate %d".formatted(id));
    assertThat(api.to(AGGREGATES + "/" + id).delete().fault())
        .isEqualTo(
            "400 badRequest: Cannot remove host from aggregate %d. Reason: Host aggregate is not empty."
                .formatted(id));
    assertThat(act(id, "{\"remove_host\": {\"host\": \"host1\"}}").status()).isEqualTo(200);
    assertThat(api.to(AGGREGATES + "/" + id).delete().status()).isEqualTo(200);
    assertThat(api.to(AGGREGATES + "/" + id).get().fault())
        .isEqualTo("404 itemNotFound: Aggregate %d could not be found.".formatted(id));
  }

  @Test
  void of_hosts_is_an_administrators_and_has_a_number() {
    assertThat(api.to(AGGREGATES + "/first").get().status()).isEqualTo(400);
    assertThat(api.to(AGGREGATES).as("u:demo").get().status()).isEqualTo(403);
    assertThat(act(1, "{\"paint\": {}}").fault()).contains("There is no such action: paint");
    for (String body :
        List.of(
            "{\"aggregate\": {\"name\": \" \"}}",
            "{\"aggregate\": {\"name\": \"a\", \"availability_zone\": \"a:b\"}}",
            "{\"aggregate\": {\"name\": \"a\", \"colour\": \"red\"}}")) {
      assertThat(api.to(AGGREGATES).post(body).status()).as(body).isEqualTo(400);
    }
    assertThat(api.to(AGGREGATES).get().text()).isEqualTo("{\"aggregates\":[]}");
  }
}
