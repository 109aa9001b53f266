package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.client.command.Client;
import dev.tern.contract.Pause;
import dev.tern.standalone.demo.Patience;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What an operator types at a running Tern, and what he sees. */
final class OperatorStory {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Pattern FILE = Pattern.compile("finished: (/\\S+)");

  private final Map<String, String> environment;
  private final TestServer server;
  private final String home;
  private final Patience patience = new Patience(Pause.SLEEPING);

  /**
   * @param environment of the commands that are typed
   */
  OperatorStory(Map<String, String> environment, TestServer server) throws Exception {
    this.environment = environment;
    this.server = server;
    this.home = server.host();
  }

  private record Typed(int status, String out, String err) {}

  private Typed type(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int status =
        Client.run(
            environment,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            arguments);
    return new Typed(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** What is done at once, and says what is wished. */
  private String done(String... arguments) {
    Typed typed = type(arguments);
    assertThat(typed.status()).as("%s", typed).isZero();
    return typed.out();
  }

  private void refused(String reason, String... arguments) {
    Typed typed = type(arguments);
    assertThat(typed.status()).as("%s", typed).isEqualTo(1);
    assertThat(typed.out()).isEmpty();
    assertThat(typed.err()).startsWith("tern: ").contains(reason);
  }

  void looks() {
    assertThat(done("list")).contains(server.id() + "  mover  ACTIVE  -     " + home);
    assertThat(done("show", "mover")).contains(server.id(), "disk0:", "qcow2, ", home);
    assertThat(done("dumpxml", "mover", "--json")).contains("\"virtual_bytes\"");
    assertThat(done("domblklist", server.id())).contains("disk0  qcow2", "disk0.qcow2");
    assertThat(done("disk-chain", "mover", "disk0").lines()).hasSize(3);
    assertThat(done("domjobinfo", "mover")).isEqualTo("Job type:  None\n");
    assertThat(done("blockjob", "mover", "disk0")).contains("No current block job");
  }

  void is_refused_with_the_reason() {
    refused("No server has the id or the name 'nobody'.", "migrate", "nobody");
    refused("Compute host nowhere could not be found.", "live-migration", "mover", "nowhere");
    refused(home, "live-migration", "--block-migrate", "mover", home);
    refused("post_copy_allowed", "migrate", "mover", "--at-deadline", "post-copy");
    refused("disk7", "migrate", "mover", "--disks", "disk0=top,disk7=full");
    refused("is not being migrated", "domjobabort", "mover");
    refused("disk0", "blockcopy", "mover", "vda", "copy");
    refused("disk0", "disk-verify", "mover", "disk0");
    assertThat(done("migration-list").lines()).hasSize(1);
  }

  /** One waits for a migration, another steers and ends it; both see how it ends. */
  void steers_and_ends_a_migration() throws Exception {
    Executor another = Thread::startVirtualThread;
    CompletableFuture<Typed> waiting =
        CompletableFuture.supplyAsync(
            () -> type("migrate", "mover", "--bandwidth", "1", "--wait", "--verbose"), another);
    patience.untilTrue(
        "data moves",
        PATIENCE,
        () ->
            Optional.of(done("domjobinfo", "mover").contains("Status:                  running")));
    refused("migrating", "migrate", "mover");
    assertThat(done("migrate-setspeed", "mover", "2")).contains("\"max_bandwidth\":2097152");
    assertThat(done("migrate-setmaxdowntime", "mover", "400")).contains("\"max_pause_millis\":400");
    assertThat(done("migrate-policy", "mover", "--deadline", "10m", "--at-deadline", "abort"))
        .contains("\"deadline_seconds\":600", "\"max_bandwidth\":2097152");
    assertThat(done("domjobabort", "mover", "--wait")).contains(" cancelled");
    Typed told = waiting.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(told.status()).isEqualTo(1);
    assertThat(told.err()).containsPattern("migration \\[ *\\d+ %] running").contains(" cancelled");
    server.awaitStatus("ACTIVE");
    assertThat(server.host()).isEqualTo(home);
  }

  void migrates_in_nova_s_words() throws Exception {
    String there = home.equals("host-1") ? "host-2" : "host-1";
    assertThat(done("live-migration", "--block-migrate", "mover", there)).contains("migrates");
    Typed waited = type("domjobinfo", "mover", "--wait", "--verbose");
    assertThat(waited.status()).as("%s", waited).isZero();
    assertThat(waited.err()).contains("migration [100 %] completed");
    assertThat(waited.out()).contains("completed: %s to %s in ".formatted(home, there));
    server.awaitStatus("ACTIVE");
    assertThat(done("list", "--host", there)).contains(server.id());
    String migration = waited.out().split(" ", -1)[1];
    assertThat(done("migration-list", "--server", "mover").lines()).hasSize(3);
    patience.untilTrue(
        "the receipt is settled",
        PATIENCE,
        () -> Optional.of(type("receipt", migration).status() == 0));
    assertThat(done("receipt", migration)).contains("export-disk0", "removed", "kept");
  }

  void copies_a_disk() throws Exception {
    Typed copied = type("blockcopy", "mover", "disk0", "backup", "--finish", "--wait", "--verbose");
    assertThat(copied.status()).as("%s", copied).isZero();
    assertThat(copied.err()).contains("copy [100 %] finished");
    Matcher file = FILE.matcher(copied.out());
    assertThat(file.find()).as(copied.out()).isTrue();
    assertThat(java.nio.file.Path.of(file.group(1))).isRegularFile();
    server.awaitStatus("ACTIVE");

    done("blockcopy", "mover", "disk0", "follower", "--wait");
    assertThat(done("blockjob", "mover", "disk0")).contains("Ready:      yes");
    refused("copying-disk", "migrate", "mover");
    assertThat(done("blockjob", "mover", "disk0", "--abort", "--wait")).contains(" cancelled");
    server.awaitStatus("ACTIVE");
    assertThat(java.nio.file.Path.of(file.group(1)).resolveSibling("follower")).doesNotExist();
  }

  void verifies_a_stopped_disk() throws Exception {
    assertThat(done("console-log", "mover", "--length", "3").lines()).hasSizeBetween(1, 4);
    assertThat(done("stop", "mover", "--wait")).contains("SHUTOFF");
    // Once: a busy host reads for ten seconds. DisksTest has the expectation that is met.
    Typed other = type("disk-verify", "mover", "disk0", "--expect", "0".repeat(64));
    assertThat(other.status()).isEqualTo(1);
    assertThat(other.out()).matches("[0-9a-f]{64} {2}disk0\n");
    assertThat(other.err()).contains("another than was expected");
    patience.untilTrue(
        "the audit is clean", PATIENCE, () -> Optional.of(type("audit").status() == 0));
  }
}
