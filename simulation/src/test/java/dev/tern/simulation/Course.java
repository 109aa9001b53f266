package dev.tern.simulation;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.fake.FakeCourse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * The simulated QEMUs' time: each call of a driver is many effects, and QEMU goes on when it likes.
 */
final class Course implements FakeCourse {
  private static final long[] LASTS = {3, 40, 700, 6_000};
  private static final int SOON = 30;

  /** Longer than any silence that a conductor bears. */
  private static final int LONG = 60_000;

  private final Turns turns;
  private final RandomGenerator random;
  private boolean linked = true;

  Course(Turns turns, RandomGenerator random) {
    this.turns = turns;
    this.random = random;
  }

  void linked(boolean whole) {
    linked = whole;
  }

  @Override
  public void at(Path instance, String point) throws VirtException {
    if (turns.effect("qemu " + point) == Fault.Kind.MONITOR_SILENT) {
      throw new VirtException(Kind.NO_ANSWER, "The monitor is silent.", null);
    }
  }

  @Override
  public void waits(Path instance, String what) throws VirtException, InterruptedException {
    at(instance, what);
    turns.pause(Duration.ofMillis(random.nextLong(LASTS[random.nextInt(LASTS.length)])));
    at(instance, "has done: " + what);
  }

  @Override
  public void byItself(Path instance, String what, Runnable next) {
    String host = String.valueOf(instance.getName(0));
    turns.after(
        Duration.ofMillis(
            random.nextInt(what.equals("sends the rest of the memory") ? LONG : SOON)),
        () -> {
          turns.tell("QEMU of " + host + " " + what);
          next.run();
        });
  }

  @Override
  public Runnable onBehalf(String name, Runnable work) {
    Party caller = turns.running().orElseThrow();
    return () -> caller.start(name, work);
  }

  @Override
  public boolean linked(Path one, Path other) {
    return linked;
  }
}
