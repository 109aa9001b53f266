package dev.tern.standalone.demo;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/**
 * What the demo prints: one line a step with the time since the start, and a bar while data moves.
 * On a terminal the bar is redrawn in place; in a file or a pipe it is a line per ten percent.
 */
final class Story {
  private static final int BAR = 30;
  private static final double ALL = 100;
  private static final double TENTHS = 10;

  private final PrintStream out;
  private final boolean terminal;
  private final long begin = System.nanoTime();
  private int lastTenth = -1;

  Story(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - begin);
  }

  void step(String text) {
    clearBar();
    out.printf(Locale.ROOT, "%6.1f s  %s%n", elapsed().toMillis() / 1000.0, text);
    out.flush();
  }

  void plain(String text) {
    clearBar();
    out.println(text);
    out.flush();
  }

  /** Draws how far it is, as the API tells it, and memory and disk in bytes. */
  void moving(
      String phase, double percent, long memoryDone, long memoryAll, long diskDone, long diskAll) {
    int filled = (int) Math.round(percent / ALL * BAR);
    String line =
        String.format(
            Locale.ROOT,
            "[%s%s] %3.0f %%  %-9s disk %s of %s, memory %s of %s",
            "#".repeat(filled),
            ".".repeat(BAR - filled),
            percent,
            phase,
            bytes(diskDone),
            bytes(diskAll),
            bytes(memoryDone),
            bytes(memoryAll));
    if (terminal) {
      out.printf("\r%9s  %s\033[K", "", line);
      out.flush();
    } else if ((int) (percent / TENTHS) != lastTenth) {
      lastTenth = (int) (percent / TENTHS);
      out.printf("%9s  %s%n", "", line);
      out.flush();
    }
  }

  private void clearBar() {
    if (terminal) {
      out.print("\r\033[K");
    }
  }

  static String bytes(long count) {
    return count < 1 << 20
        ? String.format(Locale.ROOT, "%.0f KiB", count / 1024.0)
        : String.format(Locale.ROOT, "%.1f MiB", count / 1048576.0);
  }
}
