package dev.tern.virt.qemu;

import dev.tern.virt.Guest.DiskProgress;
import dev.tern.virt.Guest.MemoryPace;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.qmp.Commands.BlockJob;
import dev.tern.virt.qmp.Commands.MigrationState;
import dev.tern.virt.qmp.Commands.Ram;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What moved so far, over mirrors and memory together. What was processed never falls. */
final class Progress {
  private static final Ram NOTHING = new Ram(0, 0, 0, 0, 0, 0, 0);
  private static final double BYTES_PER_MEGABIT = 1e6 / 8;

  // All three are guarded by this object's lock.
  private final Map<String, BlockJob> disks = new TreeMap<>();
  private Ram memory = NOTHING;
  private int throttlePercent;

  synchronized MoveProgress with(List<BlockJob> jobs, @Nullable MigrationState state) {
    for (BlockJob job : jobs) {
      if (Nodes.isMirror(job.device())) {
        disks.merge(job.device(), job, (old, now) -> now.offset() >= old.offset() ? now : old);
      }
    }
    if (state != null) {
      Ram ram = state.ram();
      if (ram != null && ram.transferred() >= memory.transferred()) {
        memory = ram;
      }
      throttlePercent = state.cpuThrottlePercentage();
    }
    return now();
  }

  synchronized MoveProgress now() {
    long total = disks.values().stream().mapToLong(BlockJob::len).sum();
    long done = disks.values().stream().mapToLong(BlockJob::offset).sum();
    return new MoveProgress(
        memory.total(),
        memory.transferred(),
        memory.remaining(),
        total,
        done,
        total - done,
        disks.values().stream().map(Progress::disk).toList(),
        new MemoryPace(
            memory.dirtySyncCount(),
            Math.round(memory.mbps() * BYTES_PER_MEGABIT),
            memory.dirtyPagesRate() * memory.pageSize(),
            throttlePercent));
  }

  private static DiskProgress disk(BlockJob job) {
    Long speed = job.speed();
    return new DiskProgress(
        Nodes.diskOfJob(job.device()),
        job.offset(),
        job.len(),
        speed == null ? 0 : speed,
        job.ready());
  }

  /** A new attempt counts from the start. */
  synchronized void reset() {
    disks.clear();
    memory = NOTHING;
    throttlePercent = 0;
  }
}
