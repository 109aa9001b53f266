package dev.tern.client.command;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Command(
    name = "audit",
    description =
        "The database held against what each host has. Exits 1 when something differs, or a host does not say.")
final class ShowAudit extends Verb {
  @Option(names = "--host", paramLabel = "HOST", description = "Of this host only.")
  private @Nullable String host;

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<JsonNode> pages = tern().audit(Optional.ofNullable(host));
    boolean clean =
        pages.stream()
            .allMatch(page ->
                page.path("complete").asBoolean(false) && page.path("differences").isEmpty());
    if (json()) {
      screen().json(JsonMapper.shared().valueToTree(Map.of("audits", pages)));
    } else {
      pages.forEach(this::show);
      screen().line(clean ? "no difference" : "not clean");
    }
    return clean ? DONE : FAILED;
  }

  private void show(JsonNode audit) {
    for (JsonNode one : audit.path("hosts")) {
      String reason = Facts.text(one, "reason");
      screen()
          .line(
              "host %s: %s%s"
                  .formatted(
                      Facts.text(one, "host"),
                      Facts.text(one, "state"),
                      reason.equals(Facts.NONE) ? "" : ", " + reason));
    }
    for (JsonNode difference : audit.path("differences")) {
      screen()
          .line(
              "%s on %s, server %s, %s: the database has %s, the host %s. %s"
                  .formatted(
                      Facts.text(difference, "kind"),
                      Facts.text(difference, "host"),
                      Facts.text(difference, "server"),
                      Facts.text(difference.path("object"), "name"),
                      Facts.text(difference, "database"),
                      Facts.text(difference, "seen"),
                      Facts.text(difference, "remedy")));
    }
  }
}
