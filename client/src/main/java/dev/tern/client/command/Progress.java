package dev.tern.client.command;

import tools.jackson.databind.JsonNode;

/** A line whenever the percentage, or the status, is another one. */
final class Progress {
  private final Screen screen;
  private final boolean verbose;
  private String last = "";

  Progress(Screen screen, boolean verbose) {
    this.screen = screen;
    this.verbose = verbose;
  }

  /** Of a migration. */
  void seen(JsonNode report) {
    JsonNode progress = report.path("progress");
    say(
        "migration [%3d %%] %s"
            .formatted(whole(progress.path("percent")), Facts.text(report, "status")),
        ", disk %s of %s, memory %s of %s"
            .formatted(
                Facts.size(report, "disk_processed_bytes"),
                Facts.size(report, "disk_total_bytes"),
                Facts.size(report, "memory_processed_bytes"),
                Facts.size(report, "memory_total_bytes")),
        report.path("doubt"));
  }

  /** Of a copy. */
  void copied(JsonNode copy) {
    double total = Facts.number(copy, "total_bytes").orElse(0.0);
    double copied = Facts.number(copy, "copied_bytes").orElse(0.0);
    boolean ready = copy.path("ready").asBoolean(false);
    int percent = total > 0 ? (int) Math.min(99, 100 * copied / total) : 0;
    say(
        "copy [%3d %%] %s".formatted(ready ? 100 : percent, Facts.text(copy, "status")),
        ", %s of %s".formatted(Facts.size(copy, "copied_bytes"), Facts.size(copy, "total_bytes")),
        copy.path("doubt"));
  }

  private void say(String head, String figures, JsonNode doubt) {
    String now = head + (doubt.isObject() ? ", in doubt: " + Facts.text(doubt, "why") : "");
    if (verbose && !now.equals(last)) {
      last = now;
      screen.note(head + figures + now.substring(head.length()));
    }
  }

  private static int whole(JsonNode percent) {
    return percent.isNumber() ? (int) Math.clamp(percent.doubleValue(), 0, 100) : 0;
  }
}
