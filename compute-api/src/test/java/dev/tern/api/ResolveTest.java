package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.ActionStore.ActionRecord;
import dev.tern.store.FenceStore;
import dev.tern.store.FenceStore.FenceRecord;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

@DisplayName("A migration in doubt")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ResolveTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String HOME_KEEPS =
      "{\"resolve\": {\"runner\": \"source\", \"fenced\": \"host2\"}}";

  private static final String GIVEN_UP =
      "{\"resolve\": {\"runner\": \"none\", \"fenced\": \"host1\"}}";

  /** Asked for them, the API has no broker. */
  private final Set<HostName> brokerless = new HashSet<>();

  private final Map<HostName, Runner> answers = new LinkedHashMap<>();
  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
    api.agents.set((host, request, _) ->
        answers.containsKey(host)
            ? new Asked.Answered<>(new AgentAnswer.Done(new GuestReport(answers.get(host), 3, "")))
            : new Asked.NoAnswer<>(
                "nobody is there",
                brokerless.contains(host) ? Asked.Cause.NO_BROKER : Asked.Cause.SILENT));
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void moving() {
    api.reset();
    answers.clear();
    brokerless.clear();
    api.conductors.boots(SERVER, "demo", "host1");
    assertThat(
            api.to("/v1/migrations")
                .post("{\"migration\": {\"server\": \"%s\"}}".formatted(SERVER))
                .status())
        .isEqualTo(202);
    api.conductors.moves(SERVER, "host2");
  }

  private void inDoubt() {
    api.conductors.doubts(SERVER, "host2 is silent. Host host2 has not answered since noon.");
    answers.put(new HostName("host1"), Runner.HANDED_OVER);
  }

  private String path() {
    return "/v1/migrations/" + api.conductors.newest(SERVER).id();
  }

  private TestApi.Answer resolve(String body) {
    return api.to(path() + "/resolve").post(body);
  }

  private JsonNode shown() {
    return api.to(path()).get().json().get("migration");
  }

  private Optional<FenceRecord> stated() {
    return api.stores.fences().of(api.conductors.newest(SERVER).id());
  }

  @Test
  @Tag("S88")
  void shows_why_and_what_to_look_at() {
    assertThat(shown().get("doubt").isNull()).isTrue();

    inDoubt();

    JsonNode doubt = shown().get("doubt");
    assertThat(shown().get("in_doubt").booleanValue()).isTrue();
    assertThat(doubt.get("why").stringValue()).contains("host2 has not answered since noon");
    assertThat(doubt.get("since").stringValue()).startsWith("20");
    assertThat(doubt.get("look_at").toString())
        .contains("os-services", "host2", SERVER.toString(), path() + "/resolve");
  }

  @Test
  @Tag("S88")
  void is_not_resolved_while_nobody_can_be_asked() {
    inDoubt();
    brokerless.add(new HostName("host2"));

    TestApi.Answer refused = resolve(HOME_KEEPS);

    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.text()).contains("message broker", "host2", "try again");
    assertThat(stated()).isEmpty();
  }

  @Test
  @Tag("S88")
  void is_resolved_by_a_statement_that_is_kept_with_who_made_it() {
    inDoubt();
    long messages = api.stores.outbox().waiting();

    TestApi.Answer answer = resolve(HOME_KEEPS);

    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    JsonNode resolution = answer.json().get("migration").get("resolution");
    assertThat(resolution.get("runner").stringValue()).isEqualTo("source");
    assertThat(resolution.get("fenced").stringValue()).isEqualTo("host2");
    assertThat(resolution.get("user").stringValue()).isEqualTo("admin");
    assertThat(resolution.get("relied_on_at").isNull()).isTrue();
    assertThat(shown().get("resolution")).isEqualTo(resolution);
    assertThat(api.stores.outbox().waiting()).as("a conductor is woken").isEqualTo(messages + 1);
    ActionRecord action = api.stores.actions().list(SERVER).getFirst();
    assertThat(action.action()).isEqualTo("live_migration_resolve");
    assertThat(
            api.stores
                .actions()
                .find(SERVER, action.request())
                .orElseThrow()
                .events()
                .getFirst()
                .host())
        .contains(new HostName("host2"));

    assertThat(resolve(HOME_KEEPS).status()).as("again").isEqualTo(202);
    assertThat(stated().orElseThrow().request().value())
        .isEqualTo(resolution.get("request_id").stringValue());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | resolve",
        "{\"resolve\": []} | resolve",
        "{\"resolve\": {\"runner\": \"source\"}} | fenced",
        "{\"resolve\": {\"fenced\": \"host2\"}} | runner",
        "{\"resolve\": {\"runner\": \"host1\", \"fenced\": \"host2\"}} | runner",
        "{\"resolve\": {\"runner\": \"source\", \"fenced\": \"host1\"}} | host2",
        "{\"resolve\": {\"runner\": \"destination\", \"fenced\": \"host2\"}} | host1",
        "{\"resolve\": {\"runner\": \"source\", \"fenced\": \"HOST2\"}} | host2",
        "{\"resolve\": {\"runner\": \"none\", \"fenced\": \"host2\"}} | host1",
        "{\"resolve\": {\"runner\": \"none\"}} | fenced",
        "{\"resolve\": {\"runner\": \"None\", \"fenced\": \"host1\"}} | 'none'",
        "{\"resolve\": {\"runner\": \"source\", \"fenced\": true}} | fenced",
        "{\"resolve\": {\"runner\": \"source\", \"fenced\": \"host2\", \"force\": true}} | force"
      })
  void is_not_resolved_by_a_body_that_does_not_say_what_it_means(String body, String named) {
    inDoubt();

    TestApi.Answer answer = resolve(body);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).contains(named);
    assertThat(stated()).isEmpty();
  }

  private void assertRefused(TestApi.Answer answer, String... reasons) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(409);
    assertThat(answer.text()).contains(reasons);
    assertThat(stated()).isEmpty();
    assertThat(api.stores.actions().list(SERVER))
        .noneMatch(action -> action.action().equals("live_migration_resolve"));
  }

  @Test
  void that_is_none_is_not_resolved() {
    assertRefused(resolve(HOME_KEEPS), "not in doubt", "running");
  }

  @Test
  void that_has_ended_is_not_resolved() {
    api.conductors.takesBack(
        SERVER,
        dev.tern.contract.MigrationStatus.FAILED,
        new Failure(ErrorCode.HYPERVISOR_FAILED, "It broke."));
    assertRefused(resolve(HOME_KEEPS), "has ended as failed");
  }

  @ParameterizedTest
  @EnumSource(Runner.class)
  @Tag("S88")
  void is_not_resolved_while_the_host_that_is_said_to_be_dead_answers(Runner runner) {
    inDoubt();
    answers.put(new HostName("host2"), runner);
    assertRefused(resolve(HOME_KEEPS), "host2 answers");
  }

  @ParameterizedTest
  @EnumSource(
      value = Runner.class,
      names = {"INCOMING", "DEAD", "ABSENT", "BROKEN", "UNKNOWN"})
  void is_not_resolved_in_favour_of_a_host_that_has_no_guest(Runner runner) {
    inDoubt();
    answers.put(new HostName("host1"), runner);
    assertRefused(resolve(HOME_KEEPS), "host1 says", runner.name());
  }

  @Test
  void is_not_resolved_while_neither_host_answers() {
    inDoubt();
    answers.clear();
    assertRefused(resolve(HOME_KEEPS), "host1", "does not answer either");
  }

  @Test
  @Tag("S88")
  void is_not_resolved_by_starting_a_copy_that_never_had_the_whole_guest() {
    inDoubt();
    answers.clear();
    answers.put(new HostName("host2"), Runner.INCOMING);
    assertRefused(
        resolve("{\"resolve\": {\"runner\": \"destination\", \"fenced\": \"host1\"}}"),
        "the only copy of it that is known to be good");
  }

  private void destinationSays(Runner runner) {
    inDoubt();
    answers.clear();
    answers.put(new HostName("host2"), runner);
  }

  @ParameterizedTest
  @EnumSource(
      value = Runner.class,
      names = {"INCOMING", "DEAD", "ABSENT"})
  @Tag("S88")
  void is_resolved_by_giving_the_guest_up_with_a_source_that_is_lost(Runner runner) {
    destinationSays(runner);

    TestApi.Answer answer = resolve(GIVEN_UP);

    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    JsonNode resolution = answer.json().get("migration").get("resolution");
    assertThat(resolution.get("runner").stringValue()).isEqualTo("none");
    assertThat(resolution.get("fenced").stringValue()).isEqualTo("host1");
    assertThat(resolution.get("kept").isNull()).isTrue();
    assertThat(shown().get("resolution")).isEqualTo(resolution);
    ActionRecord action = api.stores.actions().list(SERVER).getFirst();
    assertThat(action.action()).isEqualTo("live_migration_resolve");
    assertThat(stated().orElseThrow().runs()).isEqualTo(FenceStore.Runs.NOWHERE);
    assertThat(resolve(GIVEN_UP).status()).as("again").isEqualTo(202);
  }

  @Test
  @Tag("S88")
  void shows_where_the_copy_is_kept_of_a_guest_that_was_given_up() {
    destinationSays(Runner.INCOMING);
    assertThat(resolve(GIVEN_UP).status()).isEqualTo(202);

    api.conductors.givesUp(SERVER, "host1", "/data/kept/it");

    JsonNode resolution = shown().get("resolution");
    assertThat(resolution.get("kept").get("host").stringValue()).isEqualTo("host2");
    assertThat(resolution.get("kept").get("directory").stringValue()).isEqualTo("/data/kept/it");
    assertThat(shown().get("status").stringValue()).isEqualTo("error");
    assertThat(shown().get("in_doubt").booleanValue()).isFalse();
    JsonNode server = api.to("/v2.1/servers/" + SERVER).get().json().get("server");
    assertThat(server.get("status").stringValue()).isEqualTo("ERROR");
    assertThat(server.get("fault").get("message").stringValue()).isNotEmpty();
  }

  @ParameterizedTest
  @EnumSource(
      value = Runner.class,
      names = {"RUNNING", "PAUSED", "STOPPED", "BROKEN"})
  @Tag("S88")
  void is_not_resolved_by_giving_up_a_guest_that_has_arrived(Runner runner) {
    destinationSays(runner);
    assertRefused(resolve(GIVEN_UP), "host2 says", "arrived", "'destination'", runner.name());
  }

  @ParameterizedTest
  @EnumSource(
      value = Runner.class,
      names = {"HANDED_OVER", "UNKNOWN"})
  void is_not_resolved_by_giving_up_a_guest_that_may_have_arrived(Runner runner) {
    destinationSays(runner);
    assertRefused(resolve(GIVEN_UP), "host2 says", "cannot tell", runner.name());
  }

  @ParameterizedTest
  @EnumSource(Runner.class)
  @Tag("S88")
  void is_not_resolved_by_giving_the_guest_up_while_its_source_answers(Runner runner) {
    destinationSays(Runner.INCOMING);
    answers.put(new HostName("host1"), runner);
    assertRefused(resolve(GIVEN_UP), "host1 answers");
  }

  @Test
  void is_not_resolved_by_giving_the_guest_up_while_its_destination_is_silent() {
    inDoubt();
    answers.clear();
    assertRefused(resolve(GIVEN_UP), "host2", "does not answer either");
  }

  @Test
  void that_is_none_is_not_resolved_by_giving_the_guest_up() {
    answers.put(new HostName("host2"), Runner.INCOMING);
    assertRefused(resolve(GIVEN_UP), "not in doubt", "running");
  }

  @Test
  void is_resolved_by_administrators_only() {
    inDoubt();
    assertThat(api.to(path() + "/resolve").as("demo:demo").post(HOME_KEEPS).status())
        .isEqualTo(403);
    assertThat(
            api.to("/v1/migrations/9d1c0a11-52be-4c39-8f0e-1c9c0f6b7a02/resolve")
                .post(HOME_KEEPS)
                .status())
        .isEqualTo(404);
    assertThat(api.to("/v1/migrations/nonsense/resolve").post(HOME_KEEPS).status()).isEqualTo(404);
    assertThat(stated()).isEmpty();
  }
}
