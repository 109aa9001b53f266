package dev.tern.virt.qemu;

import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.Guest.Sync;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.Steering;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import dev.tern.virt.disk.Tool;
import dev.tern.virt.qmp.Commands;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The streams of a migration")
class StreamsQemuTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final String ON_DISK = "TERNBLK1";
  private static final String IN_MEMORY = "marker-in-the-guests-memory";
  private static final String WRITER = "tern.write=20,64,6144 marker=" + IN_MEMORY;
  private static final int MIB = 1 << 20;

  @TempDir Path temporary;
  private final List<Guest> guests = new ArrayList<>();
  private final String export = UUID.randomUUID().toString();
  private final Path keys = Path.of("keys.psk");

  @AfterEach
  void endAll() throws Exception {
    for (Guest guest : guests) {
      TestHost.end(guest);
    }
  }

  private static StreamKey key(String identity) {
    byte[] secret = new byte[StreamKey.SECRET_BYTES];
    new java.security.SecureRandom().nextBytes(secret);
    return new StreamKey(identity, secret);
  }

  /** Two hosts, the guest on one of them, and its copy that waits on the other. */
  private final class Pair {
    final Path source;
    final Path destination;
    final Guest s;
    final Guest d;
    final CompletableFuture<Arrival> arrival = new CompletableFuture<>();

    Pair(boolean insecure, int dataMib) throws Exception {
      TestHost here = new TestHost(temporary.resolve("a"), insecure);
      TestHost there = new TestHost(temporary.resolve("b"), insecure);
      LaunchRecipe recipe = here.recipe(WRITER, 96, "qcow2");
      var _ = there.recipe(WRITER, 96, "qcow2"); // places kernel and initramfs
      source = here.instance("s");
      destination = there.instance("s");
      here.createDisks(recipe, source);
      there.createDisks(recipe, destination);
      if (dataMib > 0) {
        var _ =
            Tool.run(
                List.of(
                    "qemu-io",
                    "-f",
                    "qcow2",
                    "-c",
                    "write -P 0x41 0 %dM".formatted(dataMib),
                    source.resolve("disk0.qcow2").toString()),
                temporary,
                SOON);
      }
      s = kept(here.driver.launch(recipe, source, LaunchMode.RUN));
      TestHost.awaitConsole(source, "\nA ", SOON);
      d = kept(there.driver.launch(recipe, destination, LaunchMode.INCOMING));
      d.watchArrival(() -> {}, false, arrival::complete);
    }

    IncomingEndpoints open(String address, Optional<StreamKey> key) throws VirtException {
      return d.openIncoming(
          new IncomingRequest(
              address,
              TestHost.freePort(),
              0,
              Map.of("disk0", export),
              MoveOptions.PLAIN,
              key,
              true));
    }

    void move(String address, int nbdPort, int migrationPort, Optional<StreamKey> key)
        throws Exception {
      mirror(address, nbdPort, key);
      HandOver handOver =
          s.handOver(
              new MemoryTarget(
                  address, migrationPort, key, d.opened().orElseThrow().suppressVmdesc()),
              steering(0),
              false,
              () -> {},
              p -> {});
      assertThat(handOver).isInstanceOf(HandOver.Sent.class);
      assertThat(arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
    }

    void mirror(String address, int port, Optional<StreamKey> key) throws Exception {
      s.mirrorDisks(List.of(target(address, port, key)), steering(0), p -> {});
    }

    MirrorTarget target(String address, int port, Optional<StreamKey> key) {
      return new MirrorTarget("disk0", address, port, export, Sync.FULL, key);
    }
  }

  private Guest kept(Guest guest) {
    guests.add(guest);
    return guest;
  }

  private static Steering steering(long bytesPerSecond) {
    return new Steering(
        new MovePolicy(
            Duration.ofMillis(300),
            bytesPerSecond,
            Duration.ofMinutes(2),
            MovePolicy.AtDeadline.ABORT,
            false,
            true),
        MoveOptions.PLAIN,
        false);
  }

  @ParameterizedTest(name = "insecure: {0}, over {1}")
  @CsvSource({"false, 127.0.0.1", "false, ::1", "true, ::1"})
  @Tag("S92")
  @Tag("S38")
  void show_nothing_of_disk_or_memory_to_who_listens_unless_insecure(
      boolean insecure, String address) throws Exception {
    Optional<StreamKey> key = insecure ? Optional.empty() : Optional.of(key("move-1"));
    Pair pair = new Pair(insecure, 1);
    IncomingEndpoints to = pair.open(address, key);
    try (Recorder disk = new Recorder(address, to.nbdPort());
        Recorder memory = new Recorder(address, to.migrationPort())) {
      pair.move(address, disk.port(), memory.port(), key);
      assertThat(disk.bytes()).isGreaterThan(MIB);
      assertThat(memory.bytes()).isGreaterThan(MIB);
      assertThat(disk.heard(ON_DISK)).isEqualTo(insecure);
      assertThat(memory.heard(IN_MEMORY)).isEqualTo(insecure);
      // Even who listens does not learn the export's name.
      assertThat(disk.heard(export)).isEqualTo(insecure);
    }
  }

  @Test
  @Tag("S1")
  @Tag("S2")
  @Tag("S79")
  @Tag("N14")
  void are_open_to_who_has_the_key_while_they_last_and_to_nobody_else() throws Exception {
    StreamKey key = key("move-1");
    Pair pair = new Pair(false, 0);
    IncomingEndpoints to = pair.open("127.0.0.1", Optional.of(key));

    assertThat(look(to.nbdPort(), Optional.of(key))).contains("virtual size: 64 MiB");
    assertRefused(to.nbdPort(), Optional.empty());
    assertRefused(to.nbdPort(), Optional.of(new StreamKey("move-1", key("x").secret())));
    assertRefused(to.nbdPort(), Optional.of(new StreamKey("move-0", key.secret())));
    // The memory's listener hears plaintext, hangs up, and still takes the guest afterwards.
    try (Socket stranger = new Socket(InetAddress.getLoopbackAddress(), to.migrationPort());
        OutputStream out = stranger.getOutputStream()) {
      out.write("QEVM".getBytes(StandardCharsets.US_ASCII));
      out.write(new byte[4096]);
      out.flush();
      stranger.setSoTimeout(10_000);
      assertThat(stranger.getInputStream().readAllBytes().length).isLessThan(64);
    } catch (java.net.SocketException _) {
      // hung up on
    }

    pair.move("127.0.0.1", to.nbdPort(), to.migrationPort(), Optional.of(key));
    until("no export is left", Duration.ofSeconds(1), () -> !accepts(to.nbdPort()));
    assertRefused(to.nbdPort(), Optional.of(key));
    assertRefused(to.migrationPort(), Optional.of(key));

    // The next migration of the same guest: the key of the last one opens nothing.
    TestHost third = new TestHost(temporary.resolve("c"));
    LaunchRecipe recipe = third.recipe(WRITER, 96, "qcow2");
    Path instance = third.instance("s");
    third.createDisks(recipe, instance);
    Guest next = kept(third.driver.launch(recipe, instance, LaunchMode.INCOMING));
    StreamKey nextKey = key("move-2");
    IncomingEndpoints there =
        next.openIncoming(
            new IncomingRequest(
                "127.0.0.1",
                TestHost.freePort(),
                0,
                Map.of("disk0", export),
                MoveOptions.PLAIN,
                Optional.of(nextKey),
                true));
    assertRefused(there.nbdPort(), Optional.of(key));
    assertThat(look(there.nbdPort(), Optional.of(nextKey))).contains("virtual size: 64 MiB");
  }

  @Test
  @Tag("N14")
  void leave_no_key_behind_and_show_it_nowhere() throws Exception {
    StreamKey key = key("move-1");
    Pair pair = new Pair(false, 0);
    IncomingEndpoints to = pair.open("127.0.0.1", Optional.of(key));
    assertThat(files()).anyMatch(file -> file.endsWith(keys));
    pair.mirror("127.0.0.1", to.nbdPort(), Optional.of(key));
    assertThat(secretShownBy(key)).containsExactly(pair.destination.resolve("tls-server/keys.psk"));
    pair.s.handOver(
        new MemoryTarget("127.0.0.1", to.migrationPort(), Optional.of(key), to.suppressVmdesc()),
        steering(0),
        false,
        () -> {},
        p -> {});
    assertThat(pair.arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
    assertNoKeyIn(pair.s);
    assertNoKeyIn(pair.d);
    assertThat(secretShownBy(key)).isEmpty();
    assertThat(pair.d.runState()).isEqualTo(RunState.RUNNING);
  }

  @Test
  @Tag("N14")
  void leave_no_key_behind_when_it_is_given_up_or_its_qemu_dies() throws Exception {
    StreamKey key = key("move-1");
    Pair pair = new Pair(false, 0);
    IncomingEndpoints to = pair.open("127.0.0.1", Optional.of(key));
    pair.mirror("127.0.0.1", to.nbdPort(), Optional.of(key));
    ProcessHandle.of(pair.d.pid()).orElseThrow().destroyForcibly();
    assertThat(pair.arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Failed.class);
    assertThat(files()).noneMatch(file -> file.endsWith(keys));
    pair.s.cancelMirrors();
    assertNoKeyIn(pair.s);
    assertThat(pair.s.runState()).isEqualTo(RunState.RUNNING);
  }

  @Test
  void are_refused_in_plaintext_even_on_loopback() throws Exception {
    Pair pair = new Pair(false, 0);
    assertThatThrownBy(() -> pair.open("127.0.0.1", Optional.empty()))
        .isInstanceOf(VirtException.class)
        .hasMessageContaining("insecure is not set");
    IncomingEndpoints to = pair.open("127.0.0.1", Optional.of(key("move-1")));
    assertThatThrownBy(() -> pair.mirror("127.0.0.1", to.nbdPort(), Optional.empty()))
        .hasMessageContaining("insecure is not set");
  }

  @Test
  @Tag("N1")
  void ride_out_a_broken_link_without_copying_anything_twice() throws Exception {
    Optional<StreamKey> key = Optional.of(key("move-1"));
    Pair pair = new Pair(false, 32);
    IncomingEndpoints to = pair.open("127.0.0.1", key);
    try (Recorder wire = new Recorder("127.0.0.1", to.nbdPort())) {
      AtomicBoolean cut = new AtomicBoolean();
      List<Long> done = new ArrayList<>();
      pair.s.mirrorDisks(
          List.of(pair.target("127.0.0.1", wire.port(), key)),
          steering(8L * MIB),
          progress -> {
            done.add(progress.diskProcessed());
            if (wire.bytes() > 24 * MIB && cut.compareAndSet(false, true)) {
              breakFor(wire, Duration.ofSeconds(3));
            }
          });
      assertThat(cut).isTrue();
      assertThat(done).isSorted();
      // All of it anew would be 56; what the guest wrote meanwhile is sent again.
      assertThat(wire.bytes()).isBetween(32L * MIB, 52L * MIB);
      assertThat(
              pair.s.handOver(
                  new MemoryTarget("127.0.0.1", to.migrationPort(), key, to.suppressVmdesc()),
                  steering(0),
                  false,
                  () -> {},
                  p -> {}))
          .isInstanceOf(HandOver.Sent.class);
      assertThat(pair.arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
    }
    pair.d.shutDown(SOON);
    pair.s.kill();
    assertThat(
            Tool.run(
                List.of(
                    "qemu-io",
                    "-f",
                    "qcow2",
                    "-c",
                    "read -P 0x41 0 24M",
                    pair.destination.resolve("disk0.qcow2").toString()),
                temporary,
                SOON))
        .doesNotContain("Pattern verification failed");
  }

  private static void breakFor(Recorder wire, Duration time) {
    try {
      wire.cut();
      Thread.ofVirtual()
          .start(() -> {
            try {
              Thread.sleep(time);
              wire.mend();
            } catch (Exception e) {
              throw new AssertionError(e);
            }
          });
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  /** What a foreign client sees of the export. */
  private String look(int port, Optional<StreamKey> key) throws Exception {
    List<String> line = new ArrayList<>(List.of("qemu-img", "info"));
    String options = "driver=nbd,host=127.0.0.1,port=%d,export=%s".formatted(port, export);
    if (key.isPresent()) {
      Path directory = Files.createTempDirectory(temporary, "client");
      Files.writeString(
          directory.resolve(keys),
          key.get().identity() + ":" + HexFormat.of().formatHex(key.get().secret()) + "\n");
      line.add("--object");
      line.add(
          "tls-creds-psk,id=c,endpoint=client,username=%s,dir=%s,priority=%s"
              .formatted(key.get().identity(), directory, StreamCredentials.PRIORITY));
      options += ",tls-creds=c";
    }
    line.addAll(List.of("--image-opts", options));
    try {
      return Tool.run(line, temporary, SOON);
    } finally {
      try (Stream<Path> left = Files.walk(temporary)) {
        for (Path file :
            left.filter(f -> f.toString().contains("/client") && f.endsWith(keys)).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private void assertRefused(int port, Optional<StreamKey> key) {
    assertThatThrownBy(() -> look(port, key)).isInstanceOf(VirtException.class);
  }

  private static boolean accepts(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (java.io.IOException _) {
      return false;
    }
  }

  private static void assertNoKeyIn(Guest guest) throws Exception {
    Session session = ((QemuGuest) guest).session();
    assertThat(session.call(new Commands.QomList("/objects")))
        .noneMatch(object -> object.name().startsWith("tls-"));
  }

  private List<Path> files() throws Exception {
    try (Stream<Path> all = Files.walk(temporary)) {
      return all.filter(Files::isRegularFile).toList();
    }
  }

  /** Files of both hosts, and processes of this machine, that show the secret. */
  private List<Path> secretShownBy(StreamKey key) throws Exception {
    String secret = HexFormat.of().formatHex(key.secret());
    List<Path> shown = new ArrayList<>();
    for (Path file : files()) {
      String name = file.getFileName().toString();
      boolean small = Files.size(file) < 4 * MIB;
      if (small && !name.endsWith(".sock") && read(file).contains(secret)) {
        shown.add(file);
      }
    }
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process : processes.toList()) {
        Path line = process.resolve("cmdline");
        if (Files.isReadable(line) && read(line).contains(secret)) {
          shown.add(line);
        }
      }
    }
    return shown;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (java.io.IOException _) {
      return ""; // a process that ended
    }
  }
}
