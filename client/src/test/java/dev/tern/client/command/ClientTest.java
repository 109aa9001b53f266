package dev.tern.client.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.client.command.FakeTern.Look;
import java.io.IOException;
import java.util.Collections;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The client")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ClientTest {
  private FakeTern tern;

  @BeforeEach
  void start() throws IOException {
    tern = new FakeTern();
  }

  @AfterEach
  void stop() {
    tern.close();
  }

  private Typed type(String... arguments) {
    return Typed.type(tern, arguments);
  }

  @Test
  @Tag("S10")
  void lists_servers_and_shows_one() {
    String id = tern.server("web");
    assertThat(type("list").out())
        .isEqualTo(
            """
            ID                                    NAME  STATUS  TASK  HOST
            %s  web   ACTIVE  -     host-1
            """
                .formatted(id));
    assertThat(type("list", "--host", "host-2").out()).doesNotContain(id);
    assertThat(type("list", "--json").out()).contains("\"OS-EXT-SRV-ATTR:host\" : \"host-1\"");
    Typed shown = type("show", "web");
    assertThat(shown.status()).isZero();
    assertThat(shown.out())
        .contains("power:     running", "disk0:     qcow2, 1.0 GiB, 7.0 MiB allocated");
    assertThat(type("dumpxml", "web", "--json").out()).contains("\"disks\" : [");
  }

  @Test
  void follows_every_page_of_a_list() {
    for (int n = 0; n < 1001; n++) {
      tern.server("web-" + n);
    }
    assertThat(type("list").out().lines()).hasSize(1002);
    assertThat(tern.heard).hasSize(3);
  }

  @Test
  void refuses_a_name_that_two_servers_have_and_lists_their_ids() {
    String one = tern.server("web");
    String two = tern.server("web");
    tern.server("web.1");
    Typed typed = type("migrate", "web");
    assertThat(typed.status()).isEqualTo(1);
    assertThat(typed.err()).contains("2 servers have the name 'web'", one, two);
    assertThat(tern.migrations).isEmpty();
    assertThat(type("show", "web.1").status()).isZero();
    assertThat(type("show", "web-1").err()).contains("No server has the id or the name 'web-1'.");
    assertThat(type("show", two).out()).contains(two);
  }

  @Test
  void finds_its_own_project_s_servers_where_it_may_see_no_others() {
    String id = tern.server("web");
    tern.admin = false;
    assertThat(type("show", "web").out()).contains(id);
    Typed refused = type("migrate", "web");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err())
        .isEqualTo("tern: Policy doesn't allow tern:migrations:create to be performed.\n");
  }

  @Test
  @Tag("S55")
  void shows_percents_while_it_waits_and_exits_0_when_the_guest_has_moved() {
    tern.server("web");
    tern.migrationsGo(
        new Look("preparing", 0),
        new Look("running", 12.5),
        new Look("running", 12.7),
        new Look("running", 80),
        new Look("completed", 100));
    Typed typed = type("migrate", "web", "--wait", "--verbose");
    assertThat(typed.err().lines().map(line -> line.replaceFirst(",.*", "")))
        .containsExactly(
            "tern: migration [  0 %] preparing",
            "tern: migration [ 12 %] running",
            "tern: migration [ 80 %] running",
            "tern: migration [100 %] completed");
    assertThat(typed.status()).isZero();
    assertThat(typed.out())
        .contains("completed: host-1 to host-2 in 6.6 s, the guest's pause was 91.0 ms");
  }

  @ParameterizedTest
  @ValueSource(strings = {"failed", "cancelled", "error"})
  @Tag("S55")
  void exits_1_with_the_cause_when_a_migration_ends_otherwise(String status) {
    tern.server("web");
    tern.failure = "Host host-2 is full.";
    tern.migrationsGo(new Look("running", 12), new Look(status, 12));
    Typed typed = type("migrate", "web", "--wait");
    assertThat(typed.status()).isEqualTo(1);
    assertThat(typed.out()).isEmpty();
    assertThat(typed.err()).contains(" " + status + ": Host host-2 is full.");
  }

  @Test
  @Tag("S55")
  void waits_no_longer_than_it_is_told_and_says_that_the_migration_goes_on() {
    String id = tern.server("web");
    tern.migrationsGo(new Look("running", 12));
    Typed typed = type("migrate", "web", "--timeout", "2m");
    assertThat(typed.status()).isEqualTo(4);
    assertThat(typed.err()).contains("goes on", "tern domjobabort " + id, "Waited 120 s");
    assertThat(typed.farewells()).hasSize(1);
    assertThat(typed.farewells().getFirst()).contains("goes on", "tern domjobabort " + id);
    assertThat(type("domjobinfo", "web").out()).contains("Progress:                12.0 %");
  }

  @Test
  void goes_on_waiting_while_the_api_is_away() {
    tern.server("web");
    tern.migrationsGo(
        new Look("running", 12), FakeTern.AWAY, FakeTern.AWAY, new Look("completed", 100));
    assertThat(type("migrate", "web", "--wait").status()).isZero();

    tern.server("mail");
    tern.migrationsGo(Collections.nCopies(20, FakeTern.AWAY).toArray(Look[]::new));
    Typed typed = type("migrate", "mail", "--timeout", "5");
    assertThat(typed.status()).isEqualTo(3);
    assertThat(typed.err()).contains("try again later");
  }

  @Test
  @Tag("S19")
  void exits_1_with_the_api_s_reason_when_a_check_refuses_a_migration() {
    tern.server("web");
    tern.failure = "No valid host was found: host-2 lacks 12 MiB.";
    tern.migrationsGo(new Look("accepted", 0), new Look("error", 0));
    Typed typed = type("migrate", "web");
    assertThat(typed.status()).isEqualTo(1);
    assertThat(typed.err()).contains("refused: No valid host was found: host-2 lacks 12 MiB.");
    Typed nova = type("live-migration", "--block-migrate", "web", "host-2");
    assertThat(nova.status()).isEqualTo(1);
    assertThat(nova.err()).isEqualTo("tern: No valid host was found: host-2 lacks 12 MiB.\n");
  }

  @Test
  @Tag("S19")
  void sends_nova_s_live_migration_as_nova_does() {
    String id = tern.server("web");
    assertThat(type("live-migration", "--block-migrate", "web").status()).isZero();
    assertThat(tern.heard.getLast())
        .isEqualTo(
            "POST /v2.1/servers/%s/action {\"os-migrateLive\":{\"host\":null,\"block_migration\":true}}"
                .formatted(id));
    Typed again = type("live-migration", "web", "host-2");
    assertThat(again.status()).isEqualTo(1);
    assertThat(again.err()).contains("task_state migrating");
    assertThat(tern.heard.getLast())
        .contains("\"host\":\"host-2\"", "\"block_migration\":\"auto\"");
    Typed forced = type("live-migration", "--force", "web");
    assertThat(forced.err()).isEqualTo("tern: Can't force to a non-provided destination\n");
  }

  @Test
  @Tag("S10")
  @Tag("S65")
  void hands_a_policy_over_word_for_word() {
    String id = tern.server("web");
    Typed typed =
        type(
            "migrate",
            "web",
            "--live",
            "--host",
            "host-2",
            "--block-migrate",
            "--disks",
            "disk0=top,disk1=full",
            "--place",
            "disk0=fast/root2,disk1=scratch,disk2=slow/",
            "--max-pause",
            "300",
            "--deadline",
            "2h",
            "--bandwidth",
            "512K",
            "--at-deadline",
            "abort",
            "--no-post-copy",
            "--auto-converge",
            "--channels",
            "2",
            "--compression",
            "zstd",
            "--block-writes");
    assertThat(typed.status()).isZero();
    assertThat(typed.out()).contains("is under way", "tern domjobinfo " + id);
    assertThat(tern.heard)
        .anyMatch(line ->
            line.startsWith("POST /v1/migrations ")
                && line.contains(
                    "\"policy\":{\"max_pause_millis\":300,\"max_bandwidth\":524288,\"deadline_seconds\":7200,"
                        + "\"at_deadline\":\"abort\",\"post_copy_allowed\":false,\"auto_converge\":true}")
                && line.contains(
                    "\"streams\":{\"channels\":2,\"compression\":\"zstd\",\"block_writes\":true}")
                && line.contains("\"disk0\":\"top\"")
                && line.contains(
                    "\"overrides\":{\"disks\":{\"disk0\":{\"storage\":\"fast\",\"name\":\"root2\"},"
                        + "\"disk1\":{\"name\":\"scratch\"},\"disk2\":{\"storage\":\"slow\"}}}")
                && line.contains("\"block_migration\":true")
                && line.contains("\"host\":\"host-2\""));
    assertThat(type("migrate", "web", "--tunnelled").err()).contains("tunnelled");
  }

  @Test
  @Tag("S10")
  void looks_at_a_migration_and_ends_it() {
    String id = tern.server("web");
    assertThat(type("domjobinfo", "web").out()).isEqualTo("Job type:  None\n");
    Typed none = type("domjobabort", "web");
    assertThat(none.status()).isEqualTo(1);
    assertThat(none.err()).isEqualTo("tern: Server %s is not being migrated.\n".formatted(id));

    tern.migrationsGo(new Look("running", 12));
    type("migrate", "web");
    String uuid = tern.migrations.keySet().iterator().next();
    assertThat(type("domjobinfo", id).out())
        .contains(
            "Migration:               " + uuid,
            "Status:                  running, phase PERFORM",
            "File processed:          12.0 MiB",
            "Memory processed:        1.5 KiB");
    Typed wrong = type("domjobabort", "web", "77");
    assertThat(wrong.err()).contains("by " + uuid + ", and not by '77'");
    Typed ended = type("live-migration-abort", "web", "1", "--wait");
    assertThat(ended.status()).isZero();
    assertThat(ended.out()).contains("migration " + uuid + " cancelled");
    assertThat(type("domjobinfo", "web", "--completed").out()).contains("cancelled");

    type("migrate", "web");
    Typed forced = type("force-complete", "web", "--wait");
    assertThat(forced.status()).isZero();
    assertThat(forced.out()).contains("completed");
    assertThat(type("list").out()).contains("host-2");
  }

  @Test
  void sends_a_request_again_whose_answer_got_lost_and_it_is_one_migration() {
    tern.server("web");
    tern.loseAnswers(1);
    assertThat(type("migrate", "web").status()).isZero();
    assertThat(tern.migrations).hasSize(1);
    assertThat(tern.heard.stream().filter(line -> line.startsWith("POST"))).hasSize(2);
  }

  @Test
  void says_that_nobody_knows_when_no_answer_comes() {
    tern.server("web");
    tern.loseAnswers(2);
    Typed lost = type("migrate", "web");
    assertThat(lost.status()).isEqualTo(3);
    assertThat(lost.err()).contains("got lost");
    String endpoint = tern.endpoint();
    tern.close();
    Typed gone = Typed.type(Map.of("OS_ENDPOINT", endpoint), "list");
    assertThat(gone.status()).isEqualTo(3);
    assertThat(gone.err()).contains("Nobody answers at", "TERN_ENDPOINT");
  }

  @Test
  void lets_no_terminal_obey_a_server_s_name() {
    tern.server("a\u001b]0;x\u0007b\u202ec\u009b\nd\u007f");
    assertThat(type("list").out())
        .contains("a\\u001b]0;x\\u0007b\\u202ec\\u009b\\u000ad\\u007f")
        .doesNotContain("\u001b", "\u202e", "\u007f", "\u009b");
    assertThat(type("list", "--json").out())
        .contains("\\u202E")
        .doesNotContain("\u001b", "\u202e", "\u007f", "\u009b");
    tern.failure = "no\u001b[31m";
    tern.server("web");
    tern.migrationsGo(new Look("error", 0));
    assertThat(type("migrate", "web").err()).contains("no\\u001b[31m").doesNotContain("\u001b");
    assertThat(type("show", "x\u001b[2J").err()).doesNotContain("\u001b");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "migrate web --bandwidth fast",
        "migrate web --bandwidth -1",
        "migrate web --max-pause 1y",
        "migrate web --timeout 0",
        "migrate web --timeout 8000h",
        "migrate web --disks disk0",
        "migrate web --place disk0",
        "migrate",
        "migrate web more",
        "migrat web",
        "list --colour",
        "live-migration --block-migrate"
      })
  void exits_2_when_it_is_wrongly_called_and_sends_nothing(String line) {
    tern.server("web");
    Typed typed = type(line.split(" "));
    assertThat(typed.status()).isEqualTo(2);
    assertThat(typed.err()).startsWith("tern: ");
    assertThat(tern.heard).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "/v2.1", "//v2.1/", "/v2.1/admin"})
  void finds_the_api_under_an_endpoint_however_it_is_written(String path) {
    tern.server("web");
    String root = tern.endpoint().replace("/v2.1", "");
    Typed typed = Typed.type(Map.of("OS_ENDPOINT", root + path), "domjobinfo", "web");
    assertThat(typed.out()).isEqualTo("Job type:  None\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ftp://127.0.0.1/v2.1",
        "127.0.0.1:8774",
        "http://",
        "http://user:secret@h/v2.1",
        "http://h/v2.1?token=secret",
        "http://h/v2.1#x",
        "::"
      })
  void exits_2_for_an_endpoint_that_is_none_and_keeps_secrets(String endpoint) {
    Typed typed = Typed.type(Map.of("TERN_ENDPOINT", endpoint), "list");
    assertThat(typed.status()).isEqualTo(2);
    assertThat(typed.err()).contains("cannot be used").doesNotContain("secret");
    Typed token =
        Typed.type(Map.of("TERN_ENDPOINT", tern.endpoint(), "OS_TOKEN", "se\ncret"), "list");
    assertThat(token.status()).isEqualTo(2);
    assertThat(token.err()).contains("OS_TOKEN").doesNotContain("cret");
  }
}
