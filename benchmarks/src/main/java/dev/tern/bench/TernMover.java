package dev.tern.bench;

import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.Steering;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * Tern's driver as an agent uses it, with the two durable records an agent makes while the guest
 * stands still.
 */
final class TernMover implements Mover {
  private static final String ADDRESS = "127.0.0.1";
  private static final Duration DEADLINE = Duration.ofMinutes(5);

  private final Duration maxPause;
  private final Streams streams;
  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();

  /**
   * A way to move.
   *
   * @param maxPause the longest pause Tern may plan for
   * @param clock of this machine, as QEMU's events are stamped by it
   */
  TernMover(Duration maxPause, Streams streams, InstantSource clock) {
    this.maxPause = maxPause;
    this.streams = streams;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "tern" + streams.suffix();
  }

  @Override
  public String floor() {
    return FloorMover.name(streams);
  }

  @Override
  public Move move(Host source, Host destination, LaunchRecipe recipe, BenchCase what)
      throws IOException, InterruptedException {
    try (Guest here = Ring.adopt(source);
        Guest there = Ring.adopt(destination);
        FileChannel handedOver = journal(source);
        FileChannel arrived = journal(destination)) {
      return new OneMove(here, there).run(recipe, what, handedOver, arrived);
    } catch (VirtException | ExecutionException | TimeoutException e) {
      throw new IOException("Tern's driver failed: " + e.getMessage(), e);
    }
  }

  private static FileChannel journal(Host host) throws IOException {
    Path file = host.instance().resolve("journal");
    return FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
  }

  private static void record(FileChannel journal) throws IOException {
    journal.write(ByteBuffer.wrap(new byte[64]));
    journal.force(false);
  }

  /** One guest on its way. */
  private final class OneMove {
    private final Guest here;
    private final Guest there;
    private final Instant beganAt = clock.instant();
    private final long began = System.nanoTime();
    private final Map<String, Duration> times = new LinkedHashMap<>(); // guarded by itself

    OneMove(Guest here, Guest there) {
      this.here = here;
      this.there = there;
    }

    Move run(LaunchRecipe recipe, BenchCase what, FileChannel handedOver, FileChannel arrived)
        throws IOException,
            InterruptedException,
            VirtException,
            ExecutionException,
            TimeoutException {
      CompletableFuture<Arrival> arrival = new CompletableFuture<>();
      there.watchArrival(
          () -> {
            reached("arrived");
            record(arrived);
          },
          false,
          came -> {
            reached("runs");
            arrival.complete(came);
          });
      Optional<StreamKey> key = key();
      IncomingEndpoints to = there.openIncoming(request(recipe, key));
      reached("exported");
      Steering steering =
          new Steering(MovePolicy.usual(maxPause, DEADLINE), MoveOptions.PLAIN, false);
      here.mirrorDisks(targets(to, what, key), steering, moved -> {});
      reached("mirrors-ready");
      HandOver left =
          here.handOver(
              new MemoryTarget(to.address(), to.migrationPort(), key, to.suppressVmdesc()),
              steering,
              false,
              () -> {
                reached("mirrors-ended");
                record(handedOver);
              },
              moved -> {});
      Arrival came = arrival.get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
      return measured(left, came);
    }

    private Move measured(HandOver left, Arrival came) throws IOException {
      if (!(left instanceof HandOver.Sent(var leaving, var moved))) {
        throw new IOException("The guest was not handed over: " + left);
      }
      if (!(came instanceof Arrival.Running(var arriving))) {
        throw new IOException("The guest did not arrive: " + came);
      }
      Map<String, Duration> sinceStop = new LinkedHashMap<>();
      Instant stopped =
          leaving.stopped().orElseThrow(() -> new IOException("QEMU's STOP was not seen."));
      put(sinceStop, "pre-switchover", stopped, leaving.preSwitchover());
      put(sinceStop, "mirrored", stopped, leaving.mirrored());
      put(sinceStop, "sent", stopped, leaving.sent());
      put(sinceStop, "loaded", stopped, arriving.loaded());
      put(sinceStop, Move.RESUMED, stopped, arriving.resumed());
      if (!sinceStop.containsKey(Move.RESUMED)) {
        throw new IOException("QEMU's RESUME was not seen.");
      }
      // What is tidied up behind that is not the move's; nor is the floor's.
      Duration total = Duration.between(beganAt, stopped).plus(Collections.max(sinceStop.values()));
      synchronized (times) {
        return new Move(total, moved.memoryProcessed(), new LinkedHashMap<>(times), sinceStop);
      }
    }

    private static void put(
        Map<String, Duration> points, String point, Instant stopped, Optional<Instant> at) {
      at.ifPresent(seen -> points.put(point, Duration.between(stopped, seen)));
    }

    private void reached(String point) {
      synchronized (times) {
        times.put(point, Duration.ofNanos(System.nanoTime() - began));
      }
    }
  }

  private Optional<StreamKey> key() {
    return switch (streams) {
      case PLAIN -> Optional.empty();
      case TLS -> {
        byte[] secret = new byte[StreamKey.SECRET_BYTES];
        random.nextBytes(secret);
        yield Optional.of(new StreamKey("bench-" + UUID.randomUUID(), secret));
      }
    };
  }

  private static IncomingRequest request(LaunchRecipe recipe, Optional<StreamKey> key)
      throws IOException {
    Map<String, String> exports =
        recipe.localDisks().stream()
            .collect(Collectors.toMap(LocalDisk::id, d -> "bench-" + UUID.randomUUID()));
    return new IncomingRequest(ADDRESS, freePort(), 0, exports, MoveOptions.PLAIN, key, true);
  }

  private static List<MirrorTarget> targets(
      IncomingEndpoints to, BenchCase what, Optional<StreamKey> key) {
    return to.exportNames().entrySet().stream()
        .map(e ->
            new MirrorTarget(
                e.getKey(), to.address(), to.nbdPort(), e.getValue(), what.sync(), key))
        .toList();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
