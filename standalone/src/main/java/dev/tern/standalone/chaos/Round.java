package dev.tern.standalone.chaos;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.Patience;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** One migration with one strike, and what is looked for afterwards. */
final class Round {
  private static final Duration STEP = Duration.ofSeconds(60);
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration TRACES = Duration.ofSeconds(60);

  /** Below the lease: who takes over later has not been told, but found it. */
  private static final Duration TAKE_OVER = Duration.ofSeconds(10);

  private static final Duration LOOK = Duration.ofMillis(2);

  private final Cell cell;
  private final Duration delay;
  private final Duration back;
  private final Patience patience = new Patience(Pause.SLEEPING);
  private boolean reached;
  private boolean guestDied;
  private String status = "-";

  /**
   * A round of a cell.
   *
   * @param delay from the step's begin to the strike
   * @param back from then until the victim is made whole
   */
  Round(Cell cell, Duration delay, Duration back) {
    this.cell = cell;
    this.delay = delay;
    this.back = back;
  }

  Duration delay() {
    return delay;
  }

  /** The step began, and the victim was struck. */
  boolean reached() {
    return reached;
  }

  /** The migration's last status; {@code -} before it has one. */
  String status() {
    return status;
  }

  /** The server's own QEMU was killed, so it is to be deleted. */
  boolean guestDied() {
    return guestDied;
  }

  /** Plays it; answers what did not hold. */
  List<String> play(Stage now, Subject moved, Request request)
      throws IOException, InterruptedException {
    String source = moved.server().host();
    String destination =
        now.place().hostData().keySet().stream()
            .filter(host -> !host.equals(source))
            .findFirst()
            .orElseThrow(() -> new IOException("there is no second host"));
    // A service that the last round killed may still be starting; two deaths are another cell.
    patience.untilTrue(
        "every service is at work", START, () -> Optional.of(new Queues(now.amqp()).areServed()));
    moved.server().awaitRoom();
    List<String> broken = new ArrayList<>();
    try (StepWatch steps = new StepWatch(now.conductorLogs())) {
      if (cell.step().equals(Chaos.ASK)) {
        reached = true;
        strikeWhileAsking(now, request, scene(moved, source, destination, Optional.empty()));
      } else {
        request.ask();
        Optional<String> conductor = awaitStep(steps, request);
        reached = conductor.isPresent();
        Striker.Scene scene = scene(moved, source, destination, conductor);
        if (cell.victim() == Victim.CONDUCTOR_STOPPED) {
          broken.addAll(stopConductor(now, request, steps, scene));
        } else {
          strike(now, scene);
        }
      }
    }
    status = request.awaitEnd();
    List<String> life = judge(now, moved, source, destination);
    broken.addAll(request.judge(guestDied));
    broken.addAll(life);
    for (String migration : request.migrations()) {
      broken.addAll(awaitNothingOpen(moved.server(), migration));
    }
    return broken;
  }

  private Striker.Scene scene(
      Subject moved, String source, String destination, Optional<String> conductor) {
    return new Striker.Scene(
        moved.server().id(), source, destination, conductor.orElse(Stage.CONDUCTORS.getFirst()));
  }

  /** The request goes on until it is answered, whatever is struck meanwhile. */
  private void strikeWhileAsking(Stage now, Request request, Striker.Scene scene)
      throws IOException, InterruptedException {
    FutureTask<Boolean> asking =
        new FutureTask<>(() -> {
          request.ask();
          return true;
        });
    Thread.ofVirtual().name("asking").start(asking);
    strike(now, scene);
    try {
      var _ = asking.get();
    } catch (ExecutionException e) {
      throw new IOException("asking: " + e.getMessage(), e);
    }
  }

  private void strike(Stage now, Striker.Scene scene) throws IOException, InterruptedException {
    Pause.SLEEPING.of(delay);
    Striker.Healing healing = new Striker(now).strike(cell.victim(), scene);
    Pause.SLEEPING.of(back);
    healing.heal();
  }

  /** A conductor that stops has to have handed over: the other goes on at once. */
  private List<String> stopConductor(
      Stage now, Request request, StepWatch steps, Striker.Scene scene)
      throws IOException, InterruptedException {
    Pause.SLEEPING.of(delay);
    Striker.Healing healing = new Striker(now).strike(cell.victim(), scene);
    boolean goesOn = false;
    long until = System.nanoTime() + TAKE_OVER.toNanos();
    while (!goesOn && System.nanoTime() < until) {
      goesOn = steps.seesAnother(scene.conductor()) || request.hasEnded();
      Pause.SLEEPING.of(LOOK);
    }
    healing.heal();
    return goesOn ? List.of() : List.of("the conductor that stopped handed nothing over");
  }

  /** Which conductor began it; empty when all has ended without it. */
  private Optional<String> awaitStep(StepWatch steps, Request request)
      throws IOException, InterruptedException {
    long until = System.nanoTime() + STEP.toNanos();
    long lookAt = System.nanoTime() + Duration.ofSeconds(2).toNanos();
    while (System.nanoTime() < until) {
      Optional<String> conductor = steps.sees(cell.step());
      if (conductor.isPresent()) {
        return conductor;
      }
      if (System.nanoTime() > lookAt) {
        if (request.hasEnded()) {
          return steps.sees(cell.step());
        }
        lookAt = System.nanoTime() + Duration.ofSeconds(2).toNanos();
      }
      Pause.SLEEPING.of(LOOK);
    }
    throw new IOException(
        "step " + cell.step() + " did not begin within " + STEP.toSeconds() + " s");
  }

  /** What Tern itself says it has not removed. */
  private List<String> awaitNothingOpen(MovingServer server, String migration)
      throws IOException, InterruptedException {
    long until = System.nanoTime() + TRACES.toNanos();
    List<String> open = server.open(migration);
    while (!open.isEmpty() && System.nanoTime() < until) {
      Pause.SLEEPING.of(Duration.ofMillis(200));
      open = server.open(migration);
    }
    return open.stream().map(thing -> "the receipt has open " + thing).toList();
  }

  private List<String> judge(Stage now, Subject moved, String source, String destination)
      throws IOException, InterruptedException {
    boolean mayBeDead = cell.victim().mayKillTheGuest();
    String settled =
        mayBeDead && !moved.isAlive() ? moved.server().awaitEnd() : moved.server().awaitSettled();
    if (mayBeDead && !settled.equals("ACTIVE")) {
      guestDied = true;
      return moved.judgeDeath();
    }
    List<String> broken = new ArrayList<>();
    if (!settled.equals("ACTIVE")) {
      broken.add("the server is %s: %s".formatted(settled, moved.server().show().path("fault")));
      return broken;
    }
    String host = moved.server().host();
    String expected = status.equals("completed") ? destination : source;
    if (!host.equals(expected)) {
      broken.add("the migration is %s and the server on %s".formatted(status, host));
    }
    broken.addAll(moved.judgeLife(host));
    broken.addAll(new Traces(now, Optional.of(moved)).awaitNone(Optional.of(host)));
    return broken;
  }
}
