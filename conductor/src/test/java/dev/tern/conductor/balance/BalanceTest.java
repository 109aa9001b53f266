package dev.tern.conductor.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("A cluster that is brought into balance")
@Tag("S140")
class BalanceTest {
  private static final HostName A = new HostName("a");
  private static final HostName B = new HostName("b");

  private static Piece piece(HostName host, long vcpus, long memoryMib, long bytes) {
    return new Piece(new ServerId(UUID.randomUUID()), host, vcpus, memoryMib, bytes);
  }

  private static HostLoad load(HostName host, long vcpus, long memoryMib) {
    return new HostLoad(host, 10, 1000, vcpus, memoryMib);
  }

  @Test
  void is_measured_by_how_far_its_hosts_are_from_it() {
    assertThat(new Balance(List.of(load(A, 5, 500), load(B, 5, 500))).imbalance()).isZero();
    assertThat(new Balance(List.of(load(A, 10, 1000), load(B, 0, 0))).imbalance())
        .isCloseTo(0.5, within(1e-9));
    assertThat(new Balance(List.of()).imbalance()).isZero();
  }

  @Test
  void moves_the_cheaper_of_two_servers_that_help_alike() {
    Piece dear = piece(A, 2, 200, 9_000);
    Piece cheap = piece(A, 2, 200, 1_000);
    Balance balance = new Balance(List.of(load(A, 8, 800), load(B, 2, 200)));
    assertThat(balance.moves(List.of(dear, cheap), 1, 0.01, (_, _) -> false))
        .containsExactly(new Move(cheap, B));
  }

  @Test
  void is_left_alone_when_every_move_would_only_turn_it_round() {
    Balance balance = new Balance(List.of(load(A, 6, 600), load(B, 4, 400)));
    assertThat(balance.moves(List.of(piece(A, 6, 600, 1)), 5, 0, (_, _) -> false)).isEmpty();
  }

  @RepeatedTest(100)
  void is_better_after_each_move_and_breaks_no_rule() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<Piece> pieces = new ArrayList<>();
    Map<HostName, HostLoad> loads = new HashMap<>();
    for (int h = 0; h < 2 + random.nextInt(8); h++) {
      HostName host = new HostName("h" + h);
      HostLoad load = new HostLoad(host, 4 + random.nextInt(60), 4096 << random.nextInt(3), 0, 0);
      for (int s = random.nextInt(12); s > 0; s--) {
        Piece piece =
            piece(host, 1 + random.nextInt(4), 64L << random.nextInt(5), random.nextInt(1000));
        if (load.memoryMib() + piece.memoryMib() <= load.hasMemoryMib()) {
          pieces.add(piece);
          load = load.with(piece);
        }
      }
      loads.put(host, load);
    }
    int most = random.nextInt(10);
    Balance.Banned banned =
        (piece, to) -> (piece.server().value().getLeastSignificantBits() + to.hashCode()) % 3 == 0;
    List<Move> moves = new Balance(loads.values()).moves(pieces, most, 0.02, banned);
    assertThat(moves).hasSizeLessThanOrEqualTo(most);
    double before = new Balance(loads.values()).imbalance();
    Set<ServerId> moved = new HashSet<>();
    for (Move move : moves) {
      assertThat(banned.test(move.piece(), move.to())).isFalse();
      assertThat(moved.add(move.piece().server())).as("once each, seed %d", seed).isTrue();
      loads.computeIfPresent(move.piece().host(), (_, load) -> load.without(move.piece()));
      loads.computeIfPresent(move.to(), (_, load) -> load.with(move.piece()));
      double after = new Balance(loads.values()).imbalance();
      assertThat(after).as("seed %d", seed).isLessThan(before);
      before = after;
    }
    loads
        .values()
        .forEach(load -> assertThat(load.memoryMib()).isLessThanOrEqualTo(load.hasMemoryMib()));
  }
}
