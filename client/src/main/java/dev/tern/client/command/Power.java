package dev.tern.client.command;

import dev.tern.client.Server;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Starting and stopping. */
abstract sealed class Power extends Verb {
  private final boolean on;

  @Parameters(paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Mixin private final WaitOptions wait = new WaitOptions();

  private Power(boolean on) {
    this.on = on;
  }

  /** A stopped server runs again. */
  @Command(name = "start", description = "Start a stopped server.")
  static final class Start extends Power {
    Start() {
      super(true);
    }
  }

  /** The guest is told to power off. */
  @Command(
      name = "stop",
      aliases = "shutdown",
      description = "Stop a server: its guest is told to power off.")
  static final class Stop extends Power {
    Stop() {
      super(false);
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    wait.longest();
    Server found = server(server);
    found.power(on);
    String asked = "server %s: asked to %s.".formatted(found.id(), on ? "start" : "stop");
    if (!wait.waits()) {
      if (json()) {
        screen().json(found.facts());
      } else {
        screen().line(asked);
      }
      return DONE;
    }
    String status = on ? "ACTIVE" : "SHUTOFF";
    JsonNode now;
    try (Farewell.Held _ = farewell().hold("No longer waiting; " + asked)) {
      now = found.await(status, wait.longest());
    }
    if (json()) {
      screen().json(now);
    } else {
      screen().line("server %s is %s".formatted(found.id(), Facts.text(now, "status")));
    }
    return now.path("status").asString("").equals(status) ? DONE : FAILED;
  }
}
