package dev.tern.scheduler.filter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What metadata of aggregates says. */
final class Aggregates {
  private static final String TENANTS = "filter_tenant_id";

  private Aggregates() {}

  /** What a value names, with commas between. */
  static List<String> values(String text) {
    return Arrays.stream(text.split(",", -1)).map(String::strip).toList();
  }

  /** Of each aggregate that is for some projects only, which. */
  static List<Set<String>> tenants(List<Map<String, String>> aggregates) {
    List<Set<String>> all = new ArrayList<>();
    for (Map<String, String> metadata : aggregates) {
      Set<String> projects = new HashSet<>();
      boolean some = false;
      for (Map.Entry<String, String> option : metadata.entrySet()) {
        if (option.getKey().startsWith(TENANTS)) {
          some = true;
          projects.addAll(values(option.getValue()));
        }
      }
      if (some) {
        all.add(Set.copyOf(projects));
      }
    }
    return List.copyOf(all);
  }
}
