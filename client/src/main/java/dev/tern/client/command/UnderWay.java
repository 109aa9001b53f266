package dev.tern.client.command;

import dev.tern.client.Migration;
import dev.tern.client.Server;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** The migration of a server that runs now: named by the server, and checked by its own name. */
final class UnderWay {
  @Parameters(index = "0", paramLabel = "SERVER", description = "Its id, or its name.")
  private String server;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "MIGRATION",
      description = "Only if it is this one: its UUID, or Nova's number of it.")
  private @Nullable String named;

  /** Filled in from the command line. */
  @SuppressWarnings("NullAway.Init")
  UnderWay() {}

  UnderWay(String server) {
    this.server = server;
  }

  Server server(Verb verb) throws IOException, InterruptedException {
    return verb.server(server);
  }

  /** Refused when there is none, or it is not the one that was named. */
  Migration migration(Server server) throws IOException, InterruptedException {
    Migration migration =
        server
            .migrationUnderWay()
            .orElseThrow(
                () -> Verb.refused("Server %s is not being migrated.".formatted(server.id())));
    if (named != null && !named.equals(migration.uuid()) && !isNumberOf(server, migration, named)) {
      throw Verb.refused(
          "Server %s is being migrated by %s, and not by '%s'."
              .formatted(server.id(), migration.uuid(), named));
    }
    return migration;
  }

  private static boolean isNumberOf(Server server, Migration migration, String number)
      throws IOException, InterruptedException {
    for (JsonNode one : server.numberedMigrations()) {
      if (one.path("uuid").asString("").equals(migration.uuid())) {
        return one.path("id").asString("").equals(number);
      }
    }
    return false;
  }

  void accepted(Verb verb, JsonNode report, String what) {
    if (verb.json()) {
      verb.screen().json(report);
    } else {
      verb.screen().line("migration %s: %s.".formatted(Facts.text(report, "uuid"), what));
    }
  }
}
