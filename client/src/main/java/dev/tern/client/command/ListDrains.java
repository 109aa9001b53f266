package dev.tern.client.command;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Command(name = "drain-list", description = "Drains, the newest first.")
final class ListDrains extends Verb {
  @Option(names = "--limit", paramLabel = "N", description = "So many (20).")
  private int limit = 20;

  @Option(names = "--dry-runs", description = "Also those that only plan.")
  private boolean dryRuns;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (limit < 1) {
      throw new IllegalArgumentException("--limit is at least 1.");
    }
    List<JsonNode> found = tern().drains(limit, dryRuns);
    if (json()) {
      screen().json(JsonMapper.shared().valueToTree(Map.of("drains", found)));
      return DONE;
    }
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode drain : found) {
      rows.add(
          List.of(
              Facts.text(drain, "id"),
              Facts.text(drain, "host"),
              Facts.text(drain, "purpose"),
              Facts.text(drain, "state"),
              Facts.text(drain, "expected_end"),
              Facts.text(drain, "created_at")));
    }
    screen().table(List.of("DRAIN", "HOST", "PURPOSE", "STATE", "EXPECTED END", "ASKED FOR"), rows);
    return DONE;
  }
}
