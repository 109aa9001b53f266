package dev.tern.conductor.balance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("The relief of a host")
@Tag("S139")
class ReliefTest {
  private static final HostName HOST = new HostName("full");

  private static Piece piece(long vcpus, long memoryMib, long bytes) {
    return new Piece(new ServerId(UUID.randomUUID()), HOST, vcpus, memoryMib, bytes);
  }

  private static long bytes(List<Piece> pieces) {
    return pieces.stream().mapToLong(Piece::bytes).sum();
  }

  @Test
  void takes_one_large_server_before_many_small_ones_that_cost_more() {
    Piece large = piece(1, 1024, 500);
    List<Piece> all = List.of(piece(1, 512, 300), piece(1, 512, 300), large);
    assertThat(Relief.fewestBytes(all, 1000, 0).orElseThrow()).containsExactly(large);
  }

  @Test
  void is_none_when_there_is_nothing_to_free_and_impossible_when_there_is_too_little() {
    assertThat(Relief.fewestBytes(List.of(piece(1, 64, 1)), 0, 0)).contains(List.of());
    assertThat(Relief.fewestBytes(List.of(piece(1, 64, 1)), 65, 0)).isEmpty();
    assertThat(Relief.fewestBytes(List.of(piece(1, 64, 1)), 64, 2)).isEmpty();
  }

  @RepeatedTest(200)
  void moves_the_fewest_bytes_there_are() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<Piece> all = new ArrayList<>();
    for (int i = random.nextInt(10); i >= 0; i--) {
      all.add(piece(random.nextInt(5), random.nextInt(8) * 32L, 1 + random.nextInt(1000)));
    }
    long memory = random.nextInt(800);
    long vcpus = random.nextInt(12);
    Optional<List<Piece>> found = Relief.fewestBytes(all, memory, vcpus);
    Optional<Long> best = Optional.empty();
    for (int set = 0; set < 1 << all.size(); set++) {
      List<Piece> some = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        if ((set >> i & 1) == 1) {
          some.add(all.get(i));
        }
      }
      if (frees(some, memory, vcpus) && (best.isEmpty() || bytes(some) < best.get())) {
        best = Optional.of(bytes(some));
      }
    }
    assertThat(found.map(ReliefTest::bytes)).as("seed %d", seed).isEqualTo(best);
    found.ifPresent(some -> assertThat(frees(some, memory, vcpus)).as("seed %d", seed).isTrue());
  }

  private static boolean frees(List<Piece> some, long memory, long vcpus) {
    return some.stream().mapToLong(Piece::memoryMib).sum() >= memory
        && some.stream().mapToLong(Piece::vcpus).sum() >= vcpus;
  }

  @Test
  void frees_enough_where_numbers_are_large() {
    Random random = new Random(7);
    List<Piece> all = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      all.add(
          piece(1 + random.nextInt(16), 1000 + random.nextInt(100_000), random.nextInt(1 << 30)));
    }
    List<Piece> some = Relief.fewestBytes(all, 3_000_000, 600).orElseThrow();
    assertThat(frees(some, 3_000_000, 600)).isTrue();
    assertThat(bytes(some)).isLessThan(bytes(all));
  }
}
