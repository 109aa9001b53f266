package dev.tern.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * One run, before it is run: all of it follows from the seed and from which effects there can be.
 *
 * @param servers that move at the same time, each from another host as far as there are any
 * @param hosts 2 or 3
 * @param migrations of each server, one after the other
 * @param sticky how likely it is that who runs goes on
 * @param latencyMillis of a message, at most
 * @param postCopy guests run at their destination before all their memory is there
 */
record Plan(
    long seed,
    int servers,
    int hosts,
    int migrations,
    double sticky,
    int latencyMillis,
    boolean postCopy,
    List<Fault> faults) {
  private static final double[] STICKY = {0.0, 0.5, 0.9, 0.98};
  private static final int[] LATENCY = {1, 5, 50, 1500};
  private static final int MOST_FAULTS = 4;
  private static final int PLENTY = 60;

  /** The run of one server. */
  Plan(long seed, int hosts, int migrations, double sticky, int latencyMillis, List<Fault> faults) {
    this(seed, 1, hosts, migrations, sticky, latencyMillis, false, faults);
  }

  /** The run of a seed. */
  static Plan of(long seed, Map<String, Integer> effects) {
    Random random = new Random(seed ^ 0x5eed_0f_fa_17L);
    return undisturbed(seed)
        .with(faults(random, effects, random.nextInt(MOST_FAULTS + 1), _ -> true));
  }

  /** The run of a seed in which only such things go wrong, and at least one does. */
  static Plan of(long seed, Map<String, Integer> effects, Predicate<Fault> which) {
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
        seed, servers, hosts, migrations, sticky, latencyMillis, postCopy, List.copyOf(others));
  }

  /** The same with so many servers at once. */
  Plan of(int many) {
    return new Plan(seed, many, hosts, migrations, sticky, latencyMillis, postCopy, faults);
  }

  /** The same with post-copy. */
  Plan byPostCopy() {
    return new Plan(seed, servers, hosts, migrations, sticky, latencyMillis, true, faults);
  }

  /**
   * For how many servers each host has room: one has as much as it likes; several compete, and
   * there is always a place that is free.
   */
  int room() {
    return servers == 1 ? PLENTY : 1 + servers / hosts;
  }

  private static List<Fault> faults(
      Random random, Map<String, Integer> effects, int many, Predicate<Fault> which) {
    Map<String, List<String>> byPart = new TreeMap<>();
    effects.keySet().stream()
        .sorted()
        .forEach(label -> byPart.computeIfAbsent(part(label), _ -> new ArrayList<>()).add(label));
    List<List<String>> parts = List.copyOf(byPart.values());
    List<Fault> faults = new ArrayList<>();
    while (!parts.isEmpty() && faults.size() < many) {
      Fault fault = fault(random, parts.get(random.nextInt(parts.size())), effects);
      if (which.test(fault)) {
        faults.add(fault);
      }
    }
    return faults;
  }

  private static Fault fault(Random random, List<String> labels, Map<String, Integer> effects) {
    String label = labels.get(random.nextInt(labels.size()));
    int count = effects.getOrDefault(label, 1);
    // Early ones more often: later ones are of later migrations, if there are any.
    int nth = 1 + Math.min(random.nextInt(count), random.nextInt(count));
    List<Fault.Kind> kinds = kinds(label);
    return new Fault(label, nth, kinds.get(random.nextInt(kinds.size())));
  }

  /** Files are changed often, and schedulers asked once: each part is disturbed as often. */
  private static String part(String label) {
    for (String part : List.of(" db ", " qemu ", " file ", " writes ", " takes ", " answers ")) {
      if (label.contains(part)) {
        return label.startsWith("s ") ? "scheduler" : part;
      }
    }
    return label.endsWith("asks a scheduler") ? "scheduler" : "asks";
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
            postCopy ? ", post-copy" : "",
            faults);
  }
}
