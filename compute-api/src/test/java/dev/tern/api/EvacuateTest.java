package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.EvacuationStore.EvacuationQuery;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.FenceStore.Outcome;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@DisplayName("A request to evacuate a server")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EvacuateTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final ServerId OTHER = ServerId.parse("33333333-3333-4333-8333-333333333333");
  private static final HostName HOST = new HostName("host1");
  private static final String HERE = "/v1/hosts/host1/evacuate";
  private static final String CONSENT = "{\"rebuildFromImage\": true}";

  private final AtomicReference<Asked<AgentAnswer>> said =
      new AtomicReference<>(new Asked.NoAnswer<>("nobody is there"));

  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
    api.agents.set((_, _, _) -> java.util.Objects.requireNonNull(said.get()));
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void server() {
    api.reset();
    said.set(new Asked.NoAnswer<>("nobody is there"));
    api.conductors.boots(SERVER, "demo", "host1");
  }

  private void fence(boolean down) {
    assertThat(api.stores.hosts().setForcedDown(HOST, down)).isTrue();
  }

  private TestApi.Answer ask(String version, String body) {
    return ask(version, body, "admin:admin");
  }

  private TestApi.Answer ask(String version, String body, String token) {
    return api.to("/v2.1/servers/" + SERVER + "/action")
        .version(version)
        .as(token)
        .post("{\"evacuate\": " + body + "}");
  }

  private Optional<TaskState> task() {
    return api.stores.servers().find(SERVER).orElseThrow().task();
  }

  private List<EvacuationRecord> all() {
    return api.stores
        .evacuations()
        .list(
            new EvacuationQuery(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                10));
  }

  private static String message(TestApi.Answer answer) {
    return answer.json().iterator().next().path("message").asString("");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2.1 | {\"onSharedStorage\": false}",
        "2.1 | {\"host\": \"host2\", \"onSharedStorage\": \"False\", \"adminPass\": \"p\"}",
        "2.13 | {\"onSharedStorage\": false}"
      })
  void up_to_2_13_is_answered_with_a_password(String version, String body) {
    fence(true);
    TestApi.Answer answer = ask(version, body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.json().propertyNames()).containsExactly("adminPass");
    assertThat(answer.json().get("adminPass").stringValue()).isNotEmpty();
    assertThat(task()).contains(TaskState.REBUILDING);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2.14 | {}",
        "2.28 | {\"host\": \"host2\"}",
        "2.29 | {\"host\": \"host2\", \"force\": true}",
        "2.67 | {\"force\": false}",
        "2.68 | {\"host\": \"host2\"}",
        "2.96 | {}"
      })
  void from_2_14_on_is_answered_without_a_word(String version, String body) {
    fence(true);
    TestApi.Answer answer = ask(version, body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.text()).isEmpty();
    assertThat(all())
        .singleElement()
        .satisfies(one -> {
          assertThat(one.leaveStopped()).isEqualTo(version.equals("2.96"));
          assertThat(one.requestedHost().isPresent()).isEqualTo(body.contains("host2"));
        });
    JsonNode server = api.to("/v2.1/servers/" + SERVER).get().json().get("server");
    assertThat(server.get("status").stringValue()).isEqualTo("REBUILD");
    assertThat(server.get("OS-EXT-STS:task_state").stringValue()).isEqualTo("rebuilding");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2.1 | {}",
        "2.1 | {\"onSharedStorage\": \"perhaps\"}",
        "2.14 | {\"onSharedStorage\": false}",
        "2.28 | {\"force\": true}",
        "2.29 | {\"force\": true}",
        "2.68 | {\"host\": \"host2\", \"force\": false}",
        "2.96 | {\"host\": \"\"}",
        "2.96 | {\"host\": 5}",
        "2.96 | {\"host\": \"a b\"}",
        "2.96 | {\"host\": \"host1\"}",
        "2.96 | null"
      })
  void in_another_form_is_refused(String version, String body) {
    fence(true);
    assertThat(ask(version, body).status()).isEqualTo(400);
    assertThat(task()).isEmpty();
  }

  @Test
  void to_an_unknown_host_is_404() {
    fence(true);
    TestApi.Answer answer = ask("2.96", "{\"host\": \"nowhere\"}");
    assertThat(answer.status()).isEqualTo(404);
    assertThat(message(answer)).isEqualTo("Compute host nowhere could not be found.");
  }

  @Test
  void to_where_it_is_says_so() {
    fence(true);
    assertThat(message(ask("2.96", "{\"host\": \"host1\"}")))
        .isEqualTo("The target host can't be the same one.");
  }

  @Test
  void that_takes_its_disks_for_shared_is_refused_before_they_are_lost() {
    fence(true);
    TestApi.Answer answer = ask("2.1", "{\"onSharedStorage\": true}");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(message(answer)).startsWith("Invalid state of instance files on shared storage");
    assertThat(task()).isEmpty();
  }

  @Test
  void of_a_host_that_nobody_states_to_be_down_is_refused() {
    TestApi.Answer answer = ask("2.96", "{}");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(message(answer)).startsWith("Compute service of host1 is still in use.");
    assertThat(all()).isEmpty();
  }

  @Test
  void of_a_host_that_is_forced_down_and_answers_is_refused() {
    fence(true);
    said.set(new Asked.Answered<>(new AgentAnswer.Done(new GuestReport(Runner.RUNNING, 1, ""))));
    TestApi.Answer answer = ask("2.96", "{}");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(message(answer)).startsWith("Compute service of host1 is still in use.");
    said.set(new Asked.NoAnswer<>("no broker", Asked.Cause.NO_BROKER));
    assertThat(ask("2.96", "{}").status()).isEqualTo(503);
    assertThat(all()).isEmpty();
  }

  @Test
  void in_a_wrong_state_is_a_conflict() {
    fence(true);
    assertThat(ask("2.96", "{}").status()).isEqualTo(200);
    TestApi.Answer again = ask("2.96", "{}");
    assertThat(again.status()).isEqualTo(409);
    assertThat(message(again))
        .isEqualTo(
            "Cannot 'evacuate' instance %s while it is in task_state rebuilding".formatted(SERVER));
  }

  @Test
  void of_a_tenant_is_forbidden_and_a_locked_server_is_evacuated() {
    fence(true);
    assertThat(ask("2.96", "{}", "someone:demo").status()).isEqualTo(403);
    assertThat(api.to("/v2.1/servers/" + SERVER + "/action").post("{\"lock\": null}").status())
        .isEqualTo(202);
    assertThat(ask("2.96", "{}").status()).isEqualTo(200);
  }

  @Test
  void is_among_migrations_of_its_own_type() {
    api.conductors.boots(OTHER, "demo", "host2");
    assertThat(
            api.to("/v1/migrations")
                .post("{\"migration\": {\"server\": \"%s\"}}".formatted(OTHER))
                .status())
        .isEqualTo(202);
    fence(true);
    assertThat(ask("2.96", "{}").status()).isEqualTo(200);
    JsonNode both = listed("");
    assertThat(both.valueStream().map(each -> each.get("migration_type").stringValue()))
        .containsExactly("evacuation", "live-migration");
    JsonNode one = both.get(0);
    assertThat(one.get("status").stringValue()).isEqualTo("accepted");
    assertThat(one.get("instance_uuid").stringValue()).isEqualTo(SERVER.toString());
    assertThat(one.get("source_compute").stringValue()).isEqualTo("host1");
    assertThat(one.propertyNames())
        .containsExactlyInAnyOrderElementsOf(
            both.get(1).propertyNames().stream().filter(name -> !name.equals("links")).toList());
    assertThat(listed("migration_type=evacuation")).hasSize(1);
    assertThat(listed("migration_type=live-migration")).hasSize(1);
    assertThat(listed("migration_type=resize")).isEmpty();
    assertThat(listed("status=done")).isEmpty();
    assertThat(listed("status=accepted")).hasSize(2);
    assertThat(listed("host=host2")).hasSize(1);
    JsonNode next = listed("limit=1&marker=" + one.get("uuid").stringValue());
    assertThat(next).hasSize(1);
    assertThat(next.get(0).get("migration_type").stringValue()).isEqualTo("live-migration");
    assertThat(
            api.stores.evacuations().find(MigrationId.parse(one.get("uuid").stringValue()).value()))
        .isPresent();
  }

  private JsonNode listed(String query) {
    TestApi.Answer answer = api.to("/v2.1/os-migrations?" + query).version("2.80").get();
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json().get("migrations");
  }

  @Test
  void of_all_servers_of_a_host_needs_consent_and_says_what_is_lost() {
    fence(true);
    TestApi.Answer refused = api.to(HERE).post("{}");
    assertThat(refused.status()).isEqualTo(400);
    assertThat(message(refused))
        .contains("cannot be read", "\"dryRun\": true", "\"rebuildFromImage\": true");
    assertThat(all()).isEmpty();
  }

  @Test
  void of_all_servers_says_of_each_what_becomes_of_it_and_does_nothing_in_a_dry_run() {
    api.conductors.boots(OTHER, "demo", "host1");
    var _ =
        api.stores
            .servers()
            .requestLife(
                OTHER, dev.tern.store.LifeRequest.PAUSE, api.conductors.request("demo", "demo"));
    api.conductors.pauses(OTHER);
    fence(true);
    var rows = api.stores.rows();
    TestApi.Answer answer = api.to(HERE).post("{\"dryRun\": true}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    JsonNode evacuation = answer.json().get("evacuation");
    assertThat(evacuation.get("rebuilt").intValue()).isEqualTo(1);
    assertThat(evacuation.get("cannot").intValue()).isEqualTo(1);
    JsonNode rebuilt = evacuation.get("servers").get(0);
    assertThat(rebuilt.get("becomes").stringValue()).isEqualTo("rebuilt");
    assertThat(rebuilt.get("disks_made_anew").get(0).stringValue()).isEqualTo("disk0");
    assertThat(rebuilt.get("ends").stringValue()).isEqualTo("active");
    JsonNode cannot = evacuation.get("servers").get(1);
    assertThat(cannot.get("becomes").stringValue()).isEqualTo("cannot");
    assertThat(cannot.get("why").stringValue()).contains("vm_state paused");
    assertThat(api.stores.rows()).isEqualTo(rows);
    assertThat(all()).isEmpty();
  }

  @Test
  void of_all_servers_begins_each_once() {
    fence(true);
    TestApi.Answer first = api.to(HERE).post(CONSENT);
    assertThat(first.status()).as(first.text()).isEqualTo(202);
    JsonNode server = first.json().get("evacuation").get("servers").get(0);
    UUID id = UUID.fromString(server.get("evacuation").stringValue());
    assertThat(all()).singleElement().satisfies(one -> assertThat(one.id()).isEqualTo(id));
    JsonNode again = api.to(HERE).post(CONSENT).json().get("evacuation");
    assertThat(again.get("under_way").intValue()).isEqualTo(1);
    assertThat(all()).hasSize(1);
    JsonNode shown = api.to("/v1/evacuations/" + id).get().json().get("evacuation");
    assertThat(shown.get("status").stringValue()).isEqualTo("accepted");
    assertThat(shown.get("old_disks").stringValue()).isEqualTo("keep");
    assertThat(api.to("/v1/evacuations?host=host1").get().json().get("evacuations")).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"rebuildFromImage\": true, \"host\": \"host1\"}",
        "{\"rebuildFromImage\": true, \"host\": \"nowhere\"}",
        "{\"rebuildFromImage\": true, \"oldDisks\": \"burn\"}",
        "{\"rebuildFromImage\": \"perhaps\"}",
        "{\"more\": 1}"
      })
  void of_all_servers_in_another_form_is_refused(String body) {
    fence(true);
    assertThat(api.to(HERE).post(body).status()).isEqualTo(400);
    assertThat(all()).isEmpty();
  }

  @Test
  void of_a_host_that_is_not_there_or_not_fenced_or_by_a_tenant_is_refused() {
    assertThat(api.to("/v1/hosts/nowhere/evacuate").post(CONSENT).status()).isEqualTo(404);
    assertThat(api.to(HERE).post(CONSENT).status()).isEqualTo(400);
    assertThat(api.to(HERE).post("{\"dryRun\": true}").status()).isEqualTo(400);
    fence(true);
    assertThat(api.to(HERE).as("someone:demo").post(CONSENT).status()).isEqualTo(403);
  }

  @Test
  void keeps_the_statement_in_force_until_the_host_has_been_told() {
    fence(true);
    assertThat(ask("2.96", "{}").status()).isEqualTo(200);
    assertThat(unforced().status()).isEqualTo(400);
    api.conductors.evacuates(SERVER, "host2", VmState.STOPPED);
    TestApi.Answer refused = unforced();
    assertThat(refused.status()).isEqualTo(400);
    assertThat(message(refused)).contains("has not been told");
    api.stores.evacuations().settle(all().getFirst().id(), Outcome.LEFT, "kept in /kept");
    assertThat(unforced().status()).isEqualTo(200);
    assertThat(listed("status=completed")).hasSize(1);
  }

  private TestApi.Answer unforced() {
    return api.to("/v2.1/os-services/force-down")
        .version("2.11")
        .method(
            "PUT", "{\"host\": \"host1\", \"binary\": \"nova-compute\", \"forced_down\": false}");
  }
}
