package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Pause;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.host.HostAnswer.ProbeOffered;
import dev.tern.contract.host.HostAnswer.ProbeOpen;
import dev.tern.contract.host.HostAnswer.ProbeRan;
import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.Steering;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import dev.tern.virt.qemu.RamSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Guests that only show whether guests could move between two hosts: 16 MiB and an empty disk,
 * moved by the driver as any guest is, with a key of its own and ports from the range, and ended.
 *
 * <pre>
 *   sending    offered ── ran ── ended        receiving    opened ── ended
 *                └──────── ended, by itself after a minute ──────────┘
 * </pre>
 */
final class Probes implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Probes.class);
  private static final String DISK = "disk0";
  private static final long DISK_BYTES = 1 << 20;
  private static final int MEMORY_MIB = 16;
  private static final int AT_ONCE = 4;
  private static final Duration LIVES = Duration.ofMinutes(1);
  private static final Duration MOVES = Duration.ofSeconds(15);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(300);

  /** What probes are made of. */
  record Means(VirtDriver driver, StreamKeys keys, Ports ports, String cpuModel) {}

  private final Means means;
  private final Path directory;
  private final String address;
  private final Clock clock;
  private final Pause pause;
  private final Set<UUID> live = ConcurrentHashMap.newKeySet();

  Probes(Means means, Path directory, String address, Clock clock, Pause pause) {
    this.means = means;
    this.directory = directory;
    this.address = address;
    this.clock = clock;
    this.pause = pause;
  }

  /** This host as the sending side: what would move, and its half of the key. */
  ProbeOffered offer(UUID probe) throws IOException, VirtException {
    begin(probe);
    try {
      return new ProbeOffered(
          Recipes.write(recipe(probe)),
          means.keys().agree(header(probe), Optional.empty()).publicHalf());
    } catch (IOException | VirtException | RuntimeException e) {
      endAfter(probe, e);
      throw e;
    }
  }

  /** This host as the receiving side: a QEMU that waits and is never let run. */
  ProbeOpen open(UUID probe, String recipe, Optional<String> peerKey)
      throws IOException, VirtException {
    LaunchRecipe wanted = Recipes.read(recipe, server(probe));
    requireEmpty(wanted);
    begin(probe);
    try {
      Optional<String> half = means.keys().agree(header(probe), peerKey).publicHalf();
      Guest guest = launch(probe, wanted, LaunchMode.INCOMING);
      try (guest;
          Ports.Pair pair = means.ports().take()) {
        IncomingEndpoints open =
            guest.openIncoming(
                new IncomingRequest(
                    address,
                    pair.nbd(),
                    pair.migration(),
                    Map.of(DISK, "probe-" + probe),
                    MoveOptions.PLAIN,
                    means.keys().stream(header(probe)),
                    false,
                    false));
        return new ProbeOpen(
            open.address(), open.nbdPort(), open.migrationPort(), open.exportNames(), half);
      }
    } catch (IOException | VirtException | RuntimeException e) {
      endAfter(probe, e);
      throw e;
    }
  }

  /** Only what {@link #recipe} makes: a probe is no way to start anything else here. */
  private static void requireEmpty(LaunchRecipe recipe) {
    boolean empty =
        recipe.memoryKib() <= 2L * MEMORY_MIB * 1024
            && recipe.vcpus() == 1
            && recipe.hotPlugPorts() == 0
            && recipe.kernel().isEmpty()
            && recipe.nics().isEmpty()
            && recipe.disks().size() == 1
            && recipe.disks().getFirst() instanceof LocalDisk disk
            && disk.virtualBytes() == DISK_BYTES
            && disk.id().equals(DISK)
            && disk.layers().isEmpty()
            && !disk.encrypted();
    if (!empty) {
      throw Refusals.invalid("That is not the recipe of a probe.");
    }
  }

  /** Sends an empty guest to where the other host waits. */
  ProbeRan run(UUID probe, ProbeOpen target)
      throws IOException, VirtException, InterruptedException {
    if (!live.contains(probe)) {
      throw Refusals.invalid("No probe %s was offered by this host.".formatted(probe));
    }
    var _ = means.keys().agree(header(probe), target.publicKey());
    Optional<StreamKey> key = means.keys().stream(header(probe));
    LaunchRecipe recipe = recipe(probe);
    Steering steering =
        new Steering(MovePolicy.usual(LONGEST_PAUSE, MOVES), MoveOptions.PLAIN, false);
    try (Guest guest = launch(probe, recipe, LaunchMode.RUN)) {
      Instant started = clock.instant();
      StreamTarget to = StreamTarget.of(ready(target), key);
      guest.mirrorDisks(
          List.of(to.mirror(recipe.localDisks().getFirst(), Way.FULL)), steering, _ -> {});
      Instant mirrored = clock.instant();
      HandOver came = guest.handOver(to.memory(), steering, false, () -> {}, _ -> {});
      return switch (came) {
        case HandOver.Sent _ ->
            new ProbeRan(
                key.isPresent(),
                Duration.between(started, mirrored),
                Duration.between(mirrored, clock.instant()));
        case HandOver.Stayed(String reason) -> throw unreachable(reason);
        case HandOver.Unknown(String reason, _) -> throw unreachable(reason);
      };
    }
  }

  private static IncomingReady ready(ProbeOpen open) {
    return new IncomingReady(
        open.address(), open.nbdPort(), open.migrationPort(), open.exports(), false);
  }

  private static ComputeException unreachable(String reason) {
    return new ComputeException(
        ErrorCode.HYPERVISOR_FAILED, "The memory did not arrive: %s".formatted(reason), null);
  }

  /** The directory is there before anything else of the probe: by it the next agent finds it. */
  private void begin(UUID probe) throws IOException {
    if (live.size() >= AT_ONCE && !live.contains(probe)) {
      throw new ComputeException(
          ErrorCode.INSTANCE_INVALID_STATE,
          "This host has %d probes under way; ask again in a minute.".formatted(AT_ONCE),
          null);
    }
    Durable.directory(directory.resolve(probe.toString()));
    if (live.add(probe)) {
      Thread.ofVirtual().name("probe-" + probe).start(() -> endLater(probe));
    }
  }

  private void endLater(UUID probe) {
    try {
      pause.of(LIVES);
      if (live.contains(probe)) {
        end(probe);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | VirtException e) {
      log.atWarn().addKeyValue("probe", probe).setCause(e).log("a probe could not be ended");
    }
  }

  private Guest launch(UUID probe, LaunchRecipe recipe, LaunchMode mode)
      throws IOException, VirtException {
    Path own = directory.resolve(probe.toString());
    LocalDisk disk = recipe.localDisks().getFirst();
    Path file = own.resolve(disk.file());
    if (!Files.exists(file)) {
      means.driver().images().create(file, NewImage.empty(disk.format(), disk.virtualBytes()));
    }
    return means.driver().launch(recipe, own, mode);
  }

  private LaunchRecipe recipe(UUID probe) throws VirtException {
    var host = means.driver().capabilities();
    return new LaunchRecipe(
        LaunchRecipe.VERSION,
        probe.toString(),
        "probe",
        host.defaultMachineType(),
        host.accelerator(),
        means.cpuModel(),
        1,
        RamSize.forGuest(MEMORY_MIB, host.accelerator(), host.versionNumber()),
        Optional.empty(),
        List.of(new LocalDisk(DISK, DISK + ".raw", "raw", DISK_BYTES, List.of(), false)),
        List.of(),
        0);
  }

  /** Removes whatever is left of a probe here. Harmless when nothing is. */
  void end(UUID probe) throws IOException, VirtException {
    Path own = directory.resolve(probe.toString());
    if (Files.isDirectory(own)) {
      Optional<Guest> guest = means.driver().adopt(own);
      if (guest.isPresent()) {
        try (Guest running = guest.get()) {
          running.kill();
        }
      }
    }
    means.keys().end(server(probe));
    Durable.removeTree(own);
    live.remove(probe);
  }

  private void endAfter(UUID probe, Exception failure) {
    try {
      end(probe);
    } catch (IOException | VirtException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /** Ends what an agent before this one left. */
  void endLeftovers() throws IOException {
    try (Stream<Path> left = Files.list(directory)) {
      for (Path entry : (Iterable<Path>) left::iterator) {
        try {
          end(UUID.fromString(entry.getFileName().toString()));
        } catch (IllegalArgumentException _) {
          log.atWarn().addKeyValue("entry", entry.getFileName()).log("no probe; left alone");
        } catch (VirtException e) {
          log.atWarn().addKeyValue("entry", entry.getFileName()).setCause(e).log("a probe is left");
        }
      }
    }
  }

  private static ServerId server(UUID probe) {
    return new ServerId(probe);
  }

  private static Header header(UUID probe) {
    return new Header(RequestId.of(probe), server(probe), 1, Optional.empty());
  }

  /** Nothing of a probe outlives its agent, unlike a guest. */
  @Override
  public void close() throws IOException {
    for (UUID probe : Set.copyOf(live)) {
      try {
        end(probe);
      } catch (VirtException e) {
        log.atWarn().addKeyValue("probe", probe).setCause(e).log("a probe is left");
      }
    }
  }
}
