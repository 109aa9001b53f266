package dev.tern.scheduler;

import dev.tern.contract.scheduler.Decision.Score;
import dev.tern.scheduler.filter.HostFilter;
import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.RequestSpec;
import dev.tern.scheduler.weigher.HostWeigher.Weighted;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** The hosts that pass every filter, by weight, for one server. Used by one thread. */
final class Ranking {
  private final List<Weighted> weighers;
  private final List<HostState> passed = new ArrayList<>();
  private final List<HostState> refused = new ArrayList<>();
  private final double[][] values;
  private final double[][] points;
  private final double[] weights;
  private final boolean[] taken;

  private Ranking(
      Collection<HostState> hosts,
      RequestSpec spec,
      List<HostFilter> filters,
      List<Weighted> weighers) {
    this.weighers = weighers.stream().filter(weighted -> weighted.weigher().matters(spec)).toList();
    HostFilter[] asked =
        filters.stream().filter(filter -> filter.matters(spec)).toArray(HostFilter[]::new);
    for (HostState host : hosts) {
      (passesAll(asked, host, spec) ? passed : refused).add(host);
    }
    values = new double[this.weighers.size()][passed.size()];
    points = new double[this.weighers.size()][passed.size()];
    weights = new double[passed.size()];
    for (int weigher = 0; weigher < values.length; weigher++) {
      weigh(weigher, spec);
    }
    taken = new boolean[passed.size()];
  }

  static Ranking of(
      Collection<HostState> hosts,
      RequestSpec spec,
      List<HostFilter> filters,
      List<Weighted> weighers) {
    return new Ranking(hosts, spec, filters, weighers);
  }

  private static boolean passesAll(HostFilter[] filters, HostState host, RequestSpec spec) {
    for (HostFilter filter : filters) {
      if (!filter.passes(host, spec)) {
        return false;
      }
    }
    return true;
  }

  private void weigh(int weigher, RequestSpec spec) {
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    double[] its = values[weigher];
    for (int host = 0; host < its.length; host++) {
      its[host] = weighers.get(weigher).weigher().value(passed.get(host), spec);
      least = Math.min(least, its[host]);
      most = Math.max(most, its[host]);
    }
    if (most <= least) {
      return;
    }
    double multiplier = weighers.get(weigher).multiplier();
    for (int host = 0; host < its.length; host++) {
      points[weigher][host] = multiplier * (its[host] - least) / (most - least);
      weights[host] += points[weigher][host];
    }
  }

  private int compare(int one, int other) {
    int byWeight = Double.compare(weights[other], weights[one]);
    return byWeight != 0
        ? byWeight
        : passed.get(one).name().value().compareTo(passed.get(other).name().value());
  }

  /**
   * The best that was not taken yet. Looks through all: few are taken, and each of them costs a
   * question to the database.
   */
  Optional<HostState> next() {
    int best = -1;
    for (int host = 0; host < taken.length; host++) {
      if (!taken[host] && (best < 0 || compare(host, best) < 0)) {
        best = host;
      }
    }
    if (best < 0) {
      return Optional.empty();
    }
    taken[best] = true;
    return Optional.of(passed.get(best));
  }

  /** In the order in which they were given. */
  List<HostState> refused() {
    return refused;
  }

  int passed() {
    return passed.size();
  }

  /** The best ones, whether taken or not. */
  List<Scored> best(int most) {
    List<Scored> best = new ArrayList<>();
    for (int host : bestOf(Math.min(most, taken.length))) {
      best.add(new Scored(passed.get(host), scores(host), weights[host]));
    }
    return best;
  }

  /** The best so many in order: each of the rest is held against the last of them only. */
  private int[] bestOf(int most) {
    int[] best = new int[most];
    int found = 0;
    for (int host = 0; host < taken.length && most > 0; host++) {
      if (found == most && compare(host, best[most - 1]) > 0) {
        continue;
      }
      int place = found == most ? most - 1 : found++;
      while (place > 0 && compare(host, best[place - 1]) < 0) {
        best[place] = best[place - 1];
        place--;
      }
      best[place] = host;
    }
    return best;
  }

  private List<Score> scores(int host) {
    return IntStream.range(0, weighers.size())
        .mapToObj(weigher ->
            new Score(
                weighers.get(weigher).weigher().name(),
                values[weigher][host],
                points[weigher][host]))
        .toList();
  }

  /** A host that passed, with what each weigher says. */
  record Scored(HostState host, List<Score> scores, double weight) {}
}
