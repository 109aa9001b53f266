package dev.tern.conductor.bandwidth;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Divides budgets among those who share them, max-min fair: nobody has less than an equal part of
 * its narrowest budget, what one cannot use another has, and no budget is exceeded.
 */
final class Sharing {
  /** Agents take no less; so many migrations at once are not to be had with one budget. */
  private static final long LEAST = 64 << 10;

  private Sharing() {}

  /** Bytes per second for these members together. */
  record Budget<M>(long bytesPerSecond, Set<M> members) {
    Budget {
      members = Set.copyOf(members);
    }
  }

  /** What each may use; who is in no budget is not in it. */
  static <M> Map<M, Long> divide(List<Budget<M>> budgets) {
    Map<M, Long> shares = new HashMap<>();
    List<Budget<M>> open = new ArrayList<>(budgets);
    while (true) {
      Optional<Budget<M>> narrowest =
          open.stream()
              .filter(budget -> !shares.keySet().containsAll(budget.members()))
              .min(java.util.Comparator.comparingLong(budget -> level(budget, shares)));
      if (narrowest.isEmpty()) {
        return shares;
      }
      long level = Math.max(LEAST, level(narrowest.get(), shares));
      without(narrowest.get().members(), shares).forEach(member -> shares.put(member, level));
      open.remove(narrowest.get());
    }
  }

  /** An equal part of what is left, for each who has none yet. */
  private static <M> long level(Budget<M> budget, Map<M, Long> shares) {
    long used =
        budget.members().stream().mapToLong(member -> shares.getOrDefault(member, 0L)).sum();
    int without = without(budget.members(), shares).size();
    return without == 0 ? 0 : Math.max(0, budget.bytesPerSecond() - used) / without;
  }

  private static <M> Set<M> without(Set<M> members, Map<M, Long> shares) {
    Set<M> left = new HashSet<>(members);
    left.removeAll(shares.keySet());
    return left;
  }
}
