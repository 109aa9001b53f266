package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.TestApi.Answer;
import dev.tern.api.disks.Agents;
import dev.tern.api.fakes.Samples;
import dev.tern.api.servers.ServerAction;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.ConsoleOutput;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.agent.AgentResult.DiskReport;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.VolumeThere;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.dead.DeadLetter;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.Progress;
import dev.tern.store.DrainStore.State;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.LifeRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A request with an Idempotency-Key")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class IdempotencyTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String ACTION = "/v2.1/servers/" + SERVER + "/action";
  private static final String DISK = "/v1/servers/" + SERVER + "/disks/disk0";
  private static final String STOP = "{\"os-stop\": null}";
  private static final String VOLUMES = "/v1/servers/" + SERVER + "/volumes";
  private static final String VOLUME = "{\"volume\":{\"uri\":\"nbd://storage/pool/v\"}}";
  private static final String KEY =
      "{\"keypair\": {\"name\": \"k\", \"public_key\": \"ssh-ed25519"
          + " AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\"}}";
  private static final Duration HOLD = Duration.ofSeconds(30);
  private static final Duration KEEP = Duration.ofHours(24);

  private volatile Function<AgentRequest, Asked<AgentAnswer>> agent = IdempotencyTest::answer;
  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
    api.agents.set((_, request, _) -> agent.apply(request));
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void server() {
    api.reset();
    api.broker.clear();
    agent = IdempotencyTest::answer;
    api.conductors.boots(SERVER, "demo", "host1");
  }

  private static Asked<AgentAnswer> answer(AgentRequest request) {
    AgentResult result =
        switch (request) {
          case AgentRequest.CheckVolume _ -> new VolumeThere(1 << 20, 1);
          case AgentRequest.CheckCopy _ -> new Nothing();
          case AgentRequest.ReadConsole _ -> new ConsoleOutput("boot");
          case AgentRequest.DescribeDisks _ ->
              new DiskReport(
                  List.of(
                      new Disk(
                          "disk0",
                          Optional.of("disk0"),
                          "/data/disk0.qcow2",
                          Optional.empty(),
                          "qcow2",
                          "writeback",
                          Optional.empty(),
                          1 << 30,
                          1 << 20)));
          case AgentRequest.DescribeSource _, AgentRequest.DescribeServer _ ->
              throw new ComputeException(ErrorCode.GUEST_ABSENT, "no guest is here", null);
          default -> throw new IllegalStateException("the API does not ask this: " + request);
        };
    return new Asked.Answered<>(new AgentAnswer.Done(result));
  }

  // ---- every request there is

  /**
   * One request that changes something.
   *
   * @param mapping the path in the code
   * @param path makes what the request is about, and is where it goes
   */
  record Sample(
      String method,
      String mapping,
      String version,
      Function<IdempotencyTest, String> path,
      String body) {
    @Override
    public String toString() {
      return "%s %s %s".formatted(method, mapping, body);
    }
  }

  private static Sample post(
      String mapping, Function<IdempotencyTest, String> path, String version, String body) {
    return new Sample("POST", mapping, version, path, body);
  }

  private static Sample action(
      String version, Function<IdempotencyTest, String> prepare, String body) {
    return post("/v2.1/servers/{id}/action", prepare, version, body);
  }

  private String stopped() {
    var _ = api.stores.servers().requestStop(SERVER, api.conductors.request("demo", "demo"));
    api.conductors.stops(SERVER);
    return ACTION;
  }

  private String resized() {
    var _ =
        api.stores
            .coldMigrations()
            .request(
                new ColdMigrationStore.NewColdMigration(
                    java.util.UUID.randomUUID(),
                    SERVER,
                    Optional.empty(),
                    Optional.empty(),
                    Map.of()),
                api.conductors.request("demo", "demo"));
    api.conductors.migratesCold(SERVER, "host2");
    return ACTION;
  }

  private String paused() {
    var _ =
        api.stores
            .servers()
            .requestLife(SERVER, LifeRequest.PAUSE, api.conductors.request("demo", "demo"));
    api.conductors.pauses(SERVER);
    return ACTION;
  }

  private String suspended() {
    var _ =
        api.stores
            .servers()
            .requestLife(SERVER, LifeRequest.SUSPEND, api.conductors.request("demo", "demo"));
    api.conductors.suspends(SERVER);
    return ACTION;
  }

  private String checksPassMeanwhile() {
    api.meanwhile.set(() -> api.conductors.moves(SERVER, "host2"));
    return ACTION;
  }

  private String checksFailMeanwhile() {
    Failure failure = new Failure(ErrorCode.NO_VALID_HOST, "There is no host for it.");
    api.meanwhile.set(() -> {
      if (!api.conductors.newest(SERVER).status().terminal()) {
        api.conductors.takesBack(SERVER, MigrationStatus.ERROR, failure);
      }
    });
    return ACTION;
  }

  private String moving(String rest) {
    assertThat(
            api.to("/v1/migrations")
                .post("{\"migration\": {\"server\": \"%s\"}}".formatted(SERVER))
                .status())
        .isEqualTo(202);
    api.conductors.moves(SERVER, "host2");
    return "/v1/migrations/" + api.conductors.newest(SERVER).id() + rest;
  }

  private String inDoubt() {
    String path = moving("/resolve");
    api.conductors.doubts(SERVER, "host2 is silent");
    Agents others = Objects.requireNonNull(api.agents.get());
    api.agents.set((host, question, deadline) -> {
      if (!(question instanceof AgentRequest.AskGuest)) {
        return others.ask(host, question, deadline);
      }
      return host.value().equals("host1")
          ? new Asked.Answered<>(
              new AgentAnswer.Done(new GuestReport(GuestReport.Runner.HANDED_OVER, 3, "")))
          : new Asked.NoAnswer<>("nobody is there");
    });
    return path;
  }

  private String fenced() {
    assertThat(api.stores.hosts().setForcedDown(new HostName("host1"), true)).isTrue();
    Agents others = Objects.requireNonNull(api.agents.get());
    api.agents.set((host, question, deadline) ->
        question instanceof AgentRequest.AskGuest
            ? new Asked.NoAnswer<>("nobody is there")
            : others.ask(host, question, deadline));
    return ACTION;
  }

  private String forcedInNova() {
    String _ = moving("");
    return "/v2.1/servers/%s/migrations/%d/action"
        .formatted(SERVER, api.conductors.newest(SERVER).number());
  }

  private String copying(String rest) {
    assertThat(api.to(DISK + "/copy").post("{\"then\": \"wait\"}").status()).isEqualTo(202);
    return DISK + "/copy/" + api.stores.copies().list(SERVER, "disk0", 1).getFirst().id() + rest;
  }

  private String aggregate() {
    int number =
        api.stores.aggregates().create(UUID.randomUUID(), "all", Optional.empty()).number();
    return "/v2.1/os-aggregates/%d/action".formatted(number);
  }

  private String ownFlavor() {
    assertThat(
            api.to("/v2.1/flavors")
                .post(
                    "{\"flavor\": {\"id\": \"own\", \"name\": \"own\", \"ram\": 64, \"vcpus\": 1,"
                        + " \"disk\": 1, \"os-flavor-access:is_public\": false}}")
                .status())
        .isEqualTo(200);
    return "/v2.1/flavors/own/action";
  }

  private String draining(String rest) {
    return "/v1/drains/%s%s"
        .formatted(
            api.stores
                .drains()
                .request(
                    new NewDrain(UUID.randomUUID(), new HostName("host1"), Wishes.NONE, false),
                    api.conductors.request("admin", "admin"))
                .id(),
            rest);
  }

  private String drained() {
    String path = draining("/return");
    DrainRecord drain = api.stores.drains().unfinished(new HostName("host1")).orElseThrow();
    assertThat(
            api.stores
                .drains()
                .save(
                    drain,
                    new Progress(State.DRAINED, Optional.empty(), Optional.empty(), List.of())))
        .isTrue();
    return path;
  }

  private String dead() {
    DeadLetter letter =
        new DeadLetter(
            "a".repeat(64),
            "tern.conductor",
            "tern.conductor",
            Optional.empty(),
            "OTHER",
            "why",
            1,
            Map.of(),
            new byte[] {1},
            1,
            Samples.NOON);
    assertThat(api.stores.deadLetters().keep(letter)).isTrue();
    return "/v1/dead-letters/%s/resend"
        .formatted(api.stores.deadLetters().list(Optional.empty(), 1).getFirst().id());
  }

  static Stream<Sample> all() {
    String image = "{\"name\": \"d\", \"disk_format\": \"raw\", \"container_format\": \"bare\"}";
    String move = "{\"migration\": {\"server\": \"%s\", \"host\": \"host2\"}}".formatted(SERVER);
    String flavor = "{\"flavor\": {\"name\": \"f\", \"ram\": 64, \"vcpus\": 1, \"disk\": 1}}";
    String servers =
        "{\"server\": {\"name\": \"s\", \"flavorRef\": \"tiny\", \"imageRef\": \"%s\", \"min_count\": 2}}"
            .formatted(Samples.IMAGE);
    String live = "{\"os-migrateLive\": {\"host\": \"host2\", \"block_migration\": \"auto\"}}";
    String liveOld =
        "{\"os-migrateLive\": {\"host\": \"host2\", \"block_migration\": true, \"disk_over_commit\": false}}";
    return Stream.of(
        post("/image/v2/images", _ -> "/image/v2/images", "2.1", image),
        post("/v2.1/images", _ -> "/v2.1/images", "2.1", image),
        post("/v2.1/os-keypairs", _ -> "/v2.1/os-keypairs", "2.92", KEY),
        post(
            "/v2.1/os-server-groups",
            _ -> "/v2.1/os-server-groups",
            "2.64",
            "{\"server_group\": {\"name\": \"g\", \"policy\": \"affinity\"}}"),
        post(
            "/v2.1/os-aggregates",
            _ -> "/v2.1/os-aggregates",
            "2.41",
            "{\"aggregate\": {\"name\": \"a\"}}"),
        post(
            "/v2.1/os-aggregates/{id}/action",
            IdempotencyTest::aggregate,
            "2.41",
            "{\"add_host\": {\"host\": \"host1\"}}"),
        post(
            "/v2.1/flavors/{id}/os-extra_specs",
            _ -> "/v2.1/flavors/tiny/os-extra_specs",
            "2.86",
            "{\"extra_specs\": {\"a\": \"1\"}}"),
        post(
            "/v2.1/flavors/{id}/action",
            IdempotencyTest::ownFlavor,
            "2.7",
            "{\"addTenantAccess\": {\"tenant\": \"demo\"}}"),
        post("/v2.1/flavors", _ -> "/v2.1/flavors", "2.1", flavor),
        post("/v2.1/servers", _ -> "/v2.1/servers", "2.1", servers),
        action("2.1", _ -> ACTION, STOP),
        action("2.1", IdempotencyTest::stopped, "{\"os-start\": null}"),
        action("2.1", _ -> ACTION, "{\"pause\": null}"),
        action("2.1", IdempotencyTest::paused, "{\"unpause\": null}"),
        action("2.1", _ -> ACTION, "{\"suspend\": null}"),
        action("2.1", IdempotencyTest::suspended, "{\"resume\": null}"),
        action("2.1", _ -> ACTION, "{\"reboot\": {\"type\": \"HARD\"}}"),
        action("2.1", _ -> ACTION, "{\"migrate\": null}"),
        action("2.1", _ -> ACTION, "{\"resize\": {\"flavorRef\": \"3\"}}"),
        action("2.1", IdempotencyTest::resized, "{\"confirmResize\": null}"),
        action("2.1", IdempotencyTest::resized, "{\"revertResize\": null}"),
        action("2.1", _ -> ACTION, "{\"lock\": null}"),
        action("2.1", _ -> ACTION, "{\"unlock\": null}"),
        action("2.1", _ -> ACTION, "{\"os-resetState\": {\"state\": \"error\"}}"),
        post(
            "/v2.1/servers/{id}/metadata",
            _ -> "/v2.1/servers/" + SERVER + "/metadata",
            "2.1",
            "{\"metadata\": {\"a\": \"b\"}}"),
        action("2.34", _ -> ACTION, live),
        action("2.1", IdempotencyTest::checksPassMeanwhile, liveOld),
        action("2.1", _ -> ACTION, "{\"createImage\": {\"name\": \"i\"}}"),
        action("2.45", _ -> ACTION, "{\"createImage\": {\"name\": \"i\"}}"),
        action("2.1", _ -> ACTION, "{\"os-getConsoleOutput\": {}}"),
        post(
            "/v2.1/servers/{id}/migrations/{number}/action",
            IdempotencyTest::forcedInNova,
            "2.22",
            "{\"force_complete\": null}"),
        post("/v1/migrations", _ -> "/v1/migrations", "2.1", move),
        post("/v1/migrations/{uuid}/abort", api -> api.moving("/abort"), "2.1", ""),
        post(
            "/v1/migrations/{uuid}/force-complete",
            api -> api.moving("/force-complete"),
            "2.1",
            ""),
        action("2.13", IdempotencyTest::fenced, "{\"evacuate\": {\"onSharedStorage\": false}}"),
        action("2.68", IdempotencyTest::fenced, "{\"evacuate\": {\"host\": \"host2\"}}"),
        post(
            "/v1/hosts/{host}/evacuate",
            api -> {
              String _ = api.fenced();
              return "/v1/hosts/host1/evacuate";
            },
            "2.1",
            "{\"rebuildFromImage\": true}"),
        post(
            "/v1/migrations/{uuid}/resolve",
            IdempotencyTest::inDoubt,
            "2.1",
            "{\"resolve\": {\"runner\": \"source\", \"fenced\": \"host2\"}}"),
        new Sample(
            "PATCH",
            "/v1/migrations/{uuid}",
            "2.1",
            api -> api.moving(""),
            "{\"policy\": {\"max_bandwidth\": 70000}}"),
        post(
            "/v1/preflight",
            api -> {
              api.api.choosing.set(
                  (_, _) -> new Asked.Answered<>(new SchedulerAnswer.Planned(List.of())));
              return "/v1/preflight";
            },
            "2.1",
            "{\"host\": \"host1\"}"),
        post("/v1/drains", _ -> "/v1/drains", "2.1", "{\"host\": \"host1\"}"),
        post("/v1/rebalance", _ -> "/v1/rebalance", "2.1", "{\"moves\": 3}"),
        post(
            "/v1/hosts/{host}/relieve",
            _ -> "/v1/hosts/host1/relieve",
            "2.1",
            "{\"below\": {\"memory\": 0.8}}"),
        new Sample(
            "PATCH",
            "/v1/drains/{id}",
            "2.1",
            api -> api.draining(""),
            "{\"limits\": {\"out\": 1}}"),
        post("/v1/drains/{id}/pause", api -> api.draining("/pause"), "2.1", ""),
        post("/v1/drains/{id}/resume", api -> api.draining("/resume"), "2.1", ""),
        post("/v1/drains/{id}/cancel", api -> api.draining("/cancel"), "2.1", ""),
        post("/v1/drains/{id}/return", IdempotencyTest::drained, "2.1", ""),
        post("/v1/dead-letters/{id}/resend", IdempotencyTest::dead, "2.1", ""),
        post("/v1/servers/{id}/volumes", _ -> VOLUMES, "2.1", VOLUME),
        post("/v1/servers/{id}/disks/{disk}/snapshot", _ -> DISK + "/snapshot", "2.1", ""),
        post("/v1/servers/{id}/disks/{disk}/copy", _ -> DISK + "/copy", "2.1", "{}"),
        post(
            "/v1/servers/{id}/disks/{disk}/copy/{copy}/{end}",
            api -> api.copying("/cancel"),
            "2.1",
            ""),
        new Sample(
            "PATCH",
            "/v1/servers/{id}/disks/{disk}/copy/{copy}",
            "2.1",
            api -> api.copying(""),
            "{\"bandwidth\": 1048576}"));
  }

  /** Those of the identity service, which is there with {@code auth=embedded} only. */
  static Stream<Sample> logins() {
    return Stream.of(
            """
            "methods": ["password"], "password": {"user":
              {"name": "gull", "domain": {"id": "default"}, "password": "%s"}}}, "scope":
              {"project": {"name": "demo", "domain": {"id": "default"}}}\
            """
                .formatted(EmbeddedUsers.PASSWORD),
            """
            "methods": ["application_credential"],
              "application_credential": {"id": "c0ffee", "secret": "%s"}}\
            """
                .formatted(EmbeddedUsers.SECRET))
        .map(login ->
            post(
                "/identity/v3/auth/tokens",
                _ -> "/identity/v3/auth/tokens",
                "2.1",
                "{\"auth\": {\"identity\": {" + login + "}}"));
  }

  private static Set<String> changing(TestApi api) {
    return api.routes().stream()
        .filter(route -> route.startsWith("POST ") || route.startsWith("PATCH "))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * The answer is a token, which no database is to hold; and the digest of a body with a password
   * would be there to be guessed at.
   */
  @Test
  void is_no_login_and_nothing_else_is_exempt(@TempDir Path folder) throws IOException {
    try (TestApi embedded = new TestApi(folder.resolve("images"), EmbeddedUsers.in(folder))) {
      Set<String> exempt = changing(embedded);
      exempt.removeAll(changing(api));
      assertThat(logins().map(sample -> sample.method() + " " + sample.mapping()))
          .hasSameElementsAs(exempt);
      for (Sample login : logins().toList()) {
        Answer refused =
            embedded
                .to(login.mapping())
                .header("Idempotency-Key", "k1")
                .method(login.method(), login.body());
        assertThat(refused.status()).as(refused.text()).isEqualTo(400);
        assertThat(refused.text()).contains("A login takes no Idempotency-Key");
        assertThat(refused.header("X-Subject-Token")).isEmpty();
        Answer first = embedded.to(login.mapping()).method(login.method(), login.body());
        assertThat(first.status()).as(first.text()).isEqualTo(201);
        Answer whoIsIn =
            embedded
                .to(login.mapping())
                .as(first.header("X-Subject-Token"))
                .header("Idempotency-Key", "k1")
                .method(login.method(), login.body());
        assertThat(whoIsIn.status()).as(whoIsIn.text()).isEqualTo(400);
      }
      assertThat(embedded.keys.claimed()).isEmpty();
    }
  }

  @Test
  void can_be_any_that_changes_something() {
    Set<String> offered = changing(api);
    assertThat(all().map(sample -> sample.method() + " " + sample.mapping()))
        .containsOnlyOnceElementsOf(
            offered.stream().filter(each -> !each.endsWith("{id}/action")).toList())
        .hasSizeGreaterThan(offered.size());
    assertThat(
            all()
                .map(sample -> sample.method() + " " + sample.mapping())
                .collect(Collectors.toSet()))
        .isEqualTo(offered);
    for (ServerAction action : api.beans(ServerAction.class)) {
      assertThat(all().map(Sample::body)).anyMatch(body -> body.contains(action.key()));
    }
  }

  private List<Object> seen() {
    return List.of(
        api.stores.outbox().waiting(),
        api.stores.deadLetters().count(),
        api.broker.sent.size(),
        api.stores.images().list(Optional.empty(), 1000).size(),
        api.stores.flavors().list(Optional.empty(), 1000),
        api.stores.flavors().accessible("demo"),
        api.stores.keyPairs().list("admin", Optional.empty(), 10).size(),
        api.stores.groups().count("admin"),
        api.stores.aggregates().list(),
        api.stores.servers().usage("admin"),
        api.stores.actions().list(SERVER),
        api.stores.servers().find(SERVER),
        api.conductors.migrations(SERVER).size(),
        api.stores.copies().list(SERVER, "disk0", 100),
        api.stores.drains().list(Optional.empty(), true, Optional.empty(), 10));
  }

  private Answer send(Sample sample, String path, String key) {
    return api.to(path)
        .version(sample.version())
        .header("Idempotency-Key", key)
        .method(sample.method(), sample.body());
  }

  private static void assertAlike(Answer again, Answer first) {
    assertThat(again.status()).isEqualTo(first.status());
    assertThat(again.text()).isEqualTo(first.text());
    for (String header :
        List.of(
            "Location",
            "Content-Type",
            "X-Compute-Request-Id",
            "X-OpenStack-Request-Id",
            "OpenStack-API-Version")) {
      assertThat(again.header(header)).as(header).isEqualTo(first.header(header));
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void is_done_once_and_answered_alike(Sample sample) {
    String path = sample.path().apply(this);
    List<Object> before = seen();
    Answer first = send(sample, path, "k1");
    assertThat(first.status()).as(first.text()).isBetween(200, 204);
    assertThat(first.header("Idempotent-Replayed")).isEmpty();
    List<Object> after = seen();
    if (sample.mapping().equals("/v1/preflight")) {
      assertThat(after).isEqualTo(before);
    } else if (!sample.body().contains("Console")) {
      assertThat(after).isNotEqualTo(before);
    }
    Answer again = send(sample, path, "k1");
    assertAlike(again, first);
    assertThat(again.header("Idempotent-Replayed")).isEqualTo("true");
    assertThat(seen()).isEqualTo(after);
  }

  @ParameterizedTest
  @MethodSource("all")
  void is_done_once_although_its_api_dies_before_it_answers(Sample sample) {
    String path = sample.path().apply(this);
    api.keys.dying.set(true);
    Answer unheard = send(sample, path, "k1");
    api.keys.dying.set(false);
    List<Object> after = seen();
    Answer tooSoon = send(sample, path, "k1");
    if (api.stores.now().isBefore(Samples.NOON.plus(HOLD))) {
      assertThat(tooSoon.status()).isEqualTo(409);
      assertThat(tooSoon.text()).contains(" k1 is under way");
      assertThat(tooSoon.header("Retry-After")).isEqualTo("1");
    }
    api.time.pass(HOLD);
    Answer again = send(sample, path, "k1");
    assertThat(again.status()).isEqualTo(unheard.status());
    assertThat(again.text()).isEqualTo(unheard.text());
    assertThat(again.header("Location")).isEqualTo(unheard.header("Location"));
    assertThat(seen()).isEqualTo(after);
  }

  // ---- the same key for something else

  private Answer act(String key, String body) {
    return api.to(ACTION).header("Idempotency-Key", key).post(body);
  }

  @Test
  void is_refused_when_its_key_was_another_requests() {
    assertThat(act("k1", STOP).status()).isEqualTo(202);
    List<Object> after = seen();
    for (Answer other :
        List.of(
            act("k1", STOP + " "),
            act("k1", "{\"os-start\": null}"),
            api.to(VOLUMES).header("Idempotency-Key", "k1").post(STOP),
            api.to(ACTION + "?x=y").header("Idempotency-Key", "k1").post(STOP),
            api.to(ACTION).version("2.34").header("Idempotency-Key", "k1").post(STOP))) {
      assertThat(other.fault())
          .startsWith("422 unprocessableEntity: The Idempotency-Key k1 was used for another");
    }
    assertThat(seen()).isEqualTo(after);
  }

  @Test
  void shares_its_key_with_nobody() {
    assertThat(act("k1", STOP).status()).isEqualTo(202);
    String other = "{\"os-getConsoleOutput\": {}}";
    for (String caller : List.of("admin:demo", "user:admin", "user:demo")) {
      Answer answer = api.to(ACTION).as(caller).header("Idempotency-Key", "k1").post(other);
      assertThat(answer.status()).as(caller).isIn(200, 404);
      assertThat(answer.header("Idempotent-Replayed")).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\"\"", "two words", "quo\"te", "back\\slash", "\"", "tab\tbed"})
  void is_refused_when_its_key_is_none(String key) {
    Answer answer = act(key, STOP);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).contains("Idempotency-Key");
    assertThat(api.stores.servers().find(SERVER).orElseThrow().task()).isEmpty();
  }

  @Test
  void has_a_key_of_255_characters_at_most_and_one() {
    assertThat(act("k".repeat(256), STOP).status()).isEqualTo(400);
    Answer two =
        api.to(ACTION).header("Idempotency-Key", "a").header("Idempotency-Key", "b").post(STOP);
    assertThat(two.status()).isEqualTo(400);
    assertThat(act("k".repeat(255), STOP).status()).isEqualTo(202);
  }

  @Test
  void means_the_same_with_and_without_quotes() {
    Answer first = act("\"8e03978e-40d5-43e8-bc93-6894a57f9324\"", STOP);
    assertAlike(act("8e03978e-40d5-43e8-bc93-6894a57f9324", STOP), first);
  }

  // ---- what is kept, and for how long

  @Test
  void keeps_a_refusal_and_no_failure_of_ours() {
    agent = _ -> new Asked.NoAnswer<>("nobody is there");
    String key = "k1";
    assertThat(api.to(VOLUMES).header("Idempotency-Key", key).post(VOLUME).status()).isEqualTo(503);
    agent =
        _ ->
            new Asked.Answered<>(
                new AgentAnswer.Refused(new Failure(ErrorCode.VOLUME_UNREACHABLE, "Not there.")));
    Answer refused = api.to(VOLUMES).header("Idempotency-Key", key).post(VOLUME);
    assertThat(refused.status()).isEqualTo(409);
    agent = IdempotencyTest::answer;
    Answer again = api.to(VOLUMES).header("Idempotency-Key", key).post(VOLUME);
    assertAlike(again, refused);
    assertThat(api.to(VOLUMES).header("Idempotency-Key", "k2").post(VOLUME).status())
        .isEqualTo(202);
  }

  @Test
  void keeps_the_failed_checks_of_a_migration_as_its_answer() {
    String path = checksFailMeanwhile();
    String live =
        "{\"os-migrateLive\": {\"host\": null, \"block_migration\": true, \"disk_over_commit\": false}}";
    Answer first = api.to(path).header("Idempotency-Key", "k1").post(live);
    assertThat(first.fault()).isEqualTo("400 badRequest: There is no host for it.");
    assertAlike(api.to(path).header("Idempotency-Key", "k1").post(live), first);
    assertThat(api.conductors.migrations(SERVER)).hasSize(1);
  }

  @Test
  void waits_for_the_same_one_under_way() {
    String live =
        "{\"os-migrateLive\": {\"host\": null, \"block_migration\": true, \"disk_over_commit\": false}}";
    AtomicReference<Answer> during = new AtomicReference<>();
    api.meanwhile.set(() -> {
      during.set(act("k1", live));
      api.conductors.moves(SERVER, "host2");
    });
    Answer first = act("k1", live);
    assertThat(first.status()).as(first.text()).isEqualTo(202);
    Answer meanwhile = java.util.Objects.requireNonNull(during.get());
    assertThat(meanwhile.fault())
        .isEqualTo(
            "409 conflictingRequest: A request with the Idempotency-Key k1 is under way. Send it again later.");
    assertThat(meanwhile.header("Retry-After")).isEqualTo("1");
    assertAlike(act("k1", live), first);
  }

  @Test
  void is_done_by_the_one_that_took_over_from_one_too_slow() {
    AtomicReference<Answer> next = new AtomicReference<>();
    agent =
        request -> {
          agent = IdempotencyTest::answer;
          api.time.pass(HOLD);
          next.set(api.to(VOLUMES).header("Idempotency-Key", "k1").post(VOLUME));
          return answer(request);
        };
    Answer slow = api.to(VOLUMES).header("Idempotency-Key", "k1").post(VOLUME);
    assertThat(java.util.Objects.requireNonNull(next.get()).status()).isEqualTo(202);
    assertThat(slow.status()).isEqualTo(409);
    assertThat(slow.header("Retry-After")).isEqualTo("1");
    assertThat(api.stores.volumes().of(List.of(SERVER)).get(SERVER)).hasSize(1);
    assertAlike(
        api.to(VOLUMES).header("Idempotency-Key", "k1").post(VOLUME),
        java.util.Objects.requireNonNull(next.get()));
  }

  @Test
  void is_a_new_one_when_its_key_is_forgotten() {
    String console = "{\"os-getConsoleOutput\": {}}";
    assertThat(act("k1", console).status()).isEqualTo(200);
    api.time.pass(KEEP.minusSeconds(1));
    assertThat(act("k1", console).header("Idempotent-Replayed")).isEqualTo("true");
    assertThat(act("k1", STOP).status()).isEqualTo(422);
    api.time.pass(Duration.ofSeconds(2));
    assertThat(act("k1", STOP).status()).isEqualTo(202);
  }

  // ---- bodies that are no JSON

  @Test
  void is_no_upload() {
    String image =
        api.to("/image/v2/images")
            .post("{\"name\": \"d\", \"disk_format\": \"raw\", \"container_format\": \"bare\"}")
            .json()
            .get("id")
            .stringValue();
    String file = "/image/v2/images/" + image + "/file";
    Answer refused = api.to(file).header("Idempotency-Key", "k1").upload(new byte[1024]);
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.text()).contains("os_hash_value");
    assertThat(api.to(file).upload(new byte[1024]).status()).isEqualTo(204);
  }

  @Test
  void is_refused_when_its_body_is_too_long_and_its_key_stays_free() {
    assertThat(act("k1", "{\"x\": \"" + "y".repeat(300_000) + "\"}").status()).isEqualTo(413);
    assertThat(act("k1", STOP).status()).isEqualTo(202);
  }
}
