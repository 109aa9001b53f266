package dev.tern.client.command;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.json.JsonMapper;

@Command(
    name = "console-log",
    description = "What a guest wrote to its console, on all hosts it has been on.")
final class ConsoleLog extends Verb {
  @Parameters(paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Option(names = "--length", paramLabel = "LINES", description = "Only the last so many lines.")
  private @Nullable Integer length;

  @Override
  public Integer call() throws IOException, InterruptedException {
    String output = server(server).console(Optional.ofNullable(length));
    if (json()) {
      screen().json(JsonMapper.shared().createObjectNode().put("output", output));
    } else {
      screen().lines(output);
    }
    return DONE;
  }
}
