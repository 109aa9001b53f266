package dev.tern.client.command;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "migrate-setspeed",
    description = "Limit the migration that runs, disks and memory together.")
final class MigrateSetSpeed extends Verb {
  @Parameters(index = "0", paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "RATE",
      description = "MiB/s, or 500K, 1G; 0 is no limit.")
  private @Nullable String rate;

  @Option(
      names = "--bandwidth",
      paramLabel = "RATE",
      description = "The same, as virsh takes it too.")
  private @Nullable String bandwidth;

  @Override
  public Integer call() throws IOException, InterruptedException {
    @Nullable String named = rate == null ? bandwidth : rate;
    if (named == null || (rate != null && bandwidth != null)) {
      throw new IllegalArgumentException("Name one bandwidth: migrate-setspeed SERVER RATE.");
    }
    Map<String, @Nullable Object> policy = new HashMap<>();
    policy.put("max_bandwidth", Amounts.bandwidth("RATE", named));
    return Steer.change(this, new UnderWay(server), policy);
  }
}
