package dev.tern.client.command;

import dev.tern.client.Server;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.JsonNode;

@Command(
    name = "migrate-policy",
    description = "Change the policy of the migration that runs; what is not named stays.")
final class Steer extends Verb {
  @Mixin private final UnderWay underWay = new UnderWay();
  @Mixin private final PolicyOptions policy = new PolicyOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Map<String, @Nullable Object> parts = policy.body();
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("Nothing to change was named: see --help.");
    }
    return change(this, underWay, parts);
  }

  static int change(Verb verb, UnderWay underWay, Map<String, @Nullable Object> parts)
      throws IOException, InterruptedException {
    Server server = underWay.server(verb);
    JsonNode report = underWay.migration(server).steer(parts);
    underWay.accepted(verb, report, "its policy is now " + report.path("policy"));
    return DONE;
  }
}
