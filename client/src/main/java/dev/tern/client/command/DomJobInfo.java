package dev.tern.client.command;

import dev.tern.client.Migration;
import dev.tern.client.Server;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Command(
    name = "domjobinfo",
    description = "How far the migration of a server is; with --wait, how it ends.")
final class DomJobInfo extends Verb {
  @Parameters(paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Option(names = "--completed", description = "The newest one, also when it is over.")
  private boolean completed;

  @Mixin private final WaitOptions wait = new WaitOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    wait.longest();
    Server found = server(server);
    Optional<Migration> migration = completed ? found.lastMigration() : found.migrationUnderWay();
    if (migration.isEmpty()) {
      if (json()) {
        screen().json(JsonMapper.shared().nullNode());
      } else {
        screen().facts(Map.of("Job type", "None"));
      }
      return DONE;
    }
    if (wait.waits()) {
      Follow follow = new Follow(this, found, migration.get());
      JsonNode last = follow.over(wait, follow.goesOn());
      return follow.ended(last, Migration.isCompleted(last));
    }
    JsonNode report = migration.get().report();
    if (json()) {
      screen().json(report);
    } else {
      screen().facts(facts(report));
    }
    return DONE;
  }

  private static Map<String, String> facts(JsonNode report) {
    JsonNode progress = report.path("progress");
    JsonNode memory = progress.path("memory");
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("Job type", "Live migration");
    facts.put("Migration", Facts.text(report, "uuid"));
    facts.put("Status", Facts.text(report, "status") + ", phase " + Facts.text(report, "phase"));
    facts.put("Source", Facts.text(report, "source"));
    facts.put("Destination", Facts.text(report, "destination"));
    facts.put("Progress", Facts.percent(progress, "percent"));
    facts.put("Time elapsed", Facts.seconds(report, "total_millis"));
    facts.put("Time remaining", remaining(progress));
    facts.put("File processed", Facts.size(report, "disk_processed_bytes"));
    facts.put("File remaining", Facts.size(report, "disk_remaining_bytes"));
    facts.put("File total", Facts.size(report, "disk_total_bytes"));
    facts.put("Memory processed", Facts.size(report, "memory_processed_bytes"));
    facts.put("Memory remaining", Facts.size(report, "memory_remaining_bytes"));
    facts.put("Memory total", Facts.size(report, "memory_total_bytes"));
    facts.put("Memory bandwidth", Facts.rate(memory, "bytes_per_second"));
    facts.put("Dirty rate", Facts.rate(memory, "dirty_bytes_per_second"));
    facts.put("Iteration", Facts.text(memory, "passes"));
    facts.put("Auto converge throttle", Facts.percent(memory, "throttle_percent"));
    facts.put("Expected downtime", Facts.millis(progress, "pause_millis"));
    facts.put("Downtime", Facts.millis(report, "pause_millis"));
    if (report.path("doubt").isObject()) {
      facts.put("In doubt", Facts.text(report.path("doubt"), "why"));
    }
    Facts.failure(report).ifPresent(why -> facts.put("Failure", why));
    return facts;
  }

  private static String remaining(JsonNode progress) {
    JsonNode left = progress.path("left_seconds");
    return left.isObject()
        ? "%s s (%s to %s)"
            .formatted(
                Facts.text(left, "expected"), Facts.text(left, "low"), Facts.text(left, "high"))
        : "unknown: " + Facts.text(progress, "left_unknown");
  }
}
