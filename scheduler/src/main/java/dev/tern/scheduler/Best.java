package dev.tern.scheduler;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** The first few of many, without sorting the rest. */
final class Best {
  private Best() {}

  /** In their order, at most so many. */
  static <T> List<T> of(Collection<T> all, int most, Comparator<T> order) {
    if (most <= 0) {
      return List.of();
    }
    PriorityQueue<T> worstFirst = new PriorityQueue<>(most + 1, order.reversed());
    for (T each : all) {
      if (worstFirst.size() < most) {
        worstFirst.add(each);
      } else if (order.compare(each, worstFirst.element()) < 0) {
        worstFirst.remove();
        worstFirst.add(each);
      }
    }
    List<T> first = new ArrayList<>(worstFirst);
    first.sort(order);
    return first;
  }
}
