package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.EvacuationStore.NewEvacuation;
import dev.tern.store.Samples;
import java.nio.file.Path;
import java.time.Duration;
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
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@DisplayName("A request to migrate a server cold")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ColdMigrateTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final HostName HOME = new HostName("host1");

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
  }

  private TestApi.Answer act(String version, String body) {
    return act(version, body, "admin:admin");
  }

  private TestApi.Answer act(String version, String body, String token) {
    return api.to("/v2.1/servers/" + SERVER + "/action").version(version).as(token).post(body);
  }

  private ColdMigrationStore migrations() {
    return api.stores.coldMigrations();
  }

  private ColdMigrationRecord open() {
    return migrations().open(SERVER).orElseThrow();
  }

  private void migrated() {
    assertThat(act("2.1", "{\"migrate\": null}").status()).isEqualTo(202);
    api.conductors.migratesCold(SERVER, "host2");
  }

  private JsonNode shown() {
    return api.to("/v2.1/servers/" + SERVER).get().json().get("server");
  }

  private int withStatus(String status) {
    return api.to("/v2.1/servers?all_tenants=1&status=" + status)
        .get()
        .json()
        .get("servers")
        .size();
  }

  private JsonNode listed(String query) {
    TestApi.Answer answer = api.to("/v2.1/os-migrations?" + query).version("2.80").get();
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json().get("migrations");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2.1 | {\"migrate\": null} | ",
        "2.55 | {\"migrate\": {\"host\": \"host2\"}} | ",
        "2.56 | {\"migrate\": null} | ",
        "2.56 | {\"migrate\": {\"host\": null}} | ",
        "2.96 | {\"migrate\": {\"host\": \"host2\"}} | host2"
      })
  void is_accepted_at_once_and_names_a_host_from_2_56_on(String version, String body, String host) {
    TestApi.Answer answer = act(version, body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    assertThat(answer.text()).isEmpty();
    assertThat(open().requestedHost()).isEqualTo(Optional.ofNullable(host).map(HostName::new));
    assertThat(shown().get("status").stringValue()).isEqualTo("RESIZE");
    assertThat(shown().get("OS-EXT-STS:task_state").stringValue()).isEqualTo("resize_prep");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"migrate\": {\"host\": \"host1\"}} | 400 badRequest: Cannot migrate to the host where the server exists.",
        "{\"migrate\": {\"host\": \"nowhere\"}} | 400 badRequest: Compute host nowhere could not be found."
      })
  void to_where_it_cannot_go_is_refused(String body, String fault) {
    assertThat(act("2.56", body).fault()).isEqualTo(fault);
    assertThat(migrations().open(SERVER)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"migrate\": {\"hosts\": \"host2\"}}",
        "{\"migrate\": {\"host\": 5}}",
        "{\"migrate\": {\"host\": \"no host\"}}",
        "{\"migrate\": \"host2\"}"
      })
  void that_is_malformed_is_refused(String body) {
    assertThat(act("2.56", body).status()).isEqualTo(400);
    assertThat(migrations().open(SERVER)).isEmpty();
  }

  @Test
  void of_a_tenant_is_forbidden_and_of_a_locked_server_for_all_but_administrators() {
    assertThat(act("2.96", "{\"migrate\": null}", "someone:demo").status()).isEqualTo(403);
    migrated();
    assertThat(act("2.96", "{\"lock\": null}", "u:demo").status()).isEqualTo(202);
    String locked = "409 conflictingRequest: Instance " + SERVER + " is locked";
    assertThat(act("2.96", "{\"confirmResize\": null}", "u:demo").fault()).isEqualTo(locked);
    assertThat(act("2.96", "{\"revertResize\": null}", "u:demo").fault()).isEqualTo(locked);
    assertThat(act("2.96", "{\"revertResize\": null}").status()).isEqualTo(202);
  }

  @ParameterizedTest
  @ValueSource(strings = {"migrate", "confirmResize", "revertResize"})
  void in_the_wrong_state_is_refused_in_nova_s_words(String action) {
    String body = "{\"%s\": null}".formatted(action);
    if (action.equals("migrate")) {
      migrated();
    }
    String state = action.equals("migrate") ? "resized" : "active";
    assertThat(act("2.96", body).fault())
        .isEqualTo(
            "409 conflictingRequest: Cannot '%s' instance %s while it is in vm_state %s"
                .formatted(action, SERVER, state));
  }

  @Test
  void is_confirmed_without_a_source_that_is_stated_to_be_down_and_not_of_one_that_is_silent() {
    migrated();
    api.stores.pass(Duration.ofDays(1));
    api.stores.hosts().report(Samples.report(new HostName("host2"), 8, 1));
    String confirm = "{\"confirmResize\": null}";
    assertThat(act("2.96", confirm).fault())
        .isEqualTo("409 conflictingRequest: Compute service of host1 is unavailable at this time.");
    assertThat(api.stores.hosts().setForcedDown(HOME, true)).isTrue();
    assertThat(act("2.96", confirm).status()).isEqualTo(204);
    assertThat(act("2.96", confirm).fault())
        .isEqualTo(
            "409 conflictingRequest: Cannot 'confirmResize' instance %s while it is in task_state resize_confirming"
                .formatted(SERVER));
  }

  @ParameterizedTest
  @ValueSource(strings = {"migrate", "revertResize"})
  void whose_source_is_down_is_refused(String action) {
    if (!action.equals("migrate")) {
      migrated();
    }
    assertThat(api.stores.hosts().setForcedDown(HOME, true)).isTrue();
    assertThat(act("2.96", "{\"%s\": null}".formatted(action)).fault())
        .isEqualTo("409 conflictingRequest: Compute service of host1 is unavailable at this time.");
  }

  @Test
  void waits_to_be_confirmed_and_then_is() {
    migrated();
    assertThat(shown().get("status").stringValue()).isEqualTo("VERIFY_RESIZE");
    assertThat(shown().get("OS-EXT-STS:vm_state").stringValue()).isEqualTo("resized");
    assertThat(shown().get("OS-EXT-STS:task_state").isNull()).isTrue();
    TestApi.Answer answer = act("2.96", "{\"confirmResize\": null}", "u:demo");
    assertThat(answer.status()).as(answer.text()).isEqualTo(204);
    assertThat(shown().get("status").stringValue()).isEqualTo("VERIFY_RESIZE");
    api.conductors.confirms(SERVER);
    assertThat(shown().get("status").stringValue()).isEqualTo("ACTIVE");
    assertThat(shown().get("OS-EXT-SRV-ATTR:host").stringValue()).isEqualTo("host2");
  }

  @Test
  void may_be_reverted_instead() {
    migrated();
    assertThat(act("2.96", "{\"revertResize\": null}", "u:demo").status()).isEqualTo(202);
    assertThat(shown().get("status").stringValue()).isEqualTo("REVERT_RESIZE");
    api.conductors.reverts(SERVER);
    assertThat(shown().get("status").stringValue()).isEqualTo("ACTIVE");
    assertThat(shown().get("OS-EXT-SRV-ATTR:host").stringValue()).isEqualTo("host1");
  }

  @Test
  void is_among_migrations_of_its_own_type_and_servers_of_its_status() {
    migrated();
    JsonNode one = listed("migration_type=migration").get(0);
    assertThat(one.get("status").stringValue()).isEqualTo("finished");
    assertThat(one.get("source_compute").stringValue()).isEqualTo("host1");
    assertThat(one.get("dest_compute").stringValue()).isEqualTo("host2");
    assertThat(one.get("migration_type").stringValue()).isEqualTo("migration");
    assertThat(listed("")).hasSize(1);
    assertThat(listed("status=finished&host=host2")).hasSize(1);
    assertThat(listed("migration_type=resize")).isEmpty();
    assertThat(listed("migration_type=live-migration")).isEmpty();
    assertThat(listed("limit=1&marker=" + one.get("uuid").stringValue())).isEmpty();
    assertThat(withStatus("VERIFY_RESIZE")).isEqualTo(1);
    assertThat(withStatus("RESIZE")).isZero();
  }

  @Test
  void keeps_the_server_from_all_else_but_its_deletion() {
    migrated();
    for (String other :
        List.of(
            "{\"os-stop\": null}",
            "{\"pause\": null}",
            "{\"os-resetState\": {\"state\": \"active\"}}",
            "{\"os-migrateLive\": {\"host\": null, \"block_migration\": \"auto\"}}")) {
      assertThat(act("2.96", other).status()).as(other).isEqualTo(409);
    }
    assertThat(api.stores.servers().find(SERVER).orElseThrow().vmState())
        .isEqualTo(VmState.RESIZED);
    assertThat(api.to("/v2.1/servers/" + SERVER).delete().status()).isEqualTo(204);
  }

  private JsonNode receipt(Object id) {
    TestApi.Answer answer = api.to("/v1/migrations/" + id + "/receipt").get();
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json().get("receipt");
  }

  @Test
  @Tag("S166")
  void leaves_a_receipt_of_what_moved_and_of_what_both_hosts_hold() {
    migrated();
    ColdMigrationRecord waits = open();
    JsonNode receipt = receipt(waits.id());
    assertThat(receipt.path("kind").stringValue()).isEqualTo("migration");
    assertThat(receipt.path("status").stringValue()).isEqualTo("finished");
    assertThat(receipt.path("settled").booleanValue()).as("both hosts have it").isFalse();
    JsonNode moved = receipt.path("moved");
    assertThat(moved.path("from").stringValue()).isEqualTo("host1");
    assertThat(moved.path("to").stringValue()).isEqualTo("host2");
    assertThat(moved.path("bytes").longValue()).isEqualTo(4096);
    assertThat(moved.path("tries").intValue()).isEqualTo(2);
    assertThat(moved.path("seconds").isNumber()).isTrue();
    assertThat(moved.path("down_millis").isNumber()).isTrue();
    assertThat(moved.at("/verified/how").stringValue()).contains("compared by sha256");
    assertThat(moved.at("/verified/disks/0/disk").stringValue()).isEqualTo("disk0");
    assertThat(moved.at("/verified/disks/0/sha256").stringValue()).isEqualTo("ab12");
    assertThat(receipt.path("objects"))
        .extracting(
            each -> each.path("host").stringValue() + " " + each.path("state").stringValue())
        .containsExactly("host1 open", "host2 kept");

    assertThat(act("2.1", "{\"confirmResize\": null}").status()).isEqualTo(204);
    api.conductors.confirms(SERVER);
    receipt = receipt(waits.id());
    assertThat(receipt.path("settled").booleanValue()).isTrue();
    assertThat(receipt.path("objects"))
        .extracting(each -> each.path("state").stringValue())
        .containsExactly("removed", "kept");
    String path = "/v1/migrations/" + waits.id() + "/receipt";
    assertThat(api.to(path).as("u:demo").get().status()).isEqualTo(403);
    assertThat(api.to(path.replace(waits.id().toString(), SERVER.toString())).get().status())
        .isEqualTo(404);
  }

  @Test
  @Tag("S166")
  void whose_server_is_evacuated_instead_leaves_one_of_what_could_not_be_read() {
    assertThat(api.stores.hosts().setForcedDown(HOME, true)).isTrue();
    UUID id = UUID.randomUUID();
    var _ =
        api.stores
            .evacuations()
            .request(
                new NewEvacuation(id, SERVER, Optional.empty(), false, false),
                api.conductors.request("admin", "admin"));
    api.conductors.evacuates(SERVER, "host2", VmState.ACTIVE);
    JsonNode receipt = receipt(id);
    assertThat(receipt.path("kind").stringValue()).isEqualTo("evacuation");
    assertThat(receipt.at("/moved/from").stringValue()).isEqualTo("host1");
    assertThat(receipt.at("/moved/to").stringValue()).isEqualTo("host2");
    assertThat(receipt.at("/rebuilt/image").isString()).isTrue();
    assertThat(receipt.at("/rebuilt/not_read").stringValue()).contains("host1");
  }
}
