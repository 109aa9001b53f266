package dev.tern.client.command;

import dev.tern.client.Server;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.json.JsonMapper;

@Command(
    name = "live-migration",
    description =
        "As nova's: migrate a server by Nova's own call. Returns once its checks are over.")
final class LiveMigration extends Verb {
  @Option(
      names = {"--block-migrate", "--block_migrate"},
      description = "Refuse when there is no local disk to copy; else it is looked up.")
  private boolean blockMigrate;

  @Option(
      names = "--force",
      description = "Only with HOST. No host is exempt from the checks here.")
  private boolean force;

  @Parameters(index = "0", paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Parameters(index = "1", arity = "0..1", paramLabel = "HOST", description = "Where to.")
  private @Nullable String host;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Server found = server(server);
    found.liveMigrate(host, blockMigrate, force);
    if (json()) {
      screen().json(JsonMapper.shared().createObjectNode().put("server", found.id()));
    } else {
      screen()
          .line(
              "server %1$s migrates. To look at it: tern domjobinfo %1$s; to end it: tern domjobabort %1$s"
                  .formatted(found.id()));
    }
    return DONE;
  }
}
