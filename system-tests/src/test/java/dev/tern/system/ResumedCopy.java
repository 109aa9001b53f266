package dev.tern.system;

import static dev.tern.system.ServerDisk.await;
import static dev.tern.system.ServerDisk.copy;
import static dev.tern.system.ServerDisk.disk;
import static dev.tern.system.ServerDisk.status;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.DiskProof;
import dev.tern.standalone.demo.GuestWatch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * A resumable copy of a writing guest's disk whose agent is killed, and whose QEMU ends meanwhile;
 * asked for again.
 *
 * @param file the copy
 * @param acknowledged what the guest had written when the copy was asked for again
 */
record ResumedCopy(Path file, Map<Long, Long> acknowledged) {
  private static final long FIRST = 128L << 20;

  /** More than the guest writes while the first half is copied; QEMU counts by 64 KiB. */
  private static final long WRITTEN = 32L << 20;

  /** The server is ACTIVE before and after. */
  static ResumedCopy make(DemoStage stage, ComputeClient api, TestServer server) throws Exception {
    Map<String, Object> wanted = Map.of("resumable", true, "name", "backup", "storage", "fast");
    GuestWatch watch = new GuestWatch();
    try (ConsoleTail _ = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING)) {
      String broken = copy(api, server, with(wanted, "bandwidth", 64 << 20));
      await("half is copied", () -> status(api, broken, "copied_bytes").asLong() >= FIRST);
      endBoth(stage, server);
      await("the copy broke", () -> api.get(broken).toString().contains("\"status\":\"failed\""));
      long copied = api.get(broken).path("copy").path("copied_bytes").asLong();
      server.awaitStatus("SHUTOFF");
      server.start();
      server.awaitWrites(watch, watch.sight().acknowledgements() + 20);

      Map<Long, Long> acknowledged = watch.acknowledged();
      String rest = copy(api, server, wanted);
      await("the rest is copied", () -> status(api, rest, "status").asString().equals("finished"));
      server.awaitStatus("ACTIVE");
      long size = disk(api, server).path("virtual_bytes").asLong();
      assertThat(status(api, rest, "total_bytes").asLong())
          .as("the rest, %d of %d being there", copied, size)
          .isPositive()
          .isLessThanOrEqualTo(size - copied + WRITTEN);
      Path file = Path.of(status(api, rest, "file").asString());
      assertThat(file).hasSize(size);
      server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
      return new ResumedCopy(file, acknowledged);
    }
  }

  private static Map<String, Object> with(Map<String, Object> all, String name, Object value) {
    Map<String, Object> more = new java.util.HashMap<>(all);
    more.put(name, value);
    return more;
  }

  /** First the agent, at once; then QEMU, in good order. */
  private static void endBoth(DemoStage stage, TestServer server) throws Exception {
    String host = server.host();
    stage.kill("agent-" + host);
    Path data = Objects.requireNonNull(stage.place().hostData().get(host));
    List<ProcessHandle> guests =
        DemoStage.guestsIn(data.resolve("instances").resolve(server.id())).toList();
    assertThat(guests).hasSize(1);
    guests.getFirst().destroy();
    assertThat(guests.getFirst().onExit().get(20, TimeUnit.SECONDS)).isNotNull();
    stage.restart("agent-" + host);
  }

  /**
   * Compares it with the disk as it is later: they differ only where the guest has written since,
   * and the copy has all that the guest had written when it was asked for.
   */
  void assertIsWhatTheDiskWas(Path diskLater) throws Exception {
    assertThat(file).isNotEqualTo(diskLater);
    assertThat(Files.size(file)).isEqualTo(Files.size(diskLater));
    long last = acknowledged.values().stream().mapToLong(Long::longValue).max().orElseThrow();
    DiskProof.Verdict later = new DiskProof(acknowledged, last).judge(file, diskLater);
    assertThat(later.unexplainedBlocks()).as("%s", later).isZero();
    assertThat(later.writtenAfterwards()).as("%s", later).isPositive();
    DiskProof.Verdict copied = new DiskProof(acknowledged, last).judge(file, file);
    assertThat(copied.lostWrites()).as("%s", copied).isZero();
    assertThat(copied.corruptBlocks()).as("%s", copied).isZero();
  }
}
