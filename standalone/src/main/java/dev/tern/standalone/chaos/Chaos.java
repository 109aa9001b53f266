package dev.tern.standalone.chaos;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.ComputeClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Plays cells, one after the other, on one stage and mostly one server. After a cell that failed
 * everything is set up anew, so that no cell pays for another.
 */
public final class Chaos implements AutoCloseable {
  /** The steps of a live migration, in order; a test compares them with the saga. */
  public static final List<String> STEPS =
      List.of(
          "describe-source",
          "choose-destination",
          "check-destination",
          "check-source",
          "reserve-space",
          "plan",
          "await-turn",
          "agree-on-key",
          "bring-layers",
          "create-disks",
          "start-incoming",
          "mirror-disks",
          "hand-over",
          "await-arrival",
          "change-owner",
          "move-console",
          "retire-source");

  /** A server is stopped and its disk read through after so many moves. */
  private static final int MOVES_PER_SERVER = 12;

  private static final Duration STEP = Duration.ofSeconds(60);
  private static final Duration TRACES = Duration.ofSeconds(60);
  private static final Duration LOOK = Duration.ofMillis(2);

  private final Path data;
  private final Random random;
  private final Duration held;
  private final Consumer<String> say;
  private Optional<Stage> stage = Optional.empty();
  private Optional<Subject> subject = Optional.empty();
  private String image = "";

  /**
   * @param random decides how long after a step's start its victim dies, and when it comes back
   * @param held how long a victim that is held stays so
   */
  public Chaos(Path data, Random random, Duration held, Consumer<String> say) {
    this.data = data;
    this.random = random;
    this.held = held;
    this.say = say;
  }

  /** Plays one round of a cell. What did not hold is in the outcome. */
  public Outcome play(Cell cell, int round) throws InterruptedException {
    long begun = System.nanoTime();
    Round played = new Round(cell, delay(cell.step()));
    List<String> broken = new ArrayList<>();
    try {
      Subject moved = subject();
      broken.addAll(played.play(moved));
      if (broken.isEmpty() && moved.rounds() >= MOVES_PER_SERVER) {
        broken.addAll(retire(moved));
      }
    } catch (IOException e) {
      broken.add(String.valueOf(e.getMessage()));
    }
    if (!broken.isEmpty()) {
      clear(cell, round, broken);
    }
    return new Outcome(
        cell.victim().word(),
        cell.step(),
        round,
        played.delay.toMillis(),
        played.reached,
        played.status,
        Duration.ofNanos(System.nanoTime() - begun).toMillis(),
        broken);
  }

  private Duration delay(String step) {
    boolean dataMoves = step.equals("mirror-disks") || step.equals("hand-over");
    return Duration.ofMillis(random.nextInt(dataMoves ? 600 : 60));
  }

  private Stage stage() throws IOException, InterruptedException {
    if (stage.isEmpty()) {
      Stage set = Stage.set(data, line -> {});
      stage = Optional.of(set);
      image = MovingServer.upload(set.place(), new ComputeClient(set.place().api()));
    }
    return stage.get();
  }

  private Subject subject() throws IOException, InterruptedException {
    Stage now = stage();
    if (subject.isEmpty()) {
      MovingServer server =
          MovingServer.boot(now.place(), new ComputeClient(now.place().api()), image);
      Subject fresh = new Subject(now.place(), server);
      subject = Optional.of(fresh);
      fresh.awaitWrites(50);
    }
    return subject.get();
  }

  /** Stops the server, reads its disk, deletes it, and looks what is left of it. */
  private List<String> retire(Subject done) throws IOException, InterruptedException {
    subject = Optional.empty();
    List<String> broken = new ArrayList<>(done.proveDisk());
    done.close();
    done.server().delete();
    broken.addAll(awaitNoTraces(Optional.empty()));
    return broken;
  }

  /** Ends what is still there, in order; what it finds broken then has no cell of its own. */
  public List<String> finish() throws IOException, InterruptedException {
    return subject.isEmpty() ? List.of() : retire(subject.get());
  }

  private List<String> awaitNoTraces(Optional<String> owner)
      throws IOException, InterruptedException {
    Traces traces = new Traces(stage());
    long until = System.nanoTime() + TRACES.toNanos();
    List<String> found = traces.find(owner);
    while (!found.isEmpty() && System.nanoTime() < until) {
      Pause.SLEEPING.of(Duration.ofMillis(100));
      found = traces.find(owner);
    }
    return found.stream().map(trace -> "left behind: " + trace).toList();
  }

