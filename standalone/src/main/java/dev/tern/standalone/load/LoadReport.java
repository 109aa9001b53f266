package dev.tern.standalone.load;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What came of a load.
 *
 * @param most migrations that were under way at the same time
 * @param ends how many migrations ended how; also requests that were refused
 * @param kills how often each part was killed
 * @param broken what may not be; empty when all promises were kept
 */
public record LoadReport(
    long seed,
    Duration time,
    int servers,
    int hosts,
    int most,
    Map<String, Integer> ends,
    Map<String, Integer> kills,
    List<String> broken) {
  public LoadReport {
    ends = new TreeMap<>(ends);
    kills = new TreeMap<>(kills);
    broken = List.copyOf(broken);
  }

  /** Whether all promises were kept. */
  public boolean isGreen() {
    return broken.isEmpty();
  }

  /** For people. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "seed %d, %d s, %d servers on %d hosts, up to %d migrations at once"
            .formatted(seed, time.toSeconds(), servers, hosts, most));
    lines.add("migrations  " + ends);
    lines.add("killed      " + kills);
    lines.add(broken.isEmpty() ? "broken      nothing" : "broken      " + broken.size());
    broken.forEach(what -> lines.add("  " + what));
    return lines;
  }
}
