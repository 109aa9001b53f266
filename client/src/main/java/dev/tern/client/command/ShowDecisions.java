package dev.tern.client.command;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Command(
    name = "decisions",
    description = "Why a server went where it went, or nowhere: each host, and what refused it.")
final class ShowDecisions extends Verb {
  @Parameters(
      paramLabel = "SERVER|REQUEST",
      description = "Its id or name; or a request's id (req-…).")
  @SuppressWarnings("NullAway.Init")
  private String of;

  @Option(names = "--all", description = "The latest twenty, not only the last.")
  private boolean all;

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<JsonNode> found =
        of.startsWith("req-") ? tern().decisionsOf(of) : tern().decisionsAbout(server(of));
    List<JsonNode> shown = all || of.startsWith("req-") ? found : found.stream().limit(1).toList();
    if (json()) {
      screen().json(JsonMapper.shared().valueToTree(Map.of("decisions", shown)));
      return DONE;
    }
    for (JsonNode decision : shown) {
      JsonNode failure = decision.path("failure");
      screen()
          .line(
              "%s, %s: server %s %s"
                  .formatted(
                      Facts.text(decision, "decided_at"),
                      Facts.text(decision, "request_id"),
                      Facts.text(decision, "server"),
                      failure.isObject()
                          ? "to no host: " + Facts.text(failure, "message")
                          : "to " + Facts.text(decision, "host")));
      DecisionTold.tell(screen(), decision);
    }
    if (shown.isEmpty()) {
      screen().line("no decision is kept");
    }
    return DONE;
  }
}
