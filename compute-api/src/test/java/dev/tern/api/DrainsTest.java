package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.TestApi.Answer;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.Progress;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
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
import tools.jackson.databind.JsonNode;

@DisplayName("/v1/drains")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("S138")
class DrainsTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final HostName OTHER = new HostName("host2");

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
  }

  private DrainStore drains() {
    return api.stores.drains();
  }

  private Answer ask(String body) {
    return api.to("/v1/drains").post(body);
  }

  private JsonNode drain(Answer answer) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    return answer.json().get("drain");
  }

  private static String id(JsonNode drain) {
    return drain.get("id").asString();
  }

  private DrainRecord record(JsonNode drain) {
    return drains().find(UUID.fromString(id(drain))).orElseThrow();
  }

  /** What a conductor does while the API waits. */
  private void plans() {
    api.meanwhile.set(() ->
        drains()
            .open(10)
            .forEach(drain -> {
              if (drain.plan().isEmpty()) {
                assertThat(
                        drains()
                            .save(
                                drain,
                                new Progress(
                                    drain.state() == State.PLANNING ? State.PLANNED : drain.state(),
                                    Optional.of(plan()),
                                    Optional.empty(),
                                    List.of())))
                    .isTrue();
              }
            }));
  }

  private Plan plan() {
    return new Plan(
        api.stores.now(),
        List.of(
            new PlannedMove(
                SERVER,
                Optional.of(OTHER),
                1 << 20,
                Duration.ZERO,
                Duration.ofSeconds(90),
                Optional.of(Duration.ofMillis(40)),
                "")),
        Duration.ofSeconds(90),
        Duration.ofSeconds(90),
        "the last 3 migrations",
        List.of("a remark"));
  }

  @Test
  void closes_the_host_and_answers_with_the_plan() {
    plans();
    JsonNode drain = drain(ask("{\"host\": \"host1\", \"deadline\": \"2036-01-01T02:00:00Z\"}"));
    assertThat(drain.get("state").asString()).isEqualTo("draining");
    assertThat(drain.get("plan").get("deadline_met").booleanValue()).isTrue();
    assertThat(drain.get("plan").get("moves").get(0).get("to").asString()).isEqualTo("host2");
    JsonNode service =
        api.to("/v2.1/os-services?host=host1&binary=nova-compute")
            .get()
            .json()
            .get("services")
            .get(0);
    assertThat(service.get("status").asString()).isEqualTo("disabled");
    assertThat(service.get("disabled_reason").asString())
        .isEqualTo("drain %s is emptying it".formatted(id(drain)));
    JsonNode host = api.to("/v1/hosts/host1").get().json().get("host");
    assertThat(host.get("drain").get("state").asString()).isEqualTo("draining");
    assertThat(
            api.to("/v2.1/os-services/enable")
                .put("{\"host\": \"host1\", \"binary\": \"nova-compute\"}")
                .fault())
        .startsWith("409 ")
        .contains("Cancel the drain first");
  }

  @Test
  void that_misses_its_deadline_says_so_in_the_answer() {
    plans();
    String soon = api.stores.now().plusSeconds(60).toString();
    JsonNode drain = drain(ask("{\"host\": \"host1\", \"deadline\": \"%s\"}".formatted(soon)));
    assertThat(drain.get("plan").get("deadline_met").booleanValue()).isFalse();
    assertThat(drain.get("expected_end").asString()).isNotEmpty();
  }

  @Test
  void asked_for_twice_is_the_same() {
    JsonNode first = drain(ask("{\"host\": \"host1\"}"));
    assertThat(id(drain(ask("{\"drain\": {\"host\": \"host1\", \"order\": \"largest\"}}"))))
        .isEqualTo(id(first));
    assertThat(api.to("/v1/drains?host=host1").get().json().get("drains")).hasSize(1);
    assertThat(api.to("/v1/drains?host=host2").get().json().get("drains")).isEmpty();
  }

  @Test
  void planned_only_leaves_the_host_open() {
    plans();
    Answer answer = ask("{\"host\": \"host1\", \"dryRun\": true}");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().get("drain").get("state").asString()).isEqualTo("planned");
    assertThat(api.to("/v1/hosts/host1").get().json().get("host").get("drain").isNull()).isTrue();
  }

  private List<String> listed(String path) {
    return api.to(path).get().json().get("drains").valueStream().map(DrainsTest::id).toList();
  }

  @Test
  void planned_only_is_listed_only_when_it_is_asked_for() {
    plans();
    String real = id(drain(ask("{\"host\": \"host2\"}")));
    String first = id(ask("{\"host\": \"host1\", \"dry_run\": true}").json().get("drain"));
    String second = id(ask("{\"host\": \"host1\", \"dry_run\": true}").json().get("drain"));
    assertThat(listed("/v1/drains")).containsExactly(real);
    assertThat(listed("/v1/drains?host=host1")).isEmpty();
    assertThat(listed("/v1/drains?dry_runs=false")).containsExactly(real);
    assertThat(listed("/v1/drains?dry_runs=true")).containsExactly(second, first, real);
    JsonNode page = api.to("/v1/drains?dry_runs=true&limit=2").get().json();
    assertThat(page.get("drains").valueStream().map(DrainsTest::id)).containsExactly(second, first);
    assertThat(page.get("drains_links").get(0).get("href").asString())
        .contains("dry_runs=true", "marker=" + first);
    assertThat(listed("/v1/drains?dry_runs=true&limit=2&marker=" + first)).containsExactly(real);
    assertThat(api.to("/v1/drains?dry_runs=perhaps").get().status()).isEqualTo(400);
  }

  @Test
  void is_paused_resumed_changed_and_cancelled() {
    String path = "/v1/drains/" + id(drain(ask("{\"host\": \"host1\"}")));
    assertThat(drain(api.to(path + "/pause").post("")).get("paused").booleanValue()).isTrue();
    assertThat(drain(api.to(path + "/resume").post("")).get("paused").booleanValue()).isFalse();
    JsonNode changed =
        drain(
            api.to(path)
                .method(
                    "PATCH",
                    "{\"limits\": {\"out\": 3, \"bandwidth\": 1000000},"
                        + " \"onCannotMove\": \"ask\"}"));
    assertThat(changed.get("limits").get("out").intValue()).isEqualTo(3);
    assertThat(changed.get("on_cannot_move").asString()).isEqualTo("ask");
    changed = drain(api.to(path).method("PATCH", "{\"on_cannot_move\": \"cold\"}"));
    assertThat(changed.get("on_cannot_move").asString()).isEqualTo("cold");
    changed = drain(api.to(path).method("PATCH", "{\"limits\": {\"in\": 1, \"out\": null}}"));
    assertThat(changed.get("limits").get("out").isNull()).isTrue();
    assertThat(changed.get("limits").get("bandwidth").intValue()).isEqualTo(1_000_000);
    assertThat(drain(api.to(path + "/cancel").post("")).get("state").asString())
        .isEqualTo("cancelled");
    assertThat(api.to(path + "/pause").post("").status()).isEqualTo(409);
    assertThat(api.to("/v1/hosts/host1").get().json().get("host").get("drain").isNull()).isTrue();
  }

  @Test
  void reports_each_server_and_the_longest_pause() {
    ServerId left = ServerId.parse("33333333-3333-4333-8333-333333333333");
    api.conductors.boots(left, "demo", "host1");
    JsonNode asked = drain(ask("{\"host\": \"host1\"}"));
    assertThat(
            drains()
                .save(
                    record(asked),
                    new Progress(
                        State.INCOMPLETE,
                        Optional.of(plan()),
                        Optional.empty(),
                        List.of(
                            DrainServer.waiting(SERVER, Leg.OUT, 0)
                                .moved(
                                    OTHER,
                                    Duration.ofSeconds(80),
                                    77,
                                    Optional.of(Duration.ofMillis(12))),
                            DrainServer.waiting(left, Leg.OUT, 1)
                                .in(ServerState.LEFT, "It is stopped.")))))
        .isTrue();
    JsonNode drain = api.to("/v1/drains/" + id(asked)).get().json().get("drain");
    JsonNode report = drain.get("report");
    assertThat(report.get("moved").intValue()).isEqualTo(1);
    assertThat(report.get("bytes").intValue()).isEqualTo(77);
    assertThat(report.get("longest_pause_millis").intValue()).isEqualTo(12);
    assertThat(report.get("longest_pause_server").asString()).isEqualTo(SERVER.toString());
    assertThat(report.get("still_there").get(0).get("reason").asString())
        .isEqualTo("It is stopped.");
    JsonNode moved = drain.get("servers").get(0);
    assertThat(moved.get("name").asString()).isEqualTo("web");
    assertThat(moved.get("seconds").doubleValue()).isEqualTo(80);
    assertThat(moved.get("planned_seconds").doubleValue()).isEqualTo(90);
    String path = "/v1/drains/" + id(asked) + "/return";
    assertThat(drain(api.to(path).post("")).get("state").asString()).isEqualTo("returning");
    assertThat(ask("{\"host\": \"host1\"}").fault()).contains("coming home");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{\"host\": \"nobody\"} | 400 | Compute host nobody could not be found.",
        "{} | 400 | 'host' is a required property",
        "{\"host\": \"host1\", \"speed\": 1} | 400 | 'speed' was unexpected",
        "{\"host\": \"host1\", \"deadline\": \"2020-01-01T00:00:00Z\"} | 400 | It is in the past",
        "{\"host\": \"host1\", \"deadline\": \"soon\"} | 400 | It is not a time",
        "{\"host\": \"host1\", \"limits\": {\"out\": 0}} | 400 | 0 is not between 1 and 1000",
        "{\"host\": \"host1\", \"limits\": {\"out\": 4, \"cluster\": 2}} | 400 | more than the limit",
        "{\"host\": \"host1\", \"limits\": {\"bandwidth\": 1}} | 400 | Name bytes per second",
        "{\"host\": \"host1\", \"targets\": [\"host1\"]} | 400 | It is the host that is to be emptied",
        "{\"host\": \"host1\", \"targets\": [\"host7\"]} | 400 | Compute host host7 could not",
        "{\"host\": \"host1\", \"order\": \"random\"} | 400 | smallest_first, largest_first or a list",
        "{\"host\": \"host1\", \"order\": [\"x\"]} | 400 | x is no server's id",
        "{\"host\": \"host1\", \"on_cannot_move\": \"pray\"} | 400 | It is leave, stop, ask or cold",
      })
  void refuses_what_makes_no_sense(String body, int status, String words) {
    Answer answer = ask(body);
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.text()).contains(words);
    assertThat(drains().list(Optional.empty(), true, Optional.empty(), 10)).isEmpty();
  }

  @Test
  void of_the_last_host_is_refused_with_what_the_others_are() {
    assertThat(ask("{\"host\": \"host2\"}").status()).isEqualTo(202);
    assertThat(ask("{\"host\": \"host1\"}").fault())
        .startsWith("409 ")
        .contains("host1 is the last host that takes servers", "host2 is disabled (drain ");
    assertThat(api.to("/v1/hosts/host1").get().json().get("host").get("drain").isNull()).isTrue();
  }

  @Test
  void that_is_not_there_is_not_found() {
    for (String id : List.of("x", UUID.randomUUID().toString())) {
      assertThat(api.to("/v1/drains/" + id).get().status()).isEqualTo(404);
      assertThat(api.to("/v1/drains/" + id + "/cancel").post("").status()).isEqualTo(404);
    }
  }
}
