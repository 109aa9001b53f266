package dev.tern.client.command;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Command(name = "migration-list", description = "Migrations, the newest first.")
final class ListMigrations extends Verb {
  @Option(names = "--server", paramLabel = "SERVER", description = "Of this server.")
  private @Nullable String server;

  @Option(names = "--host", paramLabel = "HOST", description = "From or to this host.")
  private @Nullable String host;

  @Option(names = "--in-progress", description = "Only those that are not over.")
  private boolean inProgress;

  @Option(
      names = "--cold",
      description = "Cold migrations and resizes: of servers that do not run meanwhile.")
  private boolean cold;

  @Option(names = "--limit", paramLabel = "N", description = "So many (20).")
  private int limit = 20;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (limit < 1) {
      throw new IllegalArgumentException("--limit is at least 1.");
    }
    if (cold && inProgress) {
      throw new IllegalArgumentException("--in-progress is not for --cold: look at their status.");
    }
    Map<String, String> filters = new LinkedHashMap<>();
    if (server != null) {
      filters.put("server", server(server).id());
    }
    if (host != null) {
      filters.put("host", host);
    }
    if (inProgress) {
      filters.put("in_progress", "true");
    }
    List<JsonNode> found =
        cold ? tern().coldMigrations(filters, limit) : tern().migrations(filters, limit);
    if (json()) {
      String name = cold ? "cold_migrations" : "migrations";
      screen().json(JsonMapper.shared().valueToTree(Map.of(name, found)));
    } else if (cold) {
      screen()
          .table(
              List.of("MIGRATION", "SERVER", "KIND", "STATUS", "FROM", "TO", "WHY", "ASKED FOR"),
              found.stream().map(ListMigrations::coldRow).toList());
    } else {
      screen()
          .table(
              List.of("MIGRATION", "SERVER", "STATUS", "FROM", "TO", "PROGRESS", "ASKED FOR"),
              found.stream().map(ListMigrations::row).toList());
    }
    return DONE;
  }

  private static List<String> row(JsonNode migration) {
    return List.of(
        Facts.text(migration, "uuid"),
        Facts.text(migration, "server"),
        Facts.text(migration, "status"),
        Facts.text(migration, "source"),
        Facts.text(migration, "destination"),
        Facts.percent(migration.path("progress"), "percent"),
        Facts.text(migration, "created_at"));
  }

  private static List<String> coldRow(JsonNode migration) {
    return List.of(
        Facts.text(migration, "uuid"),
        Facts.text(migration, "server"),
        Facts.text(migration, "kind"),
        Facts.text(migration, "status"),
        Facts.text(migration, "source"),
        Facts.text(migration, "destination"),
        why(migration),
        Facts.text(migration, "created_at"));
  }

  /** It came to nothing, or does not go on. */
  private static String why(JsonNode migration) {
    JsonNode failure = migration.path("failure");
    if (failure.isObject()) {
      return Facts.text(failure, "message");
    }
    return Facts.text(migration, "status").equals("finished")
        ? "waits to be confirmed or reverted"
        : Facts.text(migration.path("waiting"), "reason");
  }
}
