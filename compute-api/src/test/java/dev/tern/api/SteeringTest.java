package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.Compression;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.nio.file.Path;
import java.time.Duration;
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

@DisplayName("A migration with a policy")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SteeringTest {
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
  void server() {
    api.reset();
    api.conductors.boots(SERVER, "demo", "host1");
  }

  private TestApi.Answer migrate(String more) {
    return api.to("/v1/migrations")
        .post("{\"migration\": {\"server\": \"%s\"%s}}".formatted(SERVER, more));
  }

  private MigrationRecord running() {
    assertThat(migrate("").status()).isEqualTo(202);
    api.conductors.moves(SERVER, "host2");
    return newest();
  }

  private MigrationRecord newest() {
    return api.conductors.newest(SERVER);
  }

  private TestApi.Answer steer(String policy) {
    return api.to("/v1/migrations/" + newest().id())
        .method("PATCH", "{\"policy\": {%s}}".formatted(policy));
  }

  private TestApi.Answer post(String what) {
    return api.to("/v1/migrations/" + newest().id() + what).post("");
  }

  @Test
  @Tag("S81")
  void is_started_with_it_and_shows_it() {
    TestApi.Answer answer =
        migrate(
            """
            , "policy": {"max_pause_millis": 40, "max_bandwidth": 5242880, "deadline_seconds": 90,
              "at_deadline": "post-copy", "post_copy_allowed": true, "auto_converge": false},
              "streams": {"channels": 0, "compression": "xbzrle", "block_writes": true}\
            """);
    assertThat(answer.status()).isEqualTo(202);
    var wishes = newest().wishes();
    assertThat(wishes.policy().maxPause()).contains(Duration.ofMillis(40));
    assertThat(wishes.policy().bytesPerSecond()).contains(5L << 20);
    assertThat(wishes.policy().deadline()).contains(Duration.ofSeconds(90));
    assertThat(wishes.policy().atDeadline()).contains(AtDeadline.POST_COPY);
    assertThat(wishes.policy().autoConverge()).contains(false);
    assertThat(wishes.streams().compression()).contains(Compression.XBZRLE);
    var shown = answer.json().get("migration");
    assertThat(shown.get("policy").get("at_deadline").stringValue()).isEqualTo("post-copy");
    assertThat(shown.get("streams").get("channels").intValue()).isZero();
    var again =
        api.to("/v1/migrations/" + shown.get("uuid").stringValue()).get().json().get("migration");
    assertThat(again.get("policy")).isEqualTo(shown.get("policy"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | Non-shared storage is not supported with a tunnelled migration",
        ", \"block_migration\": true | Non-shared storage",
        ", \"block_migration\": false | Non-shared storage",
        ", \"disks\": {\"disk0\": \"full\"} | Selecting disks is not supported with a tunnelled"
      })
  @Tag("S71")
  @Tag("S72")
  @Tag("S90")
  void through_a_tunnel_is_refused_with_what_there_is_instead(String more, String cause) {
    TestApi.Answer answer = migrate(more + ", \"host\": \"host2\", \"tunnelled\": true");
    assertThat(answer.fault())
        .startsWith("409 conflictingRequest")
        .contains(cause)
        .contains("TLS")
        .contains(SERVER.toString());
    assertThat(api.to("/v1/migrations").get().json().path("migrations")).isEmpty();
    assertThat(api.stores.servers().find(SERVER).orElseThrow().task()).isEmpty();
    assertThat(migrate(", \"tunnelled\": \"perhaps\"").status()).isEqualTo(400);
    assertThat(migrate(", \"tunnelled\": false").status()).isEqualTo(202);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"max_pause_millis\": 0 | max_pause_millis",
        "\"max_pause_millis\": 2000001 | max_pause_millis",
        "\"max_pause_millis\": 1.5 | max_pause_millis",
        "\"max_bandwidth\": 0 | max_bandwidth",
        "\"max_bandwidth\": -1 | max_bandwidth",
        "\"max_bandwidth\": 99999999999999999999 | max_bandwidth",
        "\"deadline_seconds\": 0 | deadline_seconds",
        "\"deadline_seconds\": -5 | deadline_seconds",
        "\"deadline_seconds\": null | deadline_seconds",
        "\"at_deadline\": \"explode\" | at_deadline",
        "\"at_deadline\": \"post-copy\" | at_deadline",
        "\"post_copy_allowed\": 7 | post_copy_allowed",
        "\"speed\": 7 | speed"
      })
  void that_cannot_be_kept_is_refused_by_the_name_of_the_field(String policy, String field) {
    TestApi.Answer fresh = migrate(", \"policy\": {%s}".formatted(policy));
    assertThat(fresh.status()).isEqualTo(400);
    assertThat(fresh.text()).contains(field);
    assertThat(api.stores.servers().find(SERVER).orElseThrow().task()).isEmpty();

    MigrationRecord before = running();
    TestApi.Answer change = steer(policy);
    assertThat(change.status()).isEqualTo(400);
    assertThat(change.text()).contains(field);
    assertThat(newest().wishes()).isEqualTo(before.wishes());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"channels\": 256",
        "\"channels\": -1",
        "\"compression\": \"gzip\"",
        "\"compression\": \"zstd\"",
        "\"channels\": 2, \"compression\": \"xbzrle\"",
        "\"lanes\": 2"
      })
  void whose_streams_cannot_be_is_refused(String streams) {
    assertThat(migrate(", \"streams\": {%s}".formatted(streams)).status()).isEqualTo(400);
  }

  @Test
  @Tag("S81")
  @Tag("S161")
  void is_changed_part_by_part_while_it_runs() {
    running();
    assertThat(steer("\"max_bandwidth\": 1048576").status()).isEqualTo(202);
    assertThat(steer("\"max_pause_millis\": 9").status()).isEqualTo(202);
    var wishes = newest().wishes();
    assertThat(wishes.policy().bytesPerSecond()).contains(1L << 20);
    assertThat(wishes.policy().maxPause()).contains(Duration.ofMillis(9));
    assertThat(wishes.revision()).isEqualTo(2);
    assertThat(steer("\"max_bandwidth\": null").status()).isEqualTo(202);
    assertThat(newest().wishes().policy().bytesPerSecond()).contains(0L);
  }

  @Test
  void is_not_given_a_deadline_that_is_over() {
    running();
    api.time.pass(Duration.ofSeconds(12));
    TestApi.Answer late = steer("\"deadline_seconds\": 5");
    assertThat(late.status()).isEqualTo(400);
    assertThat(late.text()).contains("deadline_seconds", "in the past", "12 s");
    assertThat(steer("\"deadline_seconds\": 50").status()).isEqualTo(202);
  }

  @Test
  @Tag("S88")
  void is_aborted_and_forced_by_name() {
    running();
    assertThat(post("/force-complete").status()).isEqualTo(202);
    assertThat(post("/force-complete").status()).isEqualTo(202);
    assertThat(newest().wishes().forced()).isTrue();
    assertThat(post("/abort").status()).isEqualTo(202);
    assertThat(newest().abortRequested()).isTrue();
  }

  @Test
  void that_has_ended_is_a_conflict_and_an_unknown_one_is_not_found() {
    running();
    api.conductors.completes(SERVER);
    assertThat(steer("\"max_bandwidth\": 1048576").status()).isEqualTo(409);
    assertThat(post("/abort").status()).isEqualTo(409);
    assertThat(post("/force-complete").status()).isEqualTo(409);
    for (String id : new String[] {SERVER.toString(), "nonsense"}) {
      String path = "/v1/migrations/" + id;
      assertThat(api.to(path).method("PATCH", "{\"policy\": {}}").status()).isEqualTo(404);
      assertThat(api.to(path + "/abort").post("").status()).isEqualTo(404);
      assertThat(api.to(path + "/force-complete").post("").status()).isEqualTo(404);
    }
  }

  @Test
  void is_for_admins() {
    MigrationRecord started = running();
    String path = "/v1/migrations/" + started.id();
    assertThat(api.to("/v1/migrations").as("manager:demo").get().status()).isEqualTo(403);
    assertThat(api.to(path + "/abort").as("manager:demo").post("").status()).isEqualTo(403);
    assertThat(api.to(path).as("manager:demo").method("PATCH", "{\"policy\": {}}").status())
        .isEqualTo(403);
  }

  @Test
  void is_listed_page_by_page_newest_first() {
    running();
    api.conductors.completes(SERVER);
    assertThat(migrate("").status()).isEqualTo(202);
    MigrationRecord second = newest();
    var page = api.to("/v1/migrations?limit=1").get().json();
    assertThat(page.get("migrations").size()).isEqualTo(1);
    assertThat(page.get("migrations").get(0).get("uuid").stringValue())
        .isEqualTo(second.id().toString());
    assertThat(page.get("migrations_links").get(0).get("href").stringValue())
        .contains("marker=" + second.id());
    var next = api.to("/v1/migrations?limit=1&marker=" + second.id()).get().json();
    assertThat(next.get("migrations").size()).isEqualTo(1);
    assertThat(api.to("/v1/migrations?marker=nobody").get().status()).isEqualTo(400);
    assertThat(api.to("/v1/migrations?colour=red").get().status()).isEqualTo(400);
  }

  @Test
  @Tag("S18")
  void is_forced_by_novas_action_too() {
    MigrationRecord started = running();
    String path = "/v2.1/servers/%s/migrations/".formatted(SERVER);
    String force = "{\"force_complete\": null}";
    assertThat(api.to(path + started.number() + "/action").version("2.21").post(force).status())
        .isEqualTo(404);
    assertThat(
            api.to(path + started.number() + "/action")
                .version("2.22")
                .post("{\"force_complete\": \"null\"}")
                .status())
        .isEqualTo(400);
    assertThat(api.to(path + "99/action").version("2.22").post(force).status()).isEqualTo(400);
    assertThat(newest().wishes().forced()).isFalse();
    assertThat(api.to(path + started.number() + "/action").version("2.22").post(force).status())
        .isEqualTo(202);
    assertThat(newest().wishes().forced()).isTrue();
    api.conductors.completes(SERVER);
    assertThat(api.to(path + started.number() + "/action").version("2.22").post(force).status())
        .as("the server is not migrating any more")
        .isEqualTo(409);
  }
}
