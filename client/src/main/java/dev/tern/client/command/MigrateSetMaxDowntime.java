package dev.tern.client.command;

import java.io.IOException;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "migrate-setmaxdowntime",
    description = "The longest pause that may be planned for in the migration that runs.")
final class MigrateSetMaxDowntime extends Verb {
  @Parameters(index = "0", paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Parameters(index = "1", paramLabel = "TIME", description = "Milliseconds, or 2s.")
  @SuppressWarnings("NullAway.Init")
  private String downtime;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Map<String, @Nullable Object> policy = new HashMap<>();
    policy.put("max_pause_millis", Amounts.time("TIME", downtime, ChronoUnit.MILLIS).toMillis());
    return Steer.change(this, new UnderWay(server), policy);
  }
}
