package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.QuotaStore.Kind;
import dev.tern.store.QuotaStore.Resource;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
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
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@DisplayName("A request to resize a server")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("S124")
class ResizeTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final HostName HOME = new HostName("host1");
  private static final String TO_LARGE = "{\"resize\": {\"flavorRef\": \"large\"}}";

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
  void server() {
    api.reset();
    api.conductors.boots(SERVER, "demo", HOME.value());
    flavor("large", 4, 2048, 20, 0, true);
    flavor("diskless", 4, 2048, 0, 0, true);
    flavor("with-more-disks", 4, 2048, 20, 5, true);
    flavor("secret", 4, 2048, 20, 0, false);
  }

  private void flavor(
      String id, int vcpus, long memory, int disk, int ephemeral, boolean isPublic) {
    FlavorRecord _ =
        api.stores
            .flavors()
            .create(
                new FlavorRecord(
                    id,
                    "a " + id,
                    vcpus,
                    memory,
                    disk,
                    ephemeral,
                    0,
                    isPublic,
                    Map.of(),
                    Optional.empty()));
  }

  private TestApi.Answer act(String version, String body, String token) {
    return api.to("/v2.1/servers/" + SERVER + "/action").version(version).as(token).post(body);
  }

  private TestApi.Answer act(String body) {
    return act("2.96", body, "u:demo");
  }

  private Optional<ColdMigrationRecord> open() {
    return api.stores.coldMigrations().open(SERVER);
  }

  private void resized() {
    TestApi.Answer answer = act(TO_LARGE);
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    api.conductors.migratesCold(SERVER, "host2");
  }

  private JsonNode shown(String version) {
    return api.to("/v2.1/servers/" + SERVER).version(version).get().json().get("server");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2.1 | {\"resize\": {\"flavorRef\": \"large\"}}",
        "2.1 | {\"resize\": {\"flavorRef\": \"http://there/flavors/large\"}}",
        "2.96 | {\"resize\": {\"flavorRef\": 3}}",
        "2.96 | {\"resize\": {\"flavorRef\": \"large\", \"OS-DCF:diskConfig\": \"MANUAL\"}}"
      })
  void is_accepted_at_once_by_whoever_owns_it(String version, String body) {
    TestApi.Answer answer = act(version, body, "u:demo");
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    assertThat(answer.text()).isEmpty();
    assertThat(open().orElseThrow().resize()).isTrue();
    assertThat(shown("2.1").get("status").stringValue()).isEqualTo("RESIZE");
    assertThat(shown("2.1").get("OS-EXT-STS:task_state").stringValue()).isEqualTo("resize_prep");
    assertThat(shown("2.1").get("OS-DCF:diskConfig").stringValue())
        .isEqualTo(body.contains("MANUAL") ? "MANUAL" : "AUTO");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tiny | When resizing, instances must change flavor!",
        "nothing | Flavor nothing could not be found.",
        "secret | Flavor secret could not be found.",
        "diskless | Server disk was unable to be resized because: Resize to zero disk flavor is not allowed.",
        "with-more-disks | Server disk was unable to be resized because: Ephemeral disks keep their size."
      })
  void to_what_it_cannot_be_is_refused(String flavor, String why) {
    assertThat(act("{\"resize\": {\"flavorRef\": \"%s\"}}".formatted(flavor)).fault())
        .isEqualTo("400 badRequest: " + why);
    assertThat(open()).isEmpty();
  }

  @Test
  void to_a_smaller_disk_is_refused() {
    resized();
    assertThat(act("{\"confirmResize\": null}").status()).isEqualTo(204);
    api.conductors.confirms(SERVER);
    assertThat(act("{\"resize\": {\"flavorRef\": \"1\"}}").fault())
        .isEqualTo(
            "400 badRequest: Server disk was unable to be resized because: Unable to resize disk down.");
    assertThat(open()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"resize\": null}",
        "{\"resize\": {}}",
        "{\"resize\": {\"flavorRef\": null}}",
        "{\"resize\": {\"flavorRef\": {}}}",
        "{\"resize\": {\"flavorRef\": \"\"}}",
        "{\"resize\": {\"flavorRef\": \"large\", \"host\": \"host2\"}}",
        "{\"resize\": {\"flavorRef\": \"large\", \"OS-DCF:diskConfig\": \"auto\"}}"
      })
  void that_is_malformed_is_refused(String body) {
    assertThat(act(body).status()).isEqualTo(400);
    assertThat(open()).isEmpty();
  }

  @Test
  void over_quota_is_forbidden_in_nova_s_words() {
    api.stores.quotas().put(Kind.PROJECT, "demo", Map.of(Resource.RAM, 1024L));
    assertThat(act(TO_LARGE).fault())
        .isEqualTo(
            "403 forbidden: Quota exceeded for ram: Requested 1920, but already used 128 of 1024 ram");
    assertThat(open()).isEmpty();
  }

  @Test
  void in_the_wrong_state_of_a_locked_server_or_from_a_host_that_is_down_is_refused() {
    assertThat(api.stores.hosts().setForcedDown(HOME, true)).isTrue();
    assertThat(act(TO_LARGE).fault())
        .isEqualTo("409 conflictingRequest: Compute service of host1 is unavailable at this time.");
    assertThat(api.stores.hosts().setForcedDown(HOME, false)).isTrue();
    resized();
    assertThat(act(TO_LARGE).fault())
        .isEqualTo(
            "409 conflictingRequest: Cannot 'resize' instance %s while it is in vm_state resized"
                .formatted(SERVER));
    assertThat(act("{\"lock\": null}").status()).isEqualTo(202);
    assertThat(act(TO_LARGE).fault())
        .isEqualTo("409 conflictingRequest: Instance " + SERVER + " is locked");
  }

  /** There is no other host that has it. */
  @Test
  void where_it_was_on_a_host_that_is_stated_to_be_down_is_reverted_and_not_confirmed() {
    assertThat(act(TO_LARGE).status()).isEqualTo(202);
    api.conductors.migratesCold(SERVER, HOME.value());
    assertThat(api.stores.hosts().setForcedDown(HOME, true)).isTrue();
    assertThat(act("{\"confirmResize\": null}").fault())
        .isEqualTo("409 conflictingRequest: Compute service of host1 is unavailable at this time.");
    assertThat(act("{\"revertResize\": null}").status()).isEqualTo(202);
  }

  @Test
  void shows_the_new_flavor_until_it_is_reverted() {
    resized();
    assertThat(shown("2.46").get("flavor").get("id").stringValue()).isEqualTo("large");
    JsonNode flavor = shown("2.47").get("flavor");
    assertThat(flavor.get("original_name").stringValue()).isEqualTo("a large");
    assertThat(flavor.get("vcpus").intValue()).isEqualTo(4);
    assertThat(flavor.get("disk").intValue()).isEqualTo(20);
    assertThat(act("{\"revertResize\": null}").status()).isEqualTo(202);
    api.conductors.reverts(SERVER);
    assertThat(shown("2.46").get("flavor").get("id").stringValue()).isEqualTo("tiny");
    assertThat(shown("2.47").get("flavor").get("vcpus").intValue()).isEqualTo(1);
  }

  @Test
  void is_among_migrations_and_actions_as_a_resize() {
    resized();
    JsonNode listed =
        api.to("/v2.1/os-migrations?migration_type=resize")
            .version("2.80")
            .get()
            .json()
            .get("migrations");
    assertThat(listed).hasSize(1);
    assertThat(listed.get(0).get("status").stringValue()).isEqualTo("finished");
    JsonNode actions =
        api.to("/v2.1/servers/" + SERVER + "/os-instance-actions")
            .get()
            .json()
            .get("instanceActions");
    assertThat(actions.get(0).get("action").stringValue()).isEqualTo("resize");
  }
}
