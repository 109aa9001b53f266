package dev.tern.client.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.client.command.FakeTern.Look;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The client, for disks, receipts and figures,")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DisksTest {
  private FakeTern tern;
  private String id;

  @BeforeEach
  void start() throws IOException {
    tern = new FakeTern();
    id = tern.server("web");
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
  void lists_disks_and_layers() {
    assertThat(type("domblklist", "web").out())
        .isEqualTo(
            """
            DISK   FORMAT  CAPACITY  ALLOCATED  STORAGE  SOURCE
            disk0  qcow2   1.0 GiB   7.0 MiB    -        /data/instances/x/disk0.qcow2
            """);
    assertThat(type("disk-chain", "web", "disk0").out().lines()).hasSize(3);
    Typed none = type("disk-chain", "web", "vda");
    assertThat(none.status()).isEqualTo(1);
    assertThat(none.err()).contains("has no disk 'vda'; it has: [disk0].");
    assertThat(type("disk-chain", "web", "..").err()).isEqualTo("tern: '..' is no disk.\n");
    assertThat(type("disk-chain", "web", "a/../b").err()).contains("has no disk");
  }

  @Test
  @Tag("S4")
  void tells_what_a_stopped_disk_holds() {
    Typed running = type("disk-verify", "web", "disk0");
    assertThat(running.status()).isEqualTo(1);
    assertThat(running.err()).contains("stop it");
    assertThat(type("stop", "web", "--wait").out()).contains("SHUTOFF");
    Typed digest = type("disk-verify", "web", "disk0");
    assertThat(digest.out()).isEqualTo(FakeDisks.DIGEST + "  disk0\n");
    assertThat(type("disk-verify", "web", "disk0", "--expect", FakeDisks.DIGEST).status()).isZero();
    Typed other = type("disk-verify", "web", "disk0", "--expect", "b".repeat(64));
    assertThat(other.status()).isEqualTo(1);
    assertThat(other.err()).contains("another than was expected");
    assertThat(type("stop", "web").err()).contains("vm_state stopped");
    assertThat(type("start", "web").status()).isZero();
  }

  @Test
  void pauses_unpauses_and_reboots() {
    assertThat(type("pause", "web", "--wait").out()).contains("is PAUSED");
    assertThat(type("reboot", "web").err()).contains("Cannot 'reboot'");
    assertThat(type("unpause", "web", "--wait").out()).contains("is ACTIVE");
    assertThat(type("reboot", "web").out()).contains("asked to reboot");
    assertThat(type("reboot", "web", "--hard", "--wait").out()).contains("is ACTIVE");
  }

  @Test
  void suspends_and_resumes() {
    assertThat(type("suspend", "web").out()).contains("asked to suspend");
    assertThat(type("suspend", "web").status()).isEqualTo(1);
    assertThat(type("unpause", "web").err()).contains("while it is in vm_state suspended");
    assertThat(type("resume", "web", "--wait").out()).contains("is ACTIVE");
    assertThat(type("resume", "web").err()).contains("Cannot 'resume'");
    assertThat(type("suspend", "web", "--wait").out()).contains("is SUSPENDED");
    assertThat(type("resume", "web").out()).contains("asked to resume");
  }

  @Test
  void resumes_what_is_paused_too() {
    assertThat(type("pause", "web", "--wait").out()).contains("is PAUSED");
    assertThat(type("resume", "web", "--wait").out()).contains("is ACTIVE");
  }

  @ParameterizedTest
  @CsvSource({"--finish,finished", "--pivot,pivoted"})
  @Tag("S55")
  void waits_for_a_copy_with_percents_and_exits_as_it_ends(String end, String status) {
    Typed typed = type("blockcopy", "web", "disk0", "fast/backup", "--wait", "--verbose", end);
    assertThat(typed.err().lines().map(line -> line.replaceFirst(",.*", "")))
        .containsExactly(
            "tern: copy [ 50 %] copying",
            "tern: copy [100 %] ready", "tern: copy [100 %] " + status);
    assertThat(typed.status()).isZero();
    assertThat(typed.out()).contains(" of disk0 " + status);
    assertThat(tern.heard)
        .anyMatch(line -> line.contains("\"storage\":\"fast\",\"name\":\"backup\",\"then\":\""));
  }

  @Test
  @Tag("S10")
  void lets_a_copy_follow_the_disk_until_it_is_told_how_it_ends() {
    assertThat(type("blockjob", "web", "disk0").out())
        .isEqualTo("No current block job for disk0\n");
    Typed ready = type("blockcopy", "web", "disk0", "backup", "--wait");
    assertThat(ready.status()).isZero();
    assertThat(ready.out()).contains("tern blockjob " + id + " disk0 --pivot");
    Typed second = type("blockcopy", "web", "disk0", "other");
    assertThat(second.status()).isEqualTo(1);
    assertThat(second.err()).contains("task_state copying-disk");
    assertThat(type("blockjob", "web", "disk0", "--info").out())
        .contains("Status:     ready", "Ready:      yes");
    assertThat(type("blockjob", "web", "disk0", "--bandwidth", "2").out())
        .contains("Bandwidth:  2.0 MiB/s");
    assertThat(type("blockjob", "web", "disk0", "--bandwidth", "0").out())
        .contains("Bandwidth:  -");
    Typed ended = type("blockjob", "web", "disk0", "--abort", "--wait");
    assertThat(ended.status()).isZero();
    assertThat(ended.out()).contains("cancelled");
    Typed late = type("blockjob", "web", "disk0", "--pivot");
    assertThat(late.status()).isEqualTo(1);
    assertThat(late.err()).isEqualTo("tern: No copy of disk0 is under way.\n");
  }

  @Test
  void hands_over_a_foreign_target_and_the_api_s_refusals() {
    type("blockcopy", "web", "disk0", "nbd://h:10809/x", "--finish");
    assertThat(tern.heard)
        .anyMatch(line -> line.contains("{\"target\":\"nbd://h:10809/x\",\"then\":\"finish\"}"));
    tern.server("mail");
    Typed typed = type("blockcopy", "mail", "disk0", "slow/x", "--finish");
    assertThat(typed.status()).isEqualTo(1);
    assertThat(typed.err()).isEqualTo("tern: There is no storage 'slow'; there are: [fast].\n");
    Typed both = type("blockcopy", "mail", "disk0", "x", "--finish", "--pivot");
    assertThat(both.status()).isEqualTo(2);
  }

  @Test
  @Tag("S10")
  void steers_a_migration_that_runs() {
    assertThat(type("migrate-setspeed", "web", "8").err()).contains("is not being migrated");
    tern.migrationsGo(new Look("running", 12));
    type("migrate", "web");
    assertThat(type("migrate-setspeed", "web", "8").out()).contains("\"max_bandwidth\":8388608");
    assertThat(type("migrate-setspeed", "web", "--bandwidth", "0").out())
        .contains("\"max_bandwidth\":null");
    assertThat(type("migrate-setmaxdowntime", "web", "250").out())
        .contains("\"max_pause_millis\":250");
    assertThat(type("migrate-policy", "web", "--deadline", "10m", "--json").out())
        .contains("\"deadline_seconds\" : 600", "\"max_pause_millis\" : 250");
    Typed impossible = type("migrate-policy", "web", "--at-deadline", "post-copy");
    assertThat(impossible.status()).isEqualTo(1);
    assertThat(impossible.err()).contains("It needs post_copy_allowed.");
    Typed waited = type("domjobinfo", "web", "--timeout", "3");
    assertThat(waited.status()).isEqualTo(4);
  }

  @Test
  @Tag("S10")
  void lists_migrations_and_shows_a_receipt() {
    type("migrate", "web", "--wait");
    String uuid = tern.migrations.keySet().iterator().next();
    assertThat(type("migration-list", "--server", "web").out())
        .contains(uuid, "completed", "100.0 %");
    Typed receipt = type("receipt", uuid);
    assertThat(receipt.status()).isZero();
    assertThat(receipt.out()).contains("removed", "export-disk0", "all of it is in use or gone");
    Typed unknown = type("receipt", "x/y");
    assertThat(unknown.status()).isEqualTo(1);
    assertThat(unknown.err()).contains("could not be found");
  }

  @Test
  @Tag("S84")
  void says_for_what_a_cold_migration_waits_and_shows_the_receipt_of_one_that_came() {
    String web = tern.servers.keySet().iterator().next();
    FakeColdMigration came = tern.movesCold(web, true);
    FakeColdMigration waits = tern.movesCold(web, false);
    assertThat(type("migration-list", "--cold", "--server", "web").out().lines())
        .hasSize(3)
        .anySatisfy(
            line -> assertThat(line).contains(waits.uuid, "pre-migrating", "as may at once (1)"))
        .anySatisfy(line ->
            assertThat(line).contains(came.uuid, "finished", "waits to be confirmed or reverted"));
    assertThat(type("migration-list", "--cold", "--json").out()).contains("\"cold_migrations\"");
    assertThat(type("receipt", came.uuid).out())
        .contains(
            "migration of server " + web + " from host-1 to host-2",
            "3.0 MiB in 2.5 s, down for 900 ms, tries: 2",
            "compared: disk0 sha256 ab12",
            "not all of it is settled");
  }

  @Test
  @Tag("S10")
  void audits_every_page_and_exits_1_unless_all_is_clean() {
    Typed clean = type("audit", "--host", "host-1");
    assertThat(clean.status()).isZero();
    assertThat(clean.out()).isEqualTo("host host-1: compared\nno difference\n");
    Typed whole = type("audit");
    assertThat(whole.status()).isEqualTo(1);
    assertThat(whole.out())
        .contains("host host-2: unknown, no answer within 10 s", "Start its agent", "not clean");
    assertThat(type("audit", "--host", "h").err()).contains("Compute host h could not be found.");
  }

  @Test
  void shows_a_console_without_obeying_it() {
    assertThat(type("console-log", "web").out()).isEqualTo("login:\\u001b[2J\nsecond    line\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "blockjob web disk0 --abort --pivot",
        "blockjob web disk0 --bandwidth quick",
        "disk-verify web disk0 --expect abc",
        "migrate-setspeed web",
        "migrate-policy web",
        "migration-list --limit 0",
        "migration-list --cold --in-progress"
      })
  void exits_2_when_it_is_wrongly_called_and_sends_nothing(String line) {
    Typed typed = type(line.split(" "));
    assertThat(typed.status()).isEqualTo(2);
    assertThat(tern.heard).isEmpty();
  }
}
