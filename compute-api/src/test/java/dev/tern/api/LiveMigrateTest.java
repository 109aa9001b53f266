package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.store.LifeRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
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
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A request to migrate a server live")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LiveMigrateTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String AUTO =
      "{\"os-migrateLive\": {\"host\": null, \"block_migration\": \"auto\"}}";

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
    api.conductors.boots(SERVER, "demo", "host1");
  }

  private TestApi.Answer ask(String version, String body) {
    return ask(version, body, "admin:admin");
  }

  private TestApi.Answer ask(String version, String body, String token) {
    return api.to("/v2.1/servers/" + SERVER + "/action").version(version).as(token).post(body);
  }

  private static String toHost(String host) {
    return "{\"os-migrateLive\": {\"host\": \"%s\", \"block_migration\": \"auto\"}}"
        .formatted(host);
  }

  private long number() {
    return api.conductors.newest(SERVER).number();
  }

  private Optional<TaskState> task() {
    return api.stores.servers().find(SERVER).orElseThrow().task();
  }

  @Test
  @Tag("S13")
  void from_2_34_on_is_accepted_at_once_with_the_server_locked() {
    TestApi.Answer answer = ask("2.34", AUTO);
    assertThat(answer.status()).isEqualTo(202);
    assertThat(answer.text()).isEmpty();
    assertThat(task()).contains(TaskState.MIGRATING);
    assertThat(api.conductors.newest(SERVER).status()).isEqualTo(MigrationStatus.ACCEPTED);
    var server = api.to("/v2.1/servers/" + SERVER).get().json().get("server");
    assertThat(server.get("status").stringValue()).isEqualTo("MIGRATING");
  }

  @Test
  @Tag("S13")
  void below_2_34_is_answered_when_the_checks_have_passed() {
    api.meanwhile.set(() -> api.conductors.moves(SERVER, "host2"));
    assertThat(ask("2.30", AUTO).status()).isEqualTo(202);
    assertThat(api.conductors.newest(SERVER).checked()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = ErrorCode.class,
      names = {
        "NO_VALID_HOST",
        "COMPUTE_SERVICE_UNAVAILABLE",
        "INVALID_HYPERVISOR_TYPE",
        "DESTINATION_HYPERVISOR_TOO_OLD",
        "INVALID_LOCAL_STORAGE",
        "INVALID_SHARED_STORAGE",
        "DESTINATION_LACKS_MEMORY",
        "MIGRATION_PRE_CHECK_ERROR"
      })
  @Tag("S105")
  @Tag("S106")
  @Tag("S107")
  @Tag("S109")
  @Tag("S110")
  @Tag("S111")
  @Tag("S112")
  @Tag("S154")
  void below_2_34_is_answered_with_the_failed_check_and_the_server_is_free(ErrorCode code) {
    api.meanwhile.set(() ->
        api.conductors.takesBack(
            SERVER, MigrationStatus.ERROR, new Failure(code, "The reason, with figures 1 and 2.")));
    assertThat(ask("2.1", BODY_2_1).fault())
        .isEqualTo("400 badRequest: The reason, with figures 1 and 2.");
    assertThat(task()).isEmpty();
  }

  private static final String BODY_2_1 =
      "{\"os-migrateLive\": {\"host\": null, \"block_migration\": true, \"disk_over_commit\": false}}";

  @Test
  void below_2_34_that_was_stopped_meanwhile_is_a_conflict() {
    api.meanwhile.set(() ->
        api.conductors.takesBack(
            SERVER,
            MigrationStatus.CANCELLED,
            new Failure(ErrorCode.MIGRATION_CANCELLED, "Stopped.")));
    assertThat(ask("2.30", AUTO).fault()).isEqualTo("409 conflictingRequest: Stopped.");
  }

  @Test
  void below_2_34_whose_checks_take_too_long_is_accepted_because_it_goes_on() {
    assertThat(ask("2.30", AUTO).status()).isEqualTo(202);
    assertThat(Duration.between(Samples.NOON, api.time.instant()))
        .isBetween(Duration.ofSeconds(60), Duration.ofSeconds(61));
    assertThat(task()).contains(TaskState.MIGRATING);
  }

  @ParameterizedTest
  @Tag("S115")
  @CsvSource(
      delimiter = '|',
      value = {
        "2.1  | {\"host\":null,\"block_migration\":true,\"disk_over_commit\":true}       | YES  | true",
        "2.24 | {\"host\":null,\"block_migration\":\"False\",\"disk_over_commit\":\"no\"} | NO   | false",
        "2.25 | {\"host\":\"host2\",\"block_migration\":\"auto\"}                         | AUTO |",
        "2.30 | {\"host\":\"host2\",\"block_migration\":true,\"force\":true}              | YES  |",
        "2.67 | {\"host\":\"host2\",\"block_migration\":false,\"force\":false}            | NO   |",
        "2.96 | {\"host\":null,\"block_migration\":\"auto\"}                              | AUTO |"
      })
  void says_what_it_wants_in_the_form_of_its_version(
      String version, String body, BlockMigration block, Boolean overCommit) {
    api.meanwhile.set(() -> api.conductors.moves(SERVER, "host2"));
    assertThat(ask(version, "{\"os-migrateLive\": %s}".formatted(body)).status()).isEqualTo(202);
    var asked = api.conductors.newest(SERVER);
    assertThat(asked.blockMigration()).isEqualTo(block);
    assertThat(asked.diskOverCommit()).isEqualTo(Optional.ofNullable(overCommit));
    assertThat(asked.requestedHost().map(HostName::value))
        .isEqualTo(body.contains("host2") ? Optional.of("host2") : Optional.empty());
  }

  @ParameterizedTest
  @Tag("S151")
  @CsvSource(
      delimiter = '|',
      value = {
        "2.1  | {\"host\":null,\"block_migration\":true}                                     | disk_over_commit",
        "2.1  | {\"host\":null,\"block_migration\":\"auto\",\"disk_over_commit\":false}      | block_migration",
        "2.25 | {\"host\":null,\"block_migration\":true,\"disk_over_commit\":false}          | disk_over_commit",
        "2.25 | {\"host\":null,\"block_migration\":true,\"force\":true}                      | force",
        "2.30 | {\"host\":null,\"block_migration\":true,\"force\":true}                      | force",
        "2.68 | {\"host\":\"host2\",\"block_migration\":true,\"force\":true}                 | force",
        "2.30 | {\"block_migration\":true}                                                   | host",
        "2.30 | {\"host\":null}                                                              | block_migration",
        "2.30 | {\"host\":7,\"block_migration\":true}                                        | host",
        "2.30 | {\"host\":\"a/b\",\"block_migration\":true}                                  | host",
        "2.30 | {\"host\":\"../x\",\"block_migration\":true}                                 | host",
        "2.30 | {\"host\":\"\",\"block_migration\":true}                                     | host",
        "2.30 | {\"host\":null,\"block_migration\":\"perhaps\"}                              | block_migration",
        "2.30 | {\"host\":null,\"block_migration\":null}                                     | block_migration",
        "2.30 | {\"host\":null,\"block_migration\":true,\"colour\":\"red\"}                  | colour",
        "2.30 | []                                                                           | os-migrateLive",
        "2.30 | null                                                                         | os-migrateLive"
      })
  void that_is_malformed_is_refused_naming_the_field(String version, String body, String field) {
    TestApi.Answer answer = ask(version, "{\"os-migrateLive\": %s}".formatted(body));
    assertThat(answer.fault()).startsWith("400 badRequest: ").contains(field);
    assertThat(api.conductors.migrations(SERVER)).isEmpty();
    assertThat(task()).isEmpty();
  }

  @ParameterizedTest
  @Tag("S152")
  @ValueSource(strings = {"2.25", "2.30", "2.96"})
  void to_a_host_that_does_not_exist_is_refused(String version) {
    assertThat(ask(version, toHost("nowhere")).fault())
        .isEqualTo("400 badRequest: Compute host nowhere could not be found.");
    assertThat(task()).isEmpty();
  }

  @Test
  @Tag("S108")
  @Tag("S155")
  void to_the_host_it_is_on_is_refused() {
    assertThat(ask("2.30", toHost("host1")).fault())
        .isEqualTo(
            "400 badRequest: Unable to migrate instance (%s) to current host (host1)."
                .formatted(SERVER));
    assertThat(task()).isEmpty();
  }

  @ParameterizedTest
  @Tag("S113")
  @Tag("S153")
  @EnumSource(
      value = VmState.class,
      names = {"STOPPED", "ERROR", "BUILDING", "SUSPENDED"})
  void of_a_server_that_does_not_run_is_refused_with_its_state(VmState state) {
    switch (state) {
      case STOPPED -> {
        var _ = api.stores.servers().requestStop(SERVER, api.conductors.request("u", "demo"));
        api.conductors.stops(SERVER);
      }
      case SUSPENDED -> {
        var _ =
            api.stores
                .servers()
                .requestLife(SERVER, LifeRequest.SUSPEND, api.conductors.request("u", "demo"));
        api.conductors.suspends(SERVER);
      }
      case ERROR -> {
        var _ = api.stores.servers().requestStop(SERVER, api.conductors.request("u", "demo"));
        api.conductors.fails(SERVER);
      }
      case BUILDING -> {
        api.reset();
        api.conductors.isAskedFor(SERVER, "demo");
      }
      case ACTIVE, PAUSED, RESIZED, DELETED ->
          throw new IllegalArgumentException(state + " is not tried");
    }
    assertThat(ask("2.30", AUTO).fault())
        .isEqualTo(
            "409 conflictingRequest: Cannot 'os-migrateLive' instance %s while it is in vm_state %s"
                .formatted(SERVER, state.wire()));
  }

  @Test
  @Tag("S114")
  void while_another_runs_is_refused() {
    assertThat(ask("2.34", AUTO).status()).isEqualTo(202);
    assertThat(ask("2.34", AUTO).fault())
        .isEqualTo(
            "409 conflictingRequest: Cannot 'os-migrateLive' instance %s while it is in task_state migrating"
                .formatted(SERVER));
    assertThat(api.conductors.migrations(SERVER)).hasSize(1);
  }

  @Test
  @Tag("S114")
  void that_races_with_others_wins_or_loses_and_one_wins() {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<Integer>> answers =
          Stream.generate(
                  () -> CompletableFuture.supplyAsync(() -> ask("2.34", AUTO).status(), threads))
              .limit(8)
              .toList();
      List<Integer> statuses = answers.stream().map(CompletableFuture::join).sorted().toList();
      assertThat(Collections.frequency(statuses, 202)).isEqualTo(1);
      assertThat(Collections.frequency(statuses, 409)).isEqualTo(7);
    }
  }

  @Test
  @Tag("S150")
  void of_a_tenant_is_forbidden() {
    assertThat(ask("2.30", AUTO, "someone:demo").status()).isEqualTo(403);
    assertThat(ask("2.30", toHost("host2"), "someone:demo").status()).isEqualTo(403);
  }

  @Test
  @Tag("S150")
  void of_a_project_manager_may_not_name_a_host() {
    assertThat(ask("2.34", toHost("host2"), "manager:demo").fault())
        .isEqualTo(
            "403 forbidden: Policy doesn't allow os_compute_api:os-migrate-server:migrate_live:host to be performed.");
    assertThat(ask("2.34", AUTO, "manager:demo").status()).isEqualTo(202);
  }

  @Test
  @Tag("S150")
  void of_another_projects_server_finds_none() {
    assertThat(ask("2.30", AUTO, "manager:other").status()).isEqualTo(404);
  }

  @Test
  void can_be_stopped_while_it_runs() {
    ask("2.34", AUTO);
    api.conductors.moves(SERVER, "host2");
    String path = "/v2.1/servers/" + SERVER + "/migrations/" + number();
    assertThat(api.to(path).version("2.23").delete().status()).isEqualTo(404);
    assertThat(api.to(path).version("2.24").delete().status()).isEqualTo(202);
    assertThat(api.conductors.newest(SERVER).abortRequested()).isTrue();
  }

  @Test
  void cannot_be_stopped_before_it_runs_or_when_it_has_ended() {
    ask("2.34", AUTO);
    String path = "/v2.1/servers/" + SERVER + "/migrations/";
    assertThat(api.to(path + number()).version("2.65").delete().fault())
        .isEqualTo(
            "400 badRequest: Migration %d state of instance %s is accepted. Cannot abort live migration while the migration is in this state."
                .formatted(number(), SERVER));
    assertThat(api.to(path + 999_999).version("2.65").delete().status()).isEqualTo(404);
    assertThat(api.to(path + "nine").version("2.65").delete().status()).isEqualTo(404);
    api.conductors.moves(SERVER, "host2");
    api.conductors.completes(SERVER);
    assertThat(api.to(path + number()).version("2.65").delete().status()).isEqualTo(409);
    assertThat(api.to(path + number()).version("2.65").get().status()).isEqualTo(404);
  }

  @ParameterizedTest
  @CsvSource({
    "host=host2, 1",
    "host=host9, 0",
    "status=running, 1",
    "status=completed, 0",
    "status=nonsense, 0",
    "migration_type=live-migration, 1",
    "migration_type=resize, 0",
    "source_compute=host1, 1",
    "hidden=true, 0",
    "user_id=admin, 1",
    "project_id=demo, 0",
    "limit=0, 0",
    "changes-before=2026-01-01T00:00:00Z, 0",
    "changes-since=2026-01-01, 1",
    "instance_uuid=22222222-2222-4222-8222-222222222222, 1"
  })
  void is_found_in_the_list_of_all(String query, int count) {
    ask("2.34", AUTO);
    api.conductors.moves(SERVER, "host2");
    TestApi.Answer answer = api.to("/v2.1/os-migrations?" + query).version("2.80").get();
    assertThat(answer.json().get("migrations").size()).isEqualTo(count);
  }

  @Test
  void is_listed_page_by_page_and_unknown_filters_are_refused_from_2_59_on() {
    ask("2.34", AUTO);
    var page = api.to("/v2.1/os-migrations?limit=1").version("2.59").get().json();
    String uuid = page.get("migrations").get(0).get("uuid").stringValue();
    assertThat(page.get("migrations_links").get(0).get("href").stringValue())
        .isEqualTo(api.base() + "/v2.1/os-migrations?limit=1&marker=" + uuid);
    assertThat(
            api.to("/v2.1/os-migrations?marker=" + uuid)
                .version("2.59")
                .get()
                .json()
                .get("migrations")
                .isEmpty())
        .isTrue();
    assertThat(api.to("/v2.1/os-migrations?marker=" + SERVER).version("2.59").get().fault())
        .isEqualTo("400 badRequest: marker [" + SERVER + "] not found");
    assertThat(api.to("/v2.1/os-migrations?colour=red").version("2.59").get().status())
        .isEqualTo(400);
    assertThat(api.to("/v2.1/os-migrations?colour=red").version("2.58").get().status())
        .isEqualTo(200);
  }

  @Test
  @Tag("S150")
  void is_shown_to_its_projects_manager_without_hosts() {
    ask("2.34", AUTO, "manager:demo");
    assertThat(api.to("/v2.1/os-migrations").version("2.80").as("manager:demo").get().status())
        .isEqualTo(403);
    var own =
        api.to("/v2.1/os-migrations?project_id=demo").version("2.80").as("manager:demo").get();
    assertThat(own.json().get("migrations").get(0).get("source_compute").isNull()).isTrue();
    assertThat(
            api.to("/v2.1/os-migrations?project_id=demo")
                .version("2.80")
                .as("x:demo")
                .get()
                .status())
        .isEqualTo(403);
  }

  @Test
  void is_reported_whole_to_admins() {
    ask("2.34", AUTO);
    api.conductors.moves(SERVER, "host2");
    api.time.pass(Duration.ofSeconds(2));
    String path = "/v1/migrations/" + api.conductors.newest(SERVER).id();
    var migration = api.to(path).get().json().get("migration");
    assertThat(migration.get("total_millis").longValue()).isEqualTo(2000);
    assertThat(migration.get("pause_millis").isNull()).isTrue();
    assertThat(migration.get("failure").isNull()).isTrue();
    assertThat(migration.get("request_id").stringValue().replace("-", ""))
        .isEqualTo("req" + migration.get("trace_id").stringValue());
    assertThat(migration.get("log").get(0).get("step").stringValue()).isEqualTo("create-disks");
    assertThat(api.to(path).as("manager:demo").get().status()).isEqualTo(403);
    assertThat(api.to("/v1/migrations/" + SERVER).get().status()).isEqualTo(404);
    assertThat(api.to("/v1/migrations/..%2f").get().status()).isEqualTo(404);
  }
}
