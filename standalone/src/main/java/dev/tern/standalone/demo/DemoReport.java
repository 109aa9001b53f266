package dev.tern.standalone.demo;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What the demo found out. What {@link #broken} answers makes it fail.
 *
 * @param pause from QEMU's stop to QEMU's start, by its own event stamps, as the API tells
 * @param foreseen of the total time and the pause, shortly before the guest was stopped
 * @param pauseMillisSeenFromOutside the guest's silence on its console at its longest, which also
 *     holds a beat's length and what the console takes
 * @param rebooted the guest showed a second boot id, or its count of beats fell
 * @param disksEqual at the moment of the pause, byte for byte, but for blocks the guest wrote
 *     afterwards
 * @param switches how often the guest's voice changed from one console to another: once, if it
 *     never ran twice
 * @param lastRunner whose console it spoke on last
 * @param leftovers what the demo's servers left behind after deletion
 * @param unrest where services were killed
 */
public record DemoReport(
    String source,
    String destination,
    double totalSeconds,
    long diskBytes,
    long memoryBytes,
    Pauses pause,
    Foreseen foreseen,
    double pauseMillisSeenFromOutside,
    long acknowledgedWrites,
    long lostWrites,
    long corruptBlocks,
    long memoryPagesWrong,
    boolean rebooted,
    boolean disksEqual,
    int switches,
    String lastRunner,
    List<String> leftovers,
    List<String> troubles,
    Optional<Unrest> unrest) {

  /**
   * What was done to Tern meanwhile, and what an outsider saw who asked both QEMUs all the time.
   *
   * @param killed services, in order
   * @param runners hosts whose QEMU ran the guest, in order
   * @param looks at either QEMU
   * @param twoAtOnce moments in which both ran it
   * @param fellBack whether progress ever went back
   */
  public record Unrest(
      List<String> killed, List<String> runners, long looks, int twoAtOnce, boolean fellBack) {
    private static final int KILLS = 3;

    private void judge(DemoReport report, List<String> wrong) {
      expect(
          wrong,
          killed.size() == KILLS,
          "the migration was over before all were killed that should be; killed were " + killed);
      expect(wrong, twoAtOnce == 0, "two QEMUs ran the guest at " + twoAtOnce + " moments");
      expect(
          wrong,
          runners.equals(List.of(report.source(), report.destination())),
          "the guest was run by " + runners);
      expect(wrong, !fellBack, "progress went back");
    }
  }

  /** What must hold and does not; empty when the demo has shown what it promises. */
  public List<String> broken() {
    List<String> wrong = new ArrayList<>();
    expect(wrong, !source.equals(destination), "the guest is still at " + source);
    expect(wrong, acknowledgedWrites > 0, "the guest acknowledged no write");
    expect(wrong, lostWrites == 0, lostWrites + " acknowledged writes are not on the destination");
    expect(wrong, corruptBlocks == 0, corruptBlocks + " blocks are corrupt");
    expect(wrong, memoryPagesWrong == 0, memoryPagesWrong + " pages of memory changed");
    expect(wrong, !rebooted, "the guest rebooted");
    expect(wrong, disksEqual, "the disks differ");
    expect(wrong, switches == 1, "the guest changed its host " + switches + " times");
    expect(
        wrong,
        lastRunner.equals(destination),
        "the guest ran last on " + lastRunner + ", not on " + destination);
    expect(wrong, leftovers.isEmpty(), "left behind: " + leftovers);
    expect(wrong, troubles.isEmpty(), "the guest complained: " + troubles);
    unrest.ifPresent(seen -> seen.judge(this, wrong));
    return wrong;
  }

  private static void expect(List<String> wrong, boolean holds, String otherwise) {
    if (!holds) {
      wrong.add(otherwise);
    }
  }

  /** For people. */
  public void print(PrintStream out) {
    out.println();
    line(out, "moved", source() + " to " + destination());
    line(out, "total time", String.format(Locale.ROOT, "%.1f s", totalSeconds()));
    line(
        out,
        "bytes",
        "disk " + Story.bytes(diskBytes()) + ", memory " + Story.bytes(memoryBytes()));
    line(
        out,
        "pause",
        String.format(
            Locale.ROOT,
            "%s ms by QEMU's clock, %.0f ms of silence seen from outside",
            Pauses.text(pause().total()),
            pauseMillisSeenFromOutside()));
    line(out, "its parts", pause().parts());
    line(
        out,
        "writes",
        acknowledgedWrites()
            + " acknowledged, "
            + lostWrites()
            + " lost, "
            + corruptBlocks()
            + " corrupt");
    line(
        out,
        "memory",
        memoryPagesWrong() == 0
            ? "every page as the guest left it"
            : memoryPagesWrong() + " pages wrong");
    line(out, "rebooted", rebooted() ? "YES" : "no");
    line(out, "disks equal", disksEqual() ? "yes" : "NO");
    unrest.ifPresent(seen -> {
      line(out, "killed", String.join(", ", seen.killed()));
      line(
          out,
          "runners",
          "%s; two at once at %d of %d looks"
              .formatted(String.join(", then ", seen.runners()), seen.twoAtOnce(), seen.looks()));
    });
    line(out, "left behind", leftovers().isEmpty() ? "nothing" : String.join(", ", leftovers()));
  }

  private static void line(PrintStream out, String what, String value) {
    out.printf(Locale.ROOT, "  %-12s %s%n", what, value);
  }
}
