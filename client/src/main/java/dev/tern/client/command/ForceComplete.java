package dev.tern.client.command;

import dev.tern.client.Migration;
import dev.tern.client.Server;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.JsonNode;

@Command(
    name = "force-complete",
    aliases = "live-migration-force-complete",
    description = "Complete the migration of a server now, whatever pause its guest has from that.")
final class ForceComplete extends Verb {
  @Mixin private final UnderWay underWay = new UnderWay();
  @Mixin private final WaitOptions wait = new WaitOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    wait.longest();
    Server server = underWay.server(this);
    Migration migration = underWay.migration(server);
    JsonNode asked = migration.forceComplete();
    if (!wait.waits()) {
      underWay.accepted(this, asked, "it will be forced");
      return DONE;
    }
    Follow follow = new Follow(this, server, migration);
    JsonNode report = follow.over(wait, follow.goesOn());
    return follow.ended(report, Migration.isCompleted(report));
  }
}
