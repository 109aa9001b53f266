package dev.tern.standalone.chaos;

import dev.tern.standalone.DemoStage;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;

/** Does to a victim what is to be done to it, and answers what brings it back. */
final class Striker {
  private final Stage stage;

  Striker(Stage stage) {
    this.stage = stage;
  }

  /** What undoes a strike. */
  @FunctionalInterface
  interface Healing {
    void heal() throws IOException, InterruptedException;
  }

  /**
   * Who is there.
   *
   * @param conductor the copy that runs the migration
   */
  record Scene(String server, String source, String destination, String conductor) {
    String sourceAgent() {
      return "agent-" + source;
    }

    String destinationAgent() {
      return "agent-" + destination;
    }
  }

  /**
   * That a victim is not there (a QEMU that has not begun, or is gone already) is no fault.
   *
   * @throws IOException when it cannot be done here, saying why
   */
  Healing strike(Victim victim, Scene scene) throws IOException, InterruptedException {
    return switch (victim) {
      case API -> killed(List.of("api"));
      case API_STOPPED -> stopped("api");
      case CONDUCTOR -> killed(List.of(scene.conductor()));
      case CONDUCTOR_STOPPED -> stopped(scene.conductor());
      case CONDUCTOR_HELD -> held(List.of(stage.process(scene.conductor())));
      case SCHEDULER -> killed(List.of("scheduler"));
      case SOURCE_AGENT -> killed(List.of(scene.sourceAgent()));
      case DESTINATION_AGENT -> killed(List.of(scene.destinationAgent()));
      case BOTH_AGENTS -> killed(List.of(scene.sourceAgent(), scene.destinationAgent()));
      case BROKER -> {
        stage.killBroker();
        yield stage::startBroker;
      }
      case BROKER_CUT -> cut(stage::brokerConnections);
      case BROKER_HELD -> held(stage.brokerProcesses());
      case DATABASE -> {
        stage.killDatabase();
        yield stage::startDatabase;
      }
      case DATABASE_CUT -> cut(stage::databaseConnections);
      case DATABASE_HELD -> held(stage.databaseProcesses());
      case SOURCE_AGENT_HELD -> held(List.of(stage.process(scene.sourceAgent())));
      case DESTINATION_AGENT_HELD -> held(List.of(stage.process(scene.destinationAgent())));
      case SOURCE_QEMU -> guestsKilled(stage.guests(scene.server(), scene.source()));
      case DESTINATION_QEMU -> guestsKilled(stage.guests(scene.server(), scene.destination()));
      case SOURCE_QEMU_HELD -> held(stage.guests(scene.server(), scene.source()));
      case DESTINATION_QEMU_HELD -> held(stage.guests(scene.server(), scene.destination()));
      case LINK_CUT -> cut(stage::links);
      case LINK_DEAD -> DeadLink.begin(stage::links);
      case DESTINATION_FULL -> stage.disks().fill(scene.destination());
      case EVERYTHING -> everything();
    };
  }

  private Healing killed(List<String> names) throws IOException {
    for (String name : names) {
      stage.kill(name);
    }
    return () -> {
      for (String name : names) {
        stage.restart(name);
      }
    };
  }

  private Healing stopped(String name) throws IOException {
    stage.stop(name);
    return () -> stage.restart(name);
  }

  private Healing everything() throws IOException {
    Healing services = killed(stage.services());
    stage.killBroker();
    stage.killDatabase();
    return () -> {
      stage.startDatabase();
      stage.startBroker();
      services.heal();
    };
  }

  private static Healing held(List<ProcessHandle> processes)
      throws IOException, InterruptedException {
    for (ProcessHandle process : processes) {
      signal("STOP", process);
    }
    return () -> {
      for (ProcessHandle process : processes) {
        signal("CONT", process);
      }
    };
  }

  private static void signal(String signal, ProcessHandle to)
      throws IOException, InterruptedException {
    String pid = Long.toString(to.pid());
    Process kill = new ProcessBuilder("kill", "-" + signal, pid).inheritIO().start();
    if (kill.waitFor() != 0 && to.isAlive()) {
      throw new IOException("could not send SIG" + signal + " to " + pid);
    }
  }

  private static Healing guestsKilled(List<ProcessHandle> guests) throws IOException {
    for (ProcessHandle guest : guests) {
      DemoStage.end(guest);
    }
    return () -> {};
  }

  /** Looks for sockets that are there now. */
  @FunctionalInterface
  interface Sockets {
    Stream<Wires.Wire> now() throws IOException;
  }

  private static Healing cut(Sockets sockets) throws IOException {
    for (Wires.Wire wire : sockets.now().filter(wire -> !wire.listens()).toList()) {
      Wires.cut(wire);
    }
    return () -> {};
  }
}
