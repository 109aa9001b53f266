package dev.tern.client.command;

import dev.tern.client.Migration;
import dev.tern.client.Server;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.JsonNode;

@Command(
    name = "domjobabort",
    aliases = "live-migration-abort",
    description = "End the migration of a server; its guest stays where it is.")
final class DomJobAbort extends Verb {
  @Mixin private final UnderWay underWay = new UnderWay();
  @Mixin private final WaitOptions wait = new WaitOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    wait.longest();
    Server server = underWay.server(this);
    Migration migration = underWay.migration(server);
    JsonNode asked = migration.abort();
    if (!wait.waits()) {
      underWay.accepted(this, asked, "its end has been asked for");
      return DONE;
    }
    Follow follow = new Follow(this, server, migration);
    JsonNode report = follow.over(wait, follow.goesOn() + " Its end has been asked for.");
    return follow.ended(report, report.path("status").asString("").equals("cancelled"));
  }
}
