package dev.tern.client.command;

import dev.tern.client.DiskCopy;
import dev.tern.client.LateException;
import dev.tern.client.Server;
import java.io.IOException;
import java.time.Duration;
import tools.jackson.databind.JsonNode;

/** Waits for a copy as its options say, and tells how it ended. */
final class CopyFollow {
  private final Verb verb;
  private final Server server;
  private final String disk;
  private final DiskCopy copy;

  CopyFollow(Verb verb, Server server, String disk, DiskCopy copy) {
    this.verb = verb;
    this.server = server;
    this.disk = disk;
    this.copy = copy;
  }

  private String hint() {
    return " To look at it: tern blockjob %1$s %2$s; to end it: tern blockjob %1$s %2$s --abort"
        .formatted(server.id(), disk);
  }

  /** Says that it does. */
  int goesOn(String words) throws IOException, InterruptedException {
    if (verb.json()) {
      verb.screen().json(copy.facts());
    } else {
      verb.screen().line(words + hint());
    }
    return Verb.DONE;
  }

  /** Waits to the end; with {@code orReady}, at most until copy and disk are alike. */
  JsonNode over(WaitOptions wait, boolean orReady) throws IOException, InterruptedException {
    String goesOn = "No longer waiting: copy %s of %s goes on.".formatted(copy.id(), disk) + hint();
    Duration longest = wait.longest();
    Progress progress = new Progress(verb.screen(), wait.verbose());
    try (Farewell.Held _ = verb.farewell().hold(goesOn)) {
      return copy.await(longest, orReady, progress::copied);
    } catch (LateException e) {
      verb.screen().note(goesOn);
      throw e;
    }
  }

  /** Says how it ended; the exit status is 0 when its status is the one that was wanted. */
  int ended(JsonNode last, String wanted) {
    String status = Facts.text(last, "status");
    if (verb.json()) {
      verb.screen().json(last);
    }
    if (!status.equals(wanted)) {
      verb.screen()
          .note(
              "copy %s of %s %s%s"
                  .formatted(
                      copy.id(),
                      disk,
                      status,
                      Facts.failure(last).map(why -> ": " + why).orElse(".")));
      return Verb.FAILED;
    }
    if (!verb.json()) {
      verb.screen()
          .line(
              "copy %s of %s %s: %s%s"
                  .formatted(copy.id(), disk, status, Facts.text(last, place(last)), more(status)));
    }
    return Verb.DONE;
  }

  private static String place(JsonNode copy) {
    return copy.path("target").isString() ? "target" : "file";
  }

  private String more(String status) {
    return status.equals("ready")
        ? ". It follows the disk until: tern blockjob %1$s %2$s --pivot, --finish or --abort"
            .formatted(server.id(), disk)
        : "";
  }
}
