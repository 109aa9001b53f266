package dev.tern.standalone.chaos;

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
  /** No step: the victim is struck while the request itself is under way. */
  public static final String ASK = "ask";

  /** That, and the steps of a live migration, in order; a test compares them with the saga. */
  public static final List<String> STEPS =
      List.of(
          ASK,
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
          "await-source",
          "hand-over",
          "await-arrival",
          "change-owner",
          "move-console",
          "await-memory",
          "retire-source");

  /** A server is stopped and its disk read through after so many moves. */
  private static final int MOVES_PER_SERVER = 12;

  private final Path data;
  private final Random random;
  private final Duration held;
  private final boolean postCopyAllowed;
  private final boolean drain;
  private final Consumer<String> say;
  private Optional<Stage> stage = Optional.empty();
  private Optional<Subject> subject = Optional.empty();
  private String image = "";

  /**
   * @param random decides how long after a step's start its victim dies, and when it comes back
   * @param held how long a victim that is held stays so
   * @param postCopyAllowed guests may run before all their memory is there; mostly none needs it
   * @param drain the server's host is emptied, instead of the server moved
   */
  public Chaos(
      Path data,
      Random random,
      Duration held,
      boolean postCopyAllowed,
      boolean drain,
      Consumer<String> say) {
    this.data = data;
    this.random = random;
    this.held = held;
    this.postCopyAllowed = postCopyAllowed;
    this.drain = drain;
    this.say = say;
  }

  /** Plays one round of a cell. What did not hold is in the outcome. */
  public Outcome play(Cell cell, int round) throws InterruptedException {
    long begun = System.nanoTime();
    Round played = new Round(cell, delay(cell.step()), back(cell.victim()));
    List<String> broken = new ArrayList<>();
    try {
      Subject moved = subject();
      broken.addAll(played.play(stage(), moved, request(moved.server())));
      if (played.guestDied()) {
        broken.addAll(bury(moved));
      } else if (broken.isEmpty() && moved.rounds() >= MOVES_PER_SERVER) {
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
        played.delay().toMillis(),
        played.reached(),
        played.status(),
        Duration.ofNanos(System.nanoTime() - begun).toMillis(),
        broken);
  }

  private Request request(MovingServer server) throws IOException, InterruptedException {
    return drain
        ? new DrainRequest(new ComputeClient(stage().place().api()), server)
        : new MigrationRequest(server);
  }

  private Duration delay(String step) {
    boolean dataMoves = step.equals("mirror-disks") || step.equals("hand-over");
    return Duration.ofMillis(random.nextInt(dataMoves ? 600 : 60));
  }

  /** How long a victim stays as it is made. */
  private Duration back(Victim victim) {
    return victim.lasts() ? held : Duration.ofMillis(random.nextInt(1000));
  }

  /** The stage, set if there is none. */
  Stage stage() throws IOException, InterruptedException {
    if (stage.isEmpty()) {
      Stage set = Stage.set(data, postCopyAllowed, line -> {});
      stage = Optional.of(set);
      image = MovingServer.upload(set.place(), new ComputeClient(set.place().api()));
    }
    return stage.get();
  }

  /** The server under test, booted if there is none. */
  Subject subject() throws IOException, InterruptedException {
    Stage now = stage();
    if (subject.isEmpty()) {
      MovingServer server =
          MovingServer.boot(now.place(), new ComputeClient(now.place().api()), image);
      Subject fresh = new Subject(now.place(), server);
      subject = Optional.of(fresh);
      fresh.awaitWrites(50);
      fresh.rememberNodes();
    }
    return subject.get();
  }

  /** Stops the server, reads its disk, deletes it, and looks what is left of it. */
  private List<String> retire(Subject done) throws IOException, InterruptedException {
    subject = Optional.empty();
    List<String> broken = new ArrayList<>(done.proveDisk());
    broken.addAll(bury(done));
    return broken;
  }

  /** Deletes the server, and looks what is left of it. */
  private List<String> bury(Subject done) throws IOException, InterruptedException {
    subject = Optional.empty();
    done.close();
    done.server().delete();
    return new Traces(stage(), Optional.empty()).awaitNone(Optional.empty());
  }

  /** Ends what is still there, in order; what it finds broken then has no cell of its own. */
  public List<String> finish() throws IOException, InterruptedException {
    return subject.isEmpty() ? List.of() : retire(subject.get());
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
}
