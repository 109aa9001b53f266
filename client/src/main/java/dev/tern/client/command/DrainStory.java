package dev.tern.client.command;

import dev.tern.client.Drain;
import dev.tern.client.LateException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Tells people of a drain: the plan before, how far it is, and what came of it. */
final class DrainStory {
  private final Verb verb;
  private final Drain drain;
  private String last = "";

  DrainStory(Verb verb, Drain drain) {
    this.verb = verb;
    this.drain = drain;
  }

  /**
   * Waits to the end, saying how far it is when asked to; the exit status is the drain's result.
   */
  int over(WaitOptions wait) throws IOException, InterruptedException {
    Duration longest = wait.longest();
    String goesOn =
        "No longer waiting: drain %1$s goes on. To look at it: tern drain-show %1$s; to end it: tern drain-cancel %1$s"
            .formatted(drain.id());
    JsonNode report;
    try (Farewell.Held _ = verb.farewell().hold(goesOn)) {
      report = drain.await(longest, now -> seen(now, wait.verbose()));
    } catch (LateException e) {
      verb.screen().note(goesOn);
      throw e;
    }
    show(report);
    return Drain.isDone(report) ? Verb.DONE : Verb.FAILED;
  }

  private void seen(JsonNode report, boolean verbose) {
    String now = head(report);
    if (verbose && !now.equals(last)) {
      last = now;
      verb.screen().note(now);
    }
  }

  private static String what(JsonNode report) {
    return switch (report.path("purpose").asString("empty")) {
      case "rebalance" -> "rebalance";
      case "relieve" -> "relief of " + Facts.text(report, "host");
      default -> "drain of " + Facts.text(report, "host");
    };
  }

  private static String head(JsonNode report) {
    JsonNode sums = report.path("report");
    JsonNode moves = report.path("plan").path("moves");
    if (Facts.text(report, "state").equals("planned")) {
      long go = moves.valueStream().filter(DrainStory::goes).count();
      return "%s: planned, %d of %d servers can move".formatted(what(report), go, moves.size());
    }
    String waiting = Facts.text(report, "waiting");
    return "%s: %s%s, %s of %s servers moved, %s moving, %s waiting%s"
        .formatted(
            what(report),
            Facts.text(report, "state"),
            report.path("paused").asBoolean(false) ? " (paused)" : "",
            sums.path("moved").asInt(0),
            sums.path("servers").asInt(0),
            sums.path("moving").asInt(0),
            sums.path("waiting").asInt(0) + sums.path("asking").asInt(0),
            waiting.equals(Facts.NONE) ? "" : ": " + waiting);
  }

  /** All of it: a plan while there is nothing else, then each server with its reason. */
  void show(JsonNode report) {
    if (verb.json()) {
      verb.screen().json(report);
      return;
    }
    Screen screen = verb.screen();
    screen.line("%s (%s)".formatted(head(report), Facts.text(report, "id")));
    JsonNode plan = report.path("plan");
    if (plan.isObject()) {
      screen.line(
          "expected end %s UTC; rests on: %s"
              .formatted(Facts.text(plan, "expected_end"), Facts.text(plan, "basis")));
      plan.path("remarks").forEach(remark -> screen.line("! " + remark.asString("")));
    }
    boolean only = report.path("servers").isEmpty();
    screen.table(
        only
            ? List.of("SERVER", "NAME", "TO", "BYTES", "BEGINS AFTER", "SECONDS", "PAUSE", "REASON")
            : List.of(
                "SERVER", "NAME", "STATE", "FROM", "TO", "TRIES", "SECONDS", "PAUSE", "REASON"),
        only ? planned(plan) : servers(report));
    JsonNode sums = report.path("report");
    if (Drain.isOver(report) && !only) {
      screen.line(
          "%s in %s s; longest pause %s"
              .formatted(
                  Facts.size(sums, "bytes"),
                  Facts.text(sums, "seconds"),
                  Facts.millis(sums, "longest_pause_millis")));
    }
  }

  /** What stays has no destination; its bytes are those that a move would have sent. */
  private static boolean goes(JsonNode move) {
    return !Facts.text(move, "to").equals(Facts.NONE);
  }

  private static List<List<String>> planned(JsonNode plan) {
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode move : plan.path("moves")) {
      rows.add(
          List.of(
              Facts.text(move, "server"),
              Facts.text(move, "name"),
              Facts.text(move, "to"),
              goes(move) ? Facts.size(move, "bytes") : Facts.NONE,
              goes(move) ? Facts.text(move, "begins_after_seconds") : Facts.NONE,
              goes(move) ? Facts.text(move, "seconds") : Facts.NONE,
              goes(move) ? Facts.millis(move, "pause_millis") : Facts.NONE,
              Facts.text(move, "reason")));
    }
    return rows;
  }

  private static List<List<String>> servers(JsonNode report) {
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode server : report.path("servers")) {
      rows.add(
          List.of(
              Facts.text(server, "server"),
              Facts.text(server, "name"),
              Facts.text(server, "state"),
              Facts.text(server, "from"),
              Facts.text(server, "to"),
              Facts.text(server, "tries"),
              Facts.text(server, "seconds"),
              Facts.millis(server, "pause_millis"),
              Facts.text(server, "reason")));
    }
    return rows;
  }
}