  private void clear(Cell cell, int round, List<String> broken) throws InterruptedException {
    say.accept(cell + ", round " + round + ": " + String.join("; ", broken));
    try {
      if (subject.isPresent()) {
        subject.get().close();
      }
      if (stage.isPresent()) {
        Path logs =
            data.resolve("failed").resolve(cell.victim().word() + "-" + cell.step() + "-" + round);
        stage.get().keepLogs(logs);
        say.accept("  its logs are in " + logs);
        stage.get().close();
        Stage.forget(data);
      }
    } catch (IOException e) {
      say.accept("  and could not be cleared: " + e.getMessage());
    } finally {
      subject = Optional.empty();
      stage = Optional.empty();
    }
  }

  @Override
  public void close() throws IOException {
    if (subject.isPresent()) {
      subject.get().close();
    }
    if (stage.isPresent()) {
      stage.get().close();
    }
  }

  /** One migration with one strike. */
  private final class Round {
    private final Cell cell;
    private final Duration delay;
    private boolean reached;
    private String status = "-";

    Round(Cell cell, Duration delay) {
      this.cell = cell;
      this.delay = delay;
    }

    List<String> play(Subject moved) throws IOException, InterruptedException {
      Stage now = stage();
      String source = moved.server().host();
      String destination =
          now.place().hostData().keySet().stream()
              .filter(host -> !host.equals(source))
              .findFirst()
              .orElseThrow(() -> new IOException("there is no second host"));
      try (StepWatch steps = new StepWatch(now.conductorLog())) {
        moved.server().requestMigration();
        reached = awaitStep(steps, moved.server());
      }
      Pause.SLEEPING.of(delay);
      Stage.Healing healing = now.strike(cell.victim(), moved.server().id(), source, destination);
      Pause.SLEEPING.of(
          cell.victim().name().endsWith("_HELD") ? held : Duration.ofMillis(random.nextInt(1000)));
      healing.heal();
      status = moved.server().awaitMigrationEnd();
      return judge(moved, source, destination);
    }

    /** False when the migration has ended without it. */
    private boolean awaitStep(StepWatch steps, MovingServer server)
        throws IOException, InterruptedException {
      long until = System.nanoTime() + STEP.toNanos();
      long lookAt = System.nanoTime() + Duration.ofSeconds(2).toNanos();
      while (System.nanoTime() < until) {
        if (steps.sees(cell.step())) {
          return true;
        }
        if (System.nanoTime() > lookAt) {
          if (server.migrationHasEnded()) {
            return steps.sees(cell.step());
          }
          lookAt = System.nanoTime() + Duration.ofSeconds(2).toNanos();
        }
        Pause.SLEEPING.of(LOOK);
      }
      throw new IOException(
          "step " + cell.step() + " did not begin within " + STEP.toSeconds() + " s");
    }

    private List<String> judge(Subject moved, String source, String destination)
        throws IOException, InterruptedException {
      boolean mayBeDead = cell.victim().mayKillTheGuest();
      String settled =
          mayBeDead && !moved.isAlive() ? moved.server().awaitEnd() : moved.server().awaitSettled();
      if (mayBeDead && !settled.equals("ACTIVE")) {
        return judgeDead(moved);
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
      broken.addAll(awaitNoTraces(Optional.of(host)));
      return broken;
    }

    /** Its QEMU was killed: the API says so, nothing runs it, and it can be deleted. */
    private List<String> judgeDead(Subject moved) throws IOException, InterruptedException {
      subject = Optional.empty();
      List<String> broken = new ArrayList<>(moved.judgeDeath());
      moved.close();
      moved.server().delete();
      broken.addAll(awaitNoTraces(Optional.empty()));
      return broken;
    }
  }

  /** All cells of these victims and steps, in an order of chance. */
  public static List<Cell> cells(List<Victim> victims, List<String> steps, Random random) {
    List<Cell> cells = new ArrayList<>();
    for (Victim victim : victims) {
      for (String step : steps) {
        cells.add(new Cell(victim, step));
      }
    }
    Collections.shuffle(cells, random);
    return cells;
  }

  static {
    assert MOVES_PER_SERVER > 0;
  }
}
