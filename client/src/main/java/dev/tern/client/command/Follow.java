package dev.tern.client.command;

import dev.tern.client.LateException;
import dev.tern.client.Migration;
import dev.tern.client.Server;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Waits for a migration as its options say, and tells how it ended. */
final class Follow {
  /** A check asks hosts; the API itself waits no longer than this for them. */
  private static final Duration CHECKS = Duration.ofSeconds(60);

  private final Verb verb;
  private final Server server;
  private final Migration migration;

  Follow(Verb verb, Server server, Migration migration) {
    this.verb = verb;
    this.server = server;
    this.migration = migration;
  }

  /**
   * One that was just asked for: at least until its checks are over, because they may refuse it.
   *
   * @return the exit status: 0 when it goes on, or has completed
   */
  int started(WaitOptions wait) throws IOException, InterruptedException {
    if (wait.waits()) {
      JsonNode report = over(wait, goesOn());
      return ended(report, Migration.isCompleted(report));
    }
    JsonNode report;
    try (Farewell.Held _ = verb.farewell().hold(goesOn())) {
      report = migration.awaitChecked(CHECKS);
    } catch (LateException e) {
      report = migration.report();
    }
    if (Migration.isOver(report)) {
      return ended(report, Migration.isCompleted(report));
    }
    show(report);
    if (!verb.json()) {
      verb.screen().line("migration %s is under way.".formatted(migration.uuid()) + hint());
    }
    return Verb.DONE;
  }

  /** Waits to the end, drawing progress if asked to. */
  JsonNode over(WaitOptions wait, String goesOn) throws IOException, InterruptedException {
    Duration longest = wait.longest();
    Progress progress = new Progress(verb.screen(), wait.verbose());
    try (Farewell.Held _ = verb.farewell().hold(goesOn)) {
      return migration.await(longest, progress::seen);
    } catch (LateException e) {
      verb.screen().note(goesOn);
      throw e;
    }
  }

  /** What Ctrl-C and the end of the time to wait say. */
  String goesOn() {
    return "No longer waiting: migration %s goes on.".formatted(migration.uuid()) + hint();
  }

  private String hint() {
    return " To look at it: tern domjobinfo %1$s; to end it: tern domjobabort %1$s"
        .formatted(server.id());
  }

  /** Says how it ended; the exit status is 0 when that is as wished. */
  int ended(JsonNode report, boolean asWished) {
    show(report);
    String words = words(report);
    if (!asWished) {
      verb.screen().note(words);
      return Verb.FAILED;
    }
    if (!verb.json()) {
      verb.screen().line(words);
    }
    return Verb.DONE;
  }

  private void show(JsonNode report) {
    if (verb.json()) {
      verb.screen().json(report);
    }
  }

  private String words(JsonNode report) {
    String status = Facts.text(report, "status");
    Optional<String> failure = Facts.failure(report);
    if (!Migration.isCompleted(report)) {
      return "migration %s %s%s"
          .formatted(
              migration.uuid(),
              status.equals("error") && !report.path("checked").asBoolean(false)
                  ? "refused"
                  : status,
              failure.map(why -> ": " + why).orElse("."));
    }
    return "migration %s completed: %s to %s in %s, the guest's pause was %s"
        .formatted(
            migration.uuid(),
            Facts.text(report, "source"),
            Facts.text(report, "destination"),
            Facts.seconds(report, "total_millis"),
            Facts.millis(report, "pause_millis"));
  }
}
