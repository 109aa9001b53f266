package dev.tern.client.command;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Command(name = "list", description = "Servers, the newest first.")
final class ListServers extends Verb {
  @Option(
      names = {"--all-projects", "--all-tenants"},
      description = "Of all projects, not only of one's own.")
  private boolean allProjects;

  @Option(names = "--host", paramLabel = "HOST", description = "On this host.")
  private @Nullable String host;

  @Option(names = "--status", paramLabel = "STATUS", description = "E.g. ACTIVE, MIGRATING.")
  private @Nullable String status;

  @Option(names = "--name", paramLabel = "REGEX", description = "Whose name matches.")
  private @Nullable String name;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Map<String, String> filters = new LinkedHashMap<>();
    if (allProjects) {
      filters.put("all_tenants", "1");
    }
    put(filters, "host", host);
    put(filters, "status", status);
    put(filters, "name", name);
    List<JsonNode> servers = tern().servers(filters);
    if (json()) {
      screen().json(JsonMapper.shared().valueToTree(Map.of("servers", servers)));
      return DONE;
    }
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode server : servers) {
      rows.add(
          List.of(
              Facts.text(server, "id"),
              Facts.text(server, "name"),
              Facts.text(server, "status"),
              Facts.text(server, "OS-EXT-STS:task_state"),
              Facts.text(server, "OS-EXT-SRV-ATTR:host")));
    }
    screen().table(List.of("ID", "NAME", "STATUS", "TASK", "HOST"), rows);
    return DONE;
  }

  private static void put(Map<String, String> filters, String name, @Nullable String value) {
    if (value != null) {
      filters.put(name, value);
    }
  }
}
