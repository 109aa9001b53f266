package dev.tern.virt.qemu;

import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.qmp.Commands.BlockJob;
import dev.tern.virt.qmp.Commands.Ram;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What moved so far, over mirrors and memory together. What was processed never falls. */
final class Progress {
  private static final Ram NOTHING = new Ram(0, 0, 0, 0, 0, 0, 0);

  private final Map<String, BlockJob> disks = new ConcurrentHashMap<>();
  private volatile Ram memory = NOTHING;

  synchronized MoveProgress with(List<BlockJob> jobs, @Nullable Ram ram) {
    for (BlockJob job : jobs) {
      if (Nodes.isMirror(job.device())) {
        disks.merge(job.device(), job, (old, now) -> now.offset() >= old.offset() ? now : old);
      }
    }
    if (ram != null && ram.transferred() >= memory.transferred()) {
      memory = ram;
    }
    return now();
  }

  synchronized MoveProgress now() {
    long total = disks.values().stream().mapToLong(BlockJob::len).sum();
    long done = disks.values().stream().mapToLong(BlockJob::offset).sum();
    return new MoveProgress(
        memory.total(), memory.transferred(), memory.remaining(), total, done, total - done);
  }

  /** A new attempt counts from the start. */
  synchronized void reset() {
    disks.clear();
    memory = NOTHING;
  }
}
