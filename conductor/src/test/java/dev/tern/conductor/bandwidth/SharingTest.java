package dev.tern.conductor.bandwidth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.bandwidth.Sharing.Budget;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Bandwidth that is shared")
class SharingTest {
  private static final long MIB = 1 << 20;

  private static Budget<String> budget(long mib, String... members) {
    return new Budget<>(mib * MIB, Set.of(members));
  }

  @Test
  void is_divided_alike() {
    assertThat(Sharing.divide(List.of(budget(30, "a", "b", "c"))))
        .isEqualTo(Map.of("a", 10 * MIB, "b", 10 * MIB, "c", 10 * MIB));
  }

  @Test
  void goes_to_who_can_use_it() {
    assertThat(
            Sharing.divide(
                List.of(budget(30, "a", "b", "c"), budget(4, "a"), budget(100, "b", "c"))))
        .isEqualTo(Map.of("a", 4 * MIB, "b", 13 * MIB, "c", 13 * MIB));
  }

  @Test
  void is_not_had_by_who_is_in_no_budget() {
    assertThat(Sharing.divide(List.of(budget(30)))).isEmpty();
    assertThat(Sharing.<String>divide(List.of())).isEmpty();
  }

  @Test
  void is_never_exceeded() {
    long seed = 20_261_122;
    Random random = new Random(seed);
    for (int round = 0; round < 500; round++) {
      List<Budget<Integer>> budgets = new ArrayList<>();
      for (int i = 0; i <= random.nextInt(8); i++) {
        Set<Integer> members = new HashSet<>();
        for (int j = 0; j <= random.nextInt(12); j++) {
          members.add(random.nextInt(20));
        }
        budgets.add(new Budget<>((20 + random.nextInt(1000)) * MIB, members));
      }
      Map<Integer, Long> shares = Sharing.divide(budgets);
      for (Budget<Integer> budget : budgets) {
        assertThat(budget.members().stream().mapToLong(shares::get).sum())
            .as("seed %d, round %d", seed, round)
            .isLessThanOrEqualTo(budget.bytesPerSecond());
      }
      // Everybody is held back by some budget that is used up, but for the rest of the division.
      shares.forEach((member, share) ->
          assertThat(budgets)
              .anySatisfy(budget -> {
                assertThat(budget.members()).contains(member);
                long used = budget.members().stream().mapToLong(shares::get).sum();
                assertThat(budget.bytesPerSecond() - used).isLessThan(budget.members().size() + 20);
              }));
    }
  }
}
