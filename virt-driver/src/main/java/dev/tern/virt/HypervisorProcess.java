package dev.tern.virt;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * A running hypervisor, whoever started it.
 *
 * @param touches what its command line names below the directory that was asked for, relative to it
 * @param startedAt where the kernel tells
 */
public record HypervisorProcess(long pid, Set<Path> touches, Optional<Instant> startedAt) {
  public HypervisorProcess {
    touches = Set.copyOf(touches);
  }

  /** Whether it was started with the path, or with one below it. */
  public boolean touches(Path relative) {
    return touches.stream().anyMatch(path -> path.startsWith(relative));
  }
}
