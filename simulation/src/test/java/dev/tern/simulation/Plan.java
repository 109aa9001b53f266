package dev.tern.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;

/**
 * One run, before it is run: all of it follows from the seed and from which effects there can be.
 *
 * @param servers that move at the same time, each from another host as far as there are any
 * @param hosts 2 or 3
 * @param migrations of each server, one after the other
 * @param sticky how likely it is that who runs goes on
 * @param latencyMillis of a message, at most
 * @param memory how the guests' memory moves
 */
record Plan(
    long seed,
    int servers,
    int hosts,
    int migrations,
    double sticky,
    int latencyMillis,
    Memory memory,
    List<Fault> faults) {
  private static final double[] STICKY = {0.0, 0.5, 0.9, 0.98};
  private static final int[] LATENCY = {1, 5, 50, 1500};
  private static final int MOST_FAULTS = 4;
  private static final int PLENTY = 60;

  /** The run of one server. */
  Plan(long seed, int hosts, int migrations, double sticky, int latencyMillis, List<Fault> faults) {
    this(seed, 1, hosts, migrations, sticky, latencyMillis, Memory.PRE_COPY, faults);
  }

  /** The run of a seed. */
  static Plan of(long seed, Effects effects) {
    Random random = new Random(seed ^ 0x5eed_0f_fa_17L);
    return undisturbed(seed)
        .with(faults(random, effects, random.nextInt(MOST_FAULTS + 1), _ -> true));
  }

  /** The run of a seed in which only such things go wrong, and at least one does. */
  static Plan of(long seed, Effects effects, Predicate<Fault> which) {
    Random random = new Random(seed ^ 0x5eed_0f_fa_17L);
    return undisturbed(seed).with(faults(random, effects, 1 + random.nextInt(MOST_FAULTS), which));
  }

  /** The same without faults. */
  static Plan undisturbed(long seed) {
    Random random = new Random(seed);
    return new Plan(
        seed,
        2 + random.nextInt(2),
        1 + random.nextInt(3),
        STICKY[random.nextInt(STICKY.length)],
        LATENCY[random.nextInt(LATENCY.length)],
        List.of());
  }

  Plan with(List<Fault> others) {
    return new Plan(
        seed, servers, hosts, migrations, sticky, latencyMillis, memory, List.copyOf(others));
  }

  /** The same with so many servers at once. */
  Plan of(int many) {
    return new Plan(seed, many, hosts, migrations, sticky, latencyMillis, memory, faults);
  }

  /** How the memory of guests moves. */
  enum Memory {
    /** All of it before the guest runs at its destination. */
    PRE_COPY,
    /**
     * So as well, and sources wait for their peers' last word: they could have begun a post-copy.
     */
    POST_COPY_ALLOWED,
    /** Guests run at their destination before all of it is there. */
    POST_COPY
  }

  /** The same with memory that moves so. */
  Plan by(Memory other) {
    return new Plan(seed, servers, hosts, migrations, sticky, latencyMillis, other, faults);
  }

  /** The same with post-copy. */
  Plan byPostCopy() {
    return by(Memory.POST_COPY);
  }

  /**
   * For how many servers each host has room: one has as much as it likes; several compete, and
   * there is always a place that is free.
   */
  int room() {
    return servers == 1 ? PLENTY : 1 + servers / hosts;
  }

  private static List<Fault> faults(
      Random random, Effects effects, int many, Predicate<Fault> which) {
    List<List<String>> parts = effects.parts();
    List<Fault> faults = new ArrayList<>();
    while (!parts.isEmpty() && faults.size() < many) {
      Fault fault = fault(random, parts.get(random.nextInt(parts.size())), effects);
      if (which.test(fault)) {
        faults.add(fault);
      }
    }
    return faults;
  }

  private static Fault fault(Random random, List<String> labels, Effects effects) {
    String label = labels.get(random.nextInt(labels.size()));
    int count = effects.count(label);
    // Early ones more often: later ones are of later migrations, if there are any.
    int nth = 1 + Math.min(random.nextInt(count), random.nextInt(count));
    List<Fault.Kind> kinds = kinds(label);
    return new Fault(label, nth, kinds.get(random.nextInt(kinds.size())));
  }

  private static List<Fault.Kind> kinds(String label) {
    List<Fault.Kind> kinds =
        new ArrayList<>(
            List.of(
                Fault.Kind.DIES,
                Fault.Kind.DIES,
                Fault.Kind.DIES,
                Fault.Kind.DIES,
                Fault.Kind.COPY_DIES,
                Fault.Kind.RUNNER_DIES,
                Fault.Kind.LINK_BREAKS,
                Fault.Kind.SILENCE,
                Fault.Kind.COMES_AGAIN,
                Fault.Kind.POWER_LOST,
                Fault.Kind.ABORT,
                Fault.Kind.ALL_DIE));
    if (label.contains(" writes ")) {
      kinds.addAll(List.of(Fault.Kind.TORN, Fault.Kind.TORN, Fault.Kind.DISK_FULL));
    }
    if (label.contains(" file ")) {
      kinds.add(Fault.Kind.DISK_FULL);
    }
    if (label.contains(" db ")) {
      kinds.addAll(
          List.of(Fault.Kind.DATABASE_FAILS, Fault.Kind.COMMIT_UNHEARD, Fault.Kind.COMMIT_UNHEARD));
    }
    if (label.contains(" qemu ")) {
      kinds.addAll(
          List.of(Fault.Kind.MONITOR_SILENT, Fault.Kind.COPY_DIES, Fault.Kind.LINK_BREAKS));
    }
    if (label.contains(" asks ") || label.contains(" answers ")) {
      kinds.addAll(List.of(Fault.Kind.LOST, Fault.Kind.LOST, Fault.Kind.COMES_AGAIN));
    }
    return kinds;
  }

  @Override
  public String toString() {
    return "seed %d: %d servers, %d hosts, %d migrations, sticky %s, latency %d ms%s, faults %s"
        .formatted(
            seed,
            servers,
            hosts,
            migrations,
            sticky,
            latencyMillis,
            memory == Memory.PRE_COPY ? "" : ", " + memory,
            faults);
  }
}
