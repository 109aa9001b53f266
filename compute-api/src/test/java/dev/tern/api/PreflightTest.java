package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest.DescribeServer;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.ImmutableFile;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.contract.host.HostAnswer.WritesWatched;
import dev.tern.contract.host.HostQuestion.CheckArrival;
import dev.tern.contract.host.HostQuestion.WatchWrites;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.contract.scheduler.Decision.Verdict;
import dev.tern.contract.scheduler.SchedulerAnswer.Planned;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.contract.scheduler.Wanted;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("/v1/preflight")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PreflightTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final ServerId SECOND = ServerId.parse("33333333-3333-4333-8333-333333333333");
  private static final HostName ONE = new HostName("host1");
  private static final HostName TWO = new HostName("host2");
  private static final String LAYER = "b".repeat(64);

  private final List<PlanHosts> planned = new CopyOnWriteArrayList<>();
  private final List<HostName> checked = new CopyOnWriteArrayList<>();
  private final List<WatchWrites> watched = new CopyOnWriteArrayList<>();
  private Set<HostName> refusing = Set.of();
  private Function<HostName, Asked<HostAnswer>> writes = _ -> new Asked.NoAnswer<>("");
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
  void aServer() {
    api.reset();
    api.conductors.boots(SERVER, "demo", "host1");
    planned.clear();
    checked.clear();
    refusing = Set.of();
    api.agents.set((_, request, _) ->
        request instanceof DescribeSource
            ? new Asked.Answered<>(new AgentAnswer.Done(guest()))
            : new Asked.NoAnswer<>("only the guest is asked for"));
    watched.clear();
    writes = _ -> new Asked.NoAnswer<>("too old to know the question");
    api.answering.set((host, question, _) -> {
      if (question instanceof WatchWrites watch) {
        watched.add(watch);
        return writes.apply(host);
      }
      assertThat(question).isInstanceOf(CheckArrival.class);
      checked.add(host);
      return new Asked.Answered<>(
          refusing.contains(host)
              ? new HostAnswer.Refused(new Failure(ErrorCode.DESTINATION_DISK_EXISTS, "in the way"))
              : new HostAnswer.ArrivalChecked(
                  new DestinationFacts(
                      "", 10, 100, List.of(LAYER), Optional.of(List.of(LAYER)), Optional.empty())));
    });
    api.choosing.set((question, _) -> {
      PlanHosts plan = (PlanHosts) question;
      planned.add(plan);
      return new Asked.Answered<>(
          new Planned(plan.servers().stream().map(PreflightTest::decide).toList()));
    });
  }

  /** Like a scheduler for which only two hosts are there. */
  private static Decision decide(Wanted wanted) {
    HostName other = wanted.source().equals(Optional.of(ONE)) ? TWO : ONE;
    boolean back = wanted.requested().isPresent();
    Optional<Failure> why =
        back
            ? Optional.of(new Failure(ErrorCode.DESTINATION_HYPERVISOR_TOO_OLD, "too old there"))
            : Optional.ofNullable(wanted.refused().get(other))
                .map(_ -> new Failure(ErrorCode.NO_VALID_HOST, "No valid host was found."));
    List<Refusal> refusals =
        why.map(failure ->
                List.of(new Refusal("SomeFilter", failure, "much", "little", Optional.empty())))
            .orElse(List.of());
    return new Decision(
        wanted.server(),
        why.isEmpty() ? Optional.of(other) : Optional.empty(),
        why,
        2,
        why.isEmpty() ? 1 : 0,
        List.of(new Verdict(other, refusals, List.of(), 0)),
        List.of(),
        List.of());
  }

  private static SourceFacts guest() {
    return guest(100, 40);
  }

  private static SourceFacts guest(long virtual, long allocated) {
    return new SourceFacts(
        "{}",
        "QEMU",
        7_002_000,
        "q35",
        "tcg",
        1,
        128,
        List.of(
            new DiskFacts(
                "disk0",
                DiskKind.LOCAL,
                "qcow2",
                virtual,
                allocated,
                0,
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.of(List.of()))),
        List.of(),
        List.of(new ImmutableFile(LAYER, 50)),
        false,
        Optional.empty(),
        true);
  }

  private List<Object> everything() {
    return new ArrayList<>(
        List.of(
            api.stores.servers().find(SERVER),
            api.stores.claims().of(SERVER),
            api.stores.actions().list(SERVER),
            api.stores.outbox().waiting(),
            api.conductors.migrations(SERVER).size(),
            api.stores.decisions().of(SERVER, 10)));
  }

  private JsonNode look(String body) {
    List<Object> before = everything();
    TestApi.Answer answer = api.to("/v1/preflight").post(body);
    assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
    assertThat(everything()).isEqualTo(before);
    return answer.json().path("preflight");
  }

  private static String one() {
    return "{\"server\": \"%s\"}".formatted(SERVER);
  }

  @Test
  void tells_plan_forecast_and_return_and_changes_nothing() {
    JsonNode look = look(one());
    assertThat(look.path("possible").booleanValue()).isTrue();
    JsonNode server = look.path("servers").path(0);
    assertThat(server.path("source").stringValue()).isEqualTo("host1");
    assertThat(server.path("name").stringValue()).isEqualTo("web");
    assertThat(server.path("destination").stringValue()).isEqualTo("host2");
    assertThat(server.path("plan").path("memory_bytes").longValue()).isEqualTo(128L << 20);
    assertThat(server.path("plan").path("layer_bytes").longValue()).isEqualTo(50);
    assertThat(server.path("plan").path("disk_bytes").longValue()).isEqualTo(40);
    assertThat(server.at("/plan/disks/0/mode").stringValue()).isEqualTo("full");
    assertThat(server.at("/forecast/basis").stringValue()).contains("100 MB/s are assumed");
    assertThat(server.at("/forecast/converges").isNull()).isTrue();
    assertThat(server.at("/forecast/not_measured").stringValue()).contains("not be measured");
    assertThat(server.at("/return/possible").booleanValue()).isFalse();
    assertThat(server.at("/return/reasons/0").stringValue()).isEqualTo("too old there");
    assertThat(planned.getLast().earlier()).hasSize(1);
    assertThat(planned.getLast().servers().getFirst().requested()).contains(ONE);
    assertThat(checked).containsExactly(TWO);
  }

  private void writes(Map<ServerId, GuestWrites> told) {
    writes = _ -> new Asked.Answered<>(new WritesWatched(told));
  }

  @Test
  void tells_what_each_guest_writes_and_asks_their_host_once() {
    api.conductors.boots(SECOND, "demo", "host1");
    writes(
        Map.of(
            SERVER, new GuestWrites(Optional.of(7L << 20), "", 4096),
            SECOND, new GuestWrites(Optional.empty(), "too slow", 8192)));
    JsonNode servers =
        look("{\"servers\": [\"%s\", \"%s\"]}".formatted(SERVER, SECOND)).path("servers");
    JsonNode known = servers.path(0).path("forecast");
    assertThat(known.at("/writes/memory_bytes_per_second").longValue()).isEqualTo(7L << 20);
    assertThat(known.at("/writes/disk_bytes_per_second").longValue()).isEqualTo(4096);
    assertThat(known.path("not_measured").isNull()).isTrue();
    JsonNode small = servers.path(1).path("forecast");
    assertThat(small.at("/writes/memory_bytes_per_second").isNull()).isTrue();
    assertThat(small.at("/writes/reason").stringValue()).isEqualTo("too slow");
    assertThat(small.path("not_measured").stringValue()).contains("not be measured");
    assertThat(watched)
        .containsExactly(new WatchWrites(List.of(SERVER, SECOND), Duration.ofSeconds(1)));
  }

  @Test
  void foresees_from_what_is_written_and_what_went_before_whether_it_converges() {
    api.conductors.boots(SECOND, "demo", "host1");
    String move = "{\"os-migrateLive\": {\"host\": null, \"block_migration\": \"auto\"}}";
    assertThat(api.to("/v2.1/servers/" + SECOND + "/action").version("2.34").post(move).status())
        .isEqualTo(202);
    api.conductors.moves(SECOND, "host2");
    api.time.pass(Duration.ofSeconds(10));
    api.conductors.completes(SECOND);

    writes(Map.of(SERVER, new GuestWrites(Optional.of(0L), "", 0)));
    JsonNode quiet = look(one()).path("servers").path(0).path("forecast");
    assertThat(quiet.path("converges").booleanValue()).isTrue();
    assertThat(quiet.at("/seconds/expected").isNumber()).isTrue();

    writes(Map.of(SERVER, new GuestWrites(Optional.of(1L << 60), "", 0)));
    JsonNode wild = look(one()).path("servers").path(0).path("forecast");
    assertThat(wild.path("converges").booleanValue()).isFalse();
    assertThat(wild.path("seconds").isNull()).isTrue();
    assertThat(wild.path("reason").stringValue()).contains("would not converge");
  }

  @Test
  void is_told_without_what_is_written_when_that_cannot_be_measured() {
    for (Function<HostName, Asked<HostAnswer>> broken :
        List.<Function<HostName, Asked<HostAnswer>>>of(
            _ -> new Asked.NoAnswer<>("slow"),
            _ ->
                new Asked.Answered<>(
                    new HostAnswer.Refused(new Failure(ErrorCode.HYPERVISOR_FAILED, "broken"))),
            _ -> {
              throw new IllegalStateException("the broker is away");
            })) {
      writes = broken;
      JsonNode look = look(one());
      assertThat(look.path("possible").booleanValue()).isTrue();
      JsonNode forecast = look.path("servers").path(0).path("forecast");
      assertThat(forecast.path("writes").isNull()).isTrue();
      assertThat(forecast.path("converges").isNull()).isTrue();
      assertThat(forecast.path("not_measured").isString()).isTrue();
    }
  }

  @Test
  void tries_another_when_a_destination_refuses_and_says_what_stands_against_each() {
    refusing = Set.of(TWO);
    JsonNode look = look("{\"host\": \"host1\", \"targets\": [\"host2\"]}");
    assertThat(look.path("possible").booleanValue()).isFalse();
    JsonNode server = look.path("servers").path(0);
    assertThat(server.at("/blockers/0/code").stringValue()).isEqualTo("NoValidHost");
    assertThat(server.at("/candidates/hosts/0/refusals/0/filter").stringValue())
        .isEqualTo("SomeFilter");
    assertThat(planned.getLast().servers().getFirst().refused())
        .isEqualTo(Map.of(TWO, new Failure(ErrorCode.DESTINATION_DISK_EXISTS, "in the way")));
    assertThat(planned.getLast().among()).containsExactly(TWO);
    assertThat(watched).as("a guest that stays").isEmpty();
    assertThat(server.path("return").isNull()).isTrue();
  }

  @Test
  void says_what_keeps_a_guest_from_leaving() {
    api.agents.set((_, _, _) ->
        new Asked.Answered<>(
            new AgentAnswer.Refused(
                new Failure(ErrorCode.SOURCE_LACKS_QEMU_FEATURE, "lacks a command"))));
    JsonNode server = look(one()).path("servers").path(0);
    assertThat(server.at("/blockers/0/message").stringValue()).isEqualTo("lacks a command");
    assertThat(server.path("candidates").isNull()).isTrue();
    assertThat(checked).isEmpty();
  }

  @Test
  void refuses_what_it_cannot_look_at() {
    for (String body :
        List.of(
            "{}",
            "{\"host\": \"host1\", \"server\": \"%s\"}".formatted(SERVER),
            "{\"servers\": []}",
            "{\"servers\": \"x\"}",
            "{\"host\": \"nowhere\"}",
            "{\"server\": \"%s\", \"targets\": [\"nowhere\"]}".formatted(SERVER),
            "{\"server\": \"%s\", \"on_cannot_move\": \"stop\"}".formatted(SERVER),
            "{\"server\": \"%s\", \"now\": true}".formatted(SERVER))) {
      assertThat(api.to("/v1/preflight").post(body).status()).as(body).isEqualTo(400);
    }
    assertThat(api.to("/v1/preflight").post("{\"server\": \"x\"}").status()).isEqualTo(404);
    assertThat(api.to("/v1/preflight").as("u:demo").post(one()).status()).isEqualTo(403);
  }

  @Test
  void says_so_when_no_scheduler_answers() {
    api.choosing.set((_, _) -> new Asked.NoAnswer<>("away"));
    assertThat(api.to("/v1/preflight").post(one()).status()).isEqualTo(503);
  }

  private void act(String action) {
    assertThat(api.to("/v2.1/servers/" + SERVER + "/action").version("2.34").post(action).status())
        .isEqualTo(202);
  }

  private void describesStopped(SourceFacts said) {
    api.agents.set((_, request, _) ->
        request instanceof DescribeServer
            ? new Asked.Answered<>(new AgentAnswer.Done(said))
            : new Asked.NoAnswer<>("it does not run"));
  }

  @Test
  @Tag("S122")
  void says_what_a_cold_move_takes_of_a_server_that_does_not_run() {
    act("{\"os-stop\": null}");
    api.conductors.stops(SERVER);
    describesStopped(guest());
    JsonNode look = look(one());
    assertThat(look.path("possible").booleanValue()).isFalse();
    JsonNode server = look.path("servers").path(0);
    assertThat(server.at("/blockers/0/message").stringValue()).startsWith("It is stopped");
    assertThat(watched).as("a guest that does not run").isEmpty();
    JsonNode cold = server.path("cold");
    assertThat(cold.path("possible").booleanValue()).isTrue();
    assertThat(cold.path("destination").stringValue()).isEqualTo("host2");
    assertThat(cold.path("why").stringValue()).startsWith("It is stopped");
    assertThat(cold.path("says").stringValue()).isEqualTo("It moves cold, and stays stopped.");
    assertThat(cold.at("/plan/disk_bytes").longValue()).isEqualTo(40);
    assertThat(cold.at("/plan/layer_bytes").longValue()).isEqualTo(50);
    assertThat(cold.at("/forecast/seconds/expected").doubleValue()).isEqualTo(2.0);
    assertThat(cold.at("/forecast/down_millis").isNull()).isTrue();
    assertThat(cold.at("/forecast/basis").stringValue()).contains("100 MB/s are assumed");
    assertThat(planned.getLast().servers().getFirst().resources().diskBytes())
        .as("as a cold migration claims")
        .isEqualTo(100);
    JsonNode asked = look("{\"server\": \"%s\", \"on_cannot_move\": \"cold\"}".formatted(SERVER));
    assertThat(asked.path("possible").booleanValue()).isTrue();
    assertThat(asked.at("/servers/0/possible").booleanValue()).isTrue();
  }

  @Test
  void says_for_how_long_a_guest_would_be_down_that_cannot_move_while_it_runs() {
    SourceFacts big = guest(400_000_000, 400_000_000);
    api.agents.set((_, request, _) ->
        request instanceof DescribeServer
            ? new Asked.Answered<>(new AgentAnswer.Done(big))
            : new Asked.Answered<>(
                new AgentAnswer.Refused(
                    new Failure(ErrorCode.SOURCE_LACKS_QEMU_FEATURE, "lacks a command"))));
    JsonNode cold = look(one()).path("servers").path(0).path("cold");
    assertThat(cold.path("why").stringValue()).isEqualTo("lacks a command");
    assertThat(cold.path("says").stringValue())
        .isEqualTo("It moves cold, and is down for about 14 s. lacks a command");
    assertThat(cold.at("/forecast/down_millis").longValue()).isEqualTo(14_000);
  }

  @Test
  void of_one_that_does_not_converge_says_what_moving_it_cold_takes_after_the_places_of_others() {
    api.conductors.boots(SECOND, "demo", "host1");
    String move = "{\"os-migrateLive\": {\"host\": null, \"block_migration\": \"auto\"}}";
    assertThat(api.to("/v2.1/servers/" + SECOND + "/action").version("2.34").post(move).status())
        .isEqualTo(202);
    api.conductors.moves(SECOND, "host2");
    api.time.pass(Duration.ofSeconds(10));
    api.conductors.completes(SECOND);
    api.agents.set((_, request, _) ->
        request instanceof DescribeSource || request instanceof DescribeServer
            ? new Asked.Answered<>(new AgentAnswer.Done(guest()))
            : new Asked.NoAnswer<>("only the guest is asked for"));
    writes(
        Map.of(
            SERVER, new GuestWrites(Optional.of(1L << 60), "", 0),
            SECOND, new GuestWrites(Optional.of(0L), "", 0)));
    JsonNode servers =
        look("{\"servers\": [\"%s\", \"%s\"]}".formatted(SERVER, SECOND)).path("servers");
    assertThat(servers.at("/0/possible").booleanValue()).isTrue();
    assertThat(servers.at("/0/cold/why").stringValue()).contains("would not converge");
    assertThat(servers.at("/0/cold/possible").booleanValue()).isTrue();
    assertThat(servers.at("/1/cold").isNull()).isTrue();
    assertThat(planned.getLast().earlier())
        .singleElement()
        .satisfies(placed -> assertThat(placed.server()).isEqualTo(SECOND));
  }

  @Test
  void says_why_a_server_moves_in_neither_way() {
    act("{\"suspend\": null}");
    api.conductors.suspends(SERVER);
    JsonNode server =
        look("{\"server\": \"%s\", \"on_cannot_move\": \"cold\"}".formatted(SERVER))
            .path("servers")
            .path(0);
    assertThat(server.path("possible").booleanValue()).isFalse();
    assertThat(server.at("/cold/possible").booleanValue()).isFalse();
    assertThat(server.at("/cold/blockers/0/message").stringValue()).startsWith("It is suspended");
    assertThat(server.at("/cold/forecast").isNull()).isTrue();
    assertThat(planned).isEmpty();
  }
}
