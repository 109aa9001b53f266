package dev.tern.virt.qemu;

import dev.tern.virt.Guest.WriteRates;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.BlockStats;
import dev.tern.virt.qmp.Commands.DirtyRate;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How much a guest writes to its memory and its disks. Memory is sampled by QEMU, which costs the
 * guest nothing and works under every accelerator. Whoever else has begun to sample already, over a
 * time of theirs, is left alone.
 */
final class WriteWatch {
  /** QEMU's 512 pages of a GiB are 64 of 128 MiB: who writes 2 MiB a second there shows as one. */
  private static final long FEW_PAGES_BELOW = 1L << 30;

  /** As many of each GiB as QEMU takes. */
  private static final int MOST_PAGES = 4096;

  private static final String TOO_SLOW = "QEMU did not end its sampling in time";

  /** Sampling ends some milliseconds late, and later on a busy host. */
  private static final Duration SPARE = Duration.ofSeconds(3);

  private static final long MIB = 1L << 20;
  private static final double NANOS = 1e9;

  private WriteWatch() {}

  static WriteRates watch(Session session, Duration over)
      throws VirtException, InterruptedException {
    long seconds = Math.clamp(over.toSeconds(), 1, 60);
    long from = System.nanoTime();
    long before = written(session);
    Optional<String> whyNot = begin(session, seconds);
    session.pauses().pause(Duration.ofSeconds(seconds));
    long disk = written(session) - before;
    double took = (System.nanoTime() - from) / NANOS;
    long diskRate = Math.round(Math.max(0, disk) / took);
    OptionalLong memory = whyNot.isEmpty() ? ended(session) : OptionalLong.empty();
    return new WriteRates(memory, memory.isPresent() ? "" : whyNot.orElse(TOO_SLOW), diskRate);
  }

  /** Why it cannot be sampled; empty when that has begun. */
  private static Optional<String> begin(Session session, long seconds) throws VirtException {
    try {
      long memory = session.call(new Commands.QueryMemorySizeSummary()).baseMemory();
      var _ =
          session.call(
              new Commands.CalcDirtyRate(seconds, memory < FEW_PAGES_BELOW ? MOST_PAGES : null));
      return Optional.empty();
    } catch (VirtException e) {
      if (e.kind() != Kind.REFUSED) {
        throw e;
      }
      return Optional.of("QEMU does not sample memory now: " + e.getMessage());
    }
  }

  private static OptionalLong ended(Session session) throws VirtException, InterruptedException {
    if (!session.await(SPARE, () -> state(session).status().equals("measured"))) {
      return OptionalLong.empty();
    }
    @Nullable Long rate = state(session).dirtyRate();
    return rate == null || rate < 0 ? OptionalLong.empty() : OptionalLong.of(rate * MIB);
  }

  private static DirtyRate state(Session session) throws VirtException {
    return session.call(new Commands.QueryDirtyRate());
  }

  private static long written(Session session) throws VirtException {
    return session.call(new Commands.QueryBlockstats()).stream()
        .filter(device -> device.qdev() != null && Nodes.diskOf(device.qdev()).isPresent())
        .map(BlockStats::stats)
        .mapToLong(Commands.Stats::wrBytes)
        .sum();
  }
}
