package dev.tern.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Many runs of one kind, one after the other: all seeds from the first on, or the only one that is
 * asked for by {@code tern.sim.seed} and {@code tern.sim.kind}. Half of them belong to either of
 * two test classes, which processes of their own run at the same time.
 */
final class Seeds {
  /** How many stories of failures are told whole; of the others, what they were. */
  private static final int TOLD = 3;

  private static final Logger log = LoggerFactory.getLogger(Seeds.class);

  private final Kind kind;
  private final List<Simulation.Result> failed = new ArrayList<>();
  private long seeds;
  private int faults;
  private int completed;
  private int withoutRoom;
  private int swept;
  private int fenced;
  private int givenUp;

  private Seeds(Kind kind) {
    this.kind = kind;
  }

  /** What a seed is the seed of. */
  enum Kind {
    /** One server, and whatever can go wrong. */
    ANYTHING(4000) {
      @Override
      Plan plan(long seed) {
        return Plan.of(seed, Effects.known());
      }
    },
    /** Hosts lose their power, and nothing else goes wrong. */
    DARK(1000) {
      @Override
      Plan plan(long seed) {
        return Plan.of(seed, Effects.known(), fault -> fault.kind() == Fault.Kind.POWER_LOST);
      }
    },
    /** Two to four servers, which arrive and leave at once, and want the same places. */
    SEVERAL(400) {
      @Override
      Plan plan(long seed) {
        return Plan.of(seed, Effects.known()).of(2 + (int) (seed % 3));
      }
    },
    /** Guests that run at their destination before their memory is there. */
    AFAR(400) {
      @Override
      Plan plan(long seed) {
        return Plan.of(seed, Effects.knownAfar()).byPostCopy();
      }
    },
    /** Guests whose sources could have done so, and can fail when all is at the destination. */
    LAST_WORD(400) {
      @Override
      Plan plan(long seed) {
        return Plan.of(seed, Effects.knownWithLastWord()).by(Plan.Memory.POST_COPY_ALLOWED);
      }
    };

    private final long usual;

    Kind(long usual) {
      this.usual = usual;
    }

    abstract Plan plan(long seed);

    /** How to run one again. */
    String again(long seed) {
      return ("mvn -pl simulation -am test -Dtest=OddSeedsTest"
              + " -Dsurefire.failIfNoSpecifiedTests=false -Dtern.sim.seed=%d -Dtern.sim.kind=%s")
          .formatted(seed, this);
    }
  }

  /** Which of the seeds. */
  enum Half {
    ODD,
    EVEN
  }

  /** Runs them; failures are printed when they happen. */
  static Seeds run(Kind kind, Half half) {
    Seeds seeds = new Seeds(kind);
    chosen(kind, half).forEach(seeds::run);
    log.atInfo()
        .addKeyValue("kind", kind)
        .addKeyValue("half", half)
        .addKeyValue("seeds", seeds.seeds)
        .addKeyValue("faults", seeds.faults)
        .addKeyValue("completed", seeds.completed)
        .addKeyValue("withoutRoom", seeds.withoutRoom)
        .addKeyValue("swept", seeds.swept)
        .addKeyValue("fenced", seeds.fenced)
        .addKeyValue("givenUp", seeds.givenUp)
        .addKeyValue("failed", seeds.failed.size())
        .log("simulated");
    return seeds;
  }

  private static LongStream chosen(Kind kind, Half half) {
    long only = number("tern.sim.seed", 0);
    if (only != 0) {
      boolean asked = System.getProperty("tern.sim.kind", "").equals(kind.toString());
      return asked && half == Half.ODD ? LongStream.of(only) : LongStream.empty();
    }
    // Every kind in the same proportion as usual, however many are asked for.
    long last = number("tern.sim.seeds", Kind.ANYTHING.usual) * kind.usual / Kind.ANYTHING.usual;
    return LongStream.iterate(half == Half.ODD ? 1 : 2, seed -> seed <= last, seed -> seed + 2);
  }

  private static long number(String property, long usual) {
    String given = System.getProperty(property, "");
    return given.isEmpty() ? usual : Long.parseLong(given);
  }

  private void run(long seed) {
    Simulation.Result result = new Simulation(kind.plan(seed), Variant.AS_IT_IS).run();
    seeds++;
    faults += result.faultsHit();
    completed += result.completed();
    withoutRoom += result.withoutRoom();
    swept += result.swept();
    fenced += result.fenced();
    givenUp += result.givenUp();
    if (!result.good()) {
      failed.add(result);
      log.atError()
          .addKeyValue("plan", result.plan())
          .addKeyValue("violated", result.violations())
          .addKeyValue("again", kind.again(seed))
          .log("a seed fails");
    }
  }

  /**
   * Fails when one of them has, with the stories of the first; or when something never happened in
   * all that are usual.
   */
  void allAreGood(Consumer<Seeds> and) {
    if (!failed.isEmpty()) {
      StringBuilder told = new StringBuilder();
      failed.stream()
          .limit(TOLD)
          .forEach(one ->
              told.append("again: ")
                  .append(kind.again(one.plan().seed()))
                  .append('\n')
                  .append(Shrinking.story(one))
                  .append('\n'));
      throw new AssertionError(
          "%d of %d seeds fail: %s%n%s"
              .formatted(
                  failed.size(),
                  seeds,
                  failed.stream().map(one -> one.plan().seed()).toList(),
                  told));
    }
    long usual = Kind.ANYTHING.usual;
    if (number("tern.sim.seed", 0) == 0 && number("tern.sim.seeds", usual) >= usual) {
      and.accept(this);
    }
  }

  int faults() {
    return faults;
  }

  int completed() {
    return completed;
  }

  int withoutRoom() {
    return withoutRoom;
  }

  int givenUp() {
    return givenUp;
  }

  int fenced() {
    return fenced;
  }
}
