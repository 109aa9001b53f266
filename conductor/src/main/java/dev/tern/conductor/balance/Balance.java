package dev.tern.conductor.balance;

import dev.tern.contract.HostName;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * How unevenly hosts are loaded, and the few, cheap moves that make it less.
 *
 * <p>The <em>imbalance</em> is the root mean square of how far hosts are from the cluster's own
 * fraction of memory and of processors that is claimed, both counting alike: 0 when all hosts are
 * loaded alike, 0.5 when half of them are full and half are empty.
 */
public final class Balance {
  /**
   * Of the fullest and of the emptiest hosts each: others are looked at when these are not any
   * more.
   */
  public static final int LOOKED_AT = 32;

  /** A move that takes away less of what there is (of the imbalance squared) is not worth it. */
  private static final double WORTH = 0.01;

  /** Of moves that take away at least this part of what the best does, the cheapest is taken. */
  private static final double GOOD_ENOUGH = 0.6;

  private final Map<HostName, HostLoad> hosts = new LinkedHashMap<>();
  private final double memory;
  private final double vcpus;

  public Balance(Collection<HostLoad> all) {
    all.forEach(load -> hosts.put(load.host(), load));
    memory = part(all, true);
    vcpus = part(all, false);
  }

  private static double part(Collection<HostLoad> all, boolean ofMemory) {
    double has =
        all.stream().mapToDouble(load -> ofMemory ? load.hasMemoryMib() : load.hasVcpus()).sum();
    double claimed =
        all.stream().mapToDouble(load -> ofMemory ? load.memoryMib() : load.vcpus()).sum();
    return has == 0 ? 0 : claimed / has;
  }

  /** As the hosts are now, with all that {@link #moves} has moved. */
  public double imbalance() {
    return hosts.isEmpty()
        ? 0
        : Math.sqrt(hosts.values().stream().mapToDouble(this::off).sum() / (2 * hosts.size()));
  }

  private double off(HostLoad load) {
    double m = load.memoryPart() - memory;
    double c = load.vcpuPart() - vcpus;
    return m * m + c * c;
  }

  private double surplus(HostLoad load) {
    return load.memoryPart() - memory + load.vcpuPart() - vcpus;
  }

  /** The fullest hosts, from which moves would go. */
  public List<HostName> fullest() {
    return hosts.values().stream()
        .sorted(Comparator.comparingDouble(this::surplus).reversed())
        .limit(LOOKED_AT)
        .map(HostLoad::host)
        .toList();
  }

  /** Whether a server may not go to a host. */
  @FunctionalInterface
  public interface Banned {
    boolean test(Piece piece, HostName to);
  }

  /**
   * Moves, each of which makes the imbalance less, and after which it is the goal or there is none
   * left that is worth its bytes. Each server moves once at most.
   *
   * @param pieces servers of the fullest hosts that may move
   * @param most moves
   */
  public List<Move> moves(List<Piece> pieces, int most, double goal, Banned banned) {
    List<Move> moves = new ArrayList<>();
    Set<Piece> left = new HashSet<>(pieces);
    while (moves.size() < most && imbalance() > goal) {
      Optional<Move> next = next(left, banned);
      if (next.isEmpty()) {
        return moves;
      }
      Move move = next.get();
      left.remove(move.piece());
      hosts.computeIfPresent(move.piece().host(), (_, load) -> load.without(move.piece()));
      hosts.computeIfPresent(move.to(), (_, load) -> load.with(move.piece()));
      moves.add(move);
    }
    return moves;
  }

  private record Gain(Move move, double gain) {}

  private Optional<Move> next(Set<Piece> pieces, Banned banned) {
    double all = hosts.values().stream().mapToDouble(this::off).sum();
    List<HostLoad> emptiest =
        hosts.values().stream()
            .sorted(Comparator.comparingDouble(this::surplus))
            .limit(LOOKED_AT)
            .toList();
    List<Gain> gains = new ArrayList<>();
    for (Piece piece : pieces) {
      HostLoad from = hosts.get(piece.host());
      if (from != null) {
        double leaving = off(from) - off(from.without(piece));
        for (HostLoad to : emptiest) {
          double gain = leaving + off(to) - off(to.with(piece));
          if (gain > all * WORTH && !to.host().equals(piece.host()) && fits(to.with(piece))) {
            gains.add(new Gain(new Move(piece, to.host()), gain));
          }
        }
      }
    }
    gains.removeIf(each -> banned.test(each.move().piece(), each.move().to()));
    double best = gains.stream().mapToDouble(Gain::gain).max().orElse(0);
    return gains.stream()
        .filter(each -> each.gain() >= best * GOOD_ENOUGH)
        .min(
            Comparator.<Gain>comparingLong(each -> each.move().piece().bytes())
                .thenComparing(Comparator.comparingDouble(Gain::gain).reversed())
                .thenComparing(each -> each.move().piece().server().toString())
                .thenComparing(each -> each.move().to().value()))
        .map(Gain::move);
  }

  /** Processors are shared; of memory nobody has more than there is. */
  private static boolean fits(HostLoad load) {
    return load.memoryMib() <= load.hasMemoryMib();
  }

  /** A host with all that has moved. */
  public HostLoad load(HostName host) {
    return Objects.requireNonNull(hosts.get(host));
  }
}
