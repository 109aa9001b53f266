package dev.tern.client.command;

import dev.tern.client.Server;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Starting and stopping, pausing, suspending and rebooting. */
abstract sealed class Power extends Verb {
  private final String verb;
  private final String status;

  @Parameters(paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Mixin private final WaitOptions wait = new WaitOptions();

  /**
   * @param status the server's, once it is done
   */
  private Power(String verb, String status) {
    this.verb = verb;
    this.status = status;
  }

  abstract void ask(Server found) throws IOException, InterruptedException;

  /** A stopped server runs again. */
  @Command(name = "start", description = "Start a stopped server.")
  static final class Start extends Power {
    Start() {
      super("start", "ACTIVE");
    }

    @Override
    void ask(Server found) throws IOException, InterruptedException {
      found.act("os-start");
    }
  }

  /** The guest is told to power off. */
  @Command(
      name = "stop",
      aliases = "shutdown",
      description = "Stop a server: its guest is told to power off.")
  static final class Stop extends Power {
    Stop() {
      super("stop", "SHUTOFF");
    }

    @Override
    void ask(Server found) throws IOException, InterruptedException {
      found.act("os-stop");
    }
  }

  /** The guest begins anew in a new QEMU. */
  @Command(
      name = "reboot",
      description = "Reboot a server: its guest is told to power off, and begins anew.")
  static final class Reboot extends Power {
    @Option(names = "--hard", description = "At once, whatever the guest does.")
    private boolean hard;

    Reboot() {
      super("reboot", "ACTIVE");
    }

    @Override
    void ask(Server found) throws IOException, InterruptedException {
      found.reboot(hard);
    }
  }

  /** The guest stands. */
  @Command(name = "pause", description = "Pause a server: its guest stands until it is unpaused.")
  static final class Pause extends Power {
    Pause() {
      super("pause", "PAUSED");
    }

    @Override
    void ask(Server found) throws IOException, InterruptedException {
      found.act("pause");
    }
  }

  /** The guest goes on. */
  @Command(name = "unpause", description = "Let a paused server go on.")
  static final class Unpause extends Power {
    Unpause() {
      super("unpause", "ACTIVE");
    }

    @Override
    void ask(Server found) throws IOException, InterruptedException {
      found.act("unpause");
    }
  }

  /** The guest is a file. */
  @Command(
      name = "suspend",
      description =
          "Suspend a server: its guest's memory is a file of its host until it is resumed.")
  static final class Suspend extends Power {
    Suspend() {
      super("suspend", "SUSPENDED");
    }

    @Override
    void ask(Server found) throws IOException, InterruptedException {
      found.act("suspend");
    }
  }

  /** The guest goes on; virsh has one word for both ways to stand. */
  @Command(name = "resume", description = "Let a suspended server, or a paused one, go on.")
  static final class Resume extends Power {
    Resume() {
      super("resume", "ACTIVE");
    }

    @Override
    void ask(Server found) throws IOException, InterruptedException {
      boolean paused = found.facts().path("status").asString("").equals("PAUSED");
      found.act(paused ? "unpause" : "resume");
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    wait.longest();
    Server found = server(server);
    ask(found);
    String asked = "server %s: asked to %s.".formatted(found.id(), verb);
    if (!wait.waits()) {
      if (json()) {
        screen().json(found.facts());
      } else {
        screen().line(asked);
      }
      return DONE;
    }
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
