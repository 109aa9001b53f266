package dev.tern.bench;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code ./tern bench tunnel}. */
@Command(
    name = "tunnel",
    description =
        "Moves a guest with its disks there and back by one plain QMP script: from QEMU to QEMU in plain text and by TLS, and through a tunnel.",
    mixinStandardHelpOptions = true)
final class TunnelCommand implements Callable<Integer> {
  private static final List<BenchCase> USUAL =
      Stream.of("idle", "memory-512").map(name -> BenchCase.named(name).orElseThrow()).toList();

  @Mixin private BenchRun run = new BenchRun();

  /** 0 only if every move was right. */
  @Override
  public Integer call() throws Exception {
    return run.run(USUAL, FloorMover::ways);
  }
}
