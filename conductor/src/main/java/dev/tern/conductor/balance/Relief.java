package dev.tern.conductor.balance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The servers whose departure frees so much with the fewest bytes: exact, unless the numbers are so
 * large that memory is counted in coarser units; then still enough is freed.
 */
public final class Relief {
  private static final int MOST_STATES = 200_000;

  private Relief() {}

  /**
   * Empty when all of them together do not free enough.
   *
   * @param memoryMib to be freed, at least
   * @param vcpus to be freed, at least
   */
  public static Optional<List<Piece>> fewestBytes(List<Piece> pieces, long memoryMib, long vcpus) {
    if (memoryMib <= 0 && vcpus <= 0) {
      return Optional.of(List.of());
    }
    List<Piece> all =
        pieces.stream().sorted(Comparator.comparing(each -> each.server().toString())).toList();
    long processors = Math.max(0, vcpus);
    long unit = unit(all, Math.max(0, memoryMib), processors);
    int rows = Math.toIntExact(ceil(Math.max(0, memoryMib), unit)) + 1;
    int columns = Math.toIntExact(processors) + 1;
    long[] least = new long[rows * columns];
    Arrays.fill(least, Long.MAX_VALUE);
    least[0] = 0;
    List<BitSet> taken = new ArrayList<>();
    for (Piece piece : all) {
      taken.add(take(piece, least, rows, columns, unit));
    }
    return least[least.length - 1] == Long.MAX_VALUE
        ? Optional.empty()
        : Optional.of(chosen(all, taken, rows, columns, unit));
  }

  /** After this, {@code least} counts the piece; the states it is in are returned. */
  private static BitSet take(Piece piece, long[] least, int rows, int columns, long unit) {
    BitSet in = new BitSet(least.length);
    for (int row = rows - 1; row >= 0; row--) {
      for (int column = columns - 1; column >= 0; column--) {
        // How much is freed at least: more than is needed counts as what is needed.
        int before = before(row, column, piece, columns, unit);
        int state = row * columns + column;
        if (state != before
            && least[before] != Long.MAX_VALUE
            && least[before] + piece.bytes() < least[state]) {
          least[state] = least[before] + piece.bytes();
          in.set(state);
        }
      }
    }
    return in;
  }

  private static int before(int row, int column, Piece piece, int columns, long unit) {
    int rowBefore = (int) Math.max(0, row - piece.memoryMib() / unit);
    int columnBefore = (int) Math.max(0, column - piece.vcpus());
    return rowBefore * columns + columnBefore;
  }

  private static List<Piece> chosen(
      List<Piece> all, List<BitSet> taken, int rows, int columns, long unit) {
    List<Piece> chosen = new ArrayList<>();
    int row = rows - 1;
    int column = columns - 1;
    for (int at = all.size() - 1; at >= 0; at--) {
      if (taken.get(at).get(row * columns + column)) {
        Piece piece = all.get(at);
        chosen.add(piece);
        int before = before(row, column, piece, columns, unit);
        row = before / columns;
        column = before % columns;
      }
    }
    return chosen;
  }

  /** MiB that are counted as one; what a server has beyond whole units is not counted as freed. */
  private static long unit(List<Piece> all, long memoryMib, long vcpus) {
    long common = all.stream().mapToLong(Piece::memoryMib).reduce(0, Relief::common);
    long unit = Math.max(1, common);
    while ((ceil(memoryMib, unit) + 1) * (vcpus + 1) > MOST_STATES) {
      unit *= 2;
    }
    return unit;
  }

  private static long common(long one, long other) {
    return other == 0 ? one : common(other, one % other);
  }

  private static long ceil(long value, long unit) {
    return (value + unit - 1) / unit;
  }
}
