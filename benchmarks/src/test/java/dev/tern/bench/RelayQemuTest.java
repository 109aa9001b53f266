package dev.tern.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Needs no QEMU, but Python, which only those have who test with QEMU. */
@DisplayName("The relays of a tunnel")
@Tag("S93")
@Timeout(60)
class RelayQemuTest {
  private static final int MUCH = 16 << 20; // more than all buffers on the way hold
  private static final long SEED = System.nanoTime();

  /** The scripts and a key, for all. */
  @TempDir static Path scripts;

  @TempDir Path work;
  private final List<Process> started = new ArrayList<>();
  private Path here;
  private Path there;
  private Process arriving;
  private Process leaving;
  private int port;

  @BeforeAll
  static void makeKey() throws Exception {
    var _ = FloorMover.unpacked(scripts);
    assertThat(relay(List.of("key", scripts.toString()), scripts).waitFor()).isZero();
  }

  @BeforeEach
  void start() throws Exception {
    here = Files.createDirectory(work.resolve("here"));
    there = Files.createDirectory(work.resolve("there"));
    arriving = arrive();
    port = Integer.parseInt(line(arriving));
    leaving = leave(here, scripts);
    assertThat(line(leaving)).isEqualTo("ready");
  }

  @AfterEach
  void end() throws Exception {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
  }

  private Process arrive() throws IOException {
    return relay("arrive", "--key", scripts.toString(), "--sockets", there.toString());
  }

  private Process leave(Path sockets, Path key) throws IOException {
    return relay(
        "leave",
        "--key",
        key.toString(),
        "--sockets",
        sockets.toString(),
        "--port",
        String.valueOf(port),
        "disks",
        "memory");
  }

  private Process relay(String... arguments) throws IOException {
    Process process = relay(List.of(arguments), work);
    started.add(process);
    return process;
  }

  private static Process relay(List<String> arguments, Path log) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("python3", scripts.resolve("relay.py").toString()));
    command.addAll(arguments);
    return new ProcessBuilder(command).redirectError(log.resolve("said").toFile()).start();
  }

  private static String line(Process process) throws IOException {
    BufferedReader reader = process.inputReader(UTF_8);
    String line = reader.readLine();
    return line == null ? "" : line;
  }

  private ServerSocketChannel listen(String name) throws IOException {
    return ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(there.resolve(name)));
  }

  private SocketChannel connect(String name) throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(here.resolve(name)));
  }

  private static byte[] bytes(int seed) {
    byte[] bytes = new byte[MUCH];
    new Random(SEED + seed).nextBytes(bytes);
    return bytes;
  }

  private static CompletableFuture<byte[]> rest(SocketChannel from) {
    CompletableFuture<byte[]> all = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            all.complete(Channels.newInputStream(from).readAllBytes());
          } catch (IOException e) {
            all.completeExceptionally(e);
          }
        });
    return all;
  }

  private static CompletableFuture<Void> say(SocketChannel to, byte[] what) {
    CompletableFuture<Void> said = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            OutputStream out = Channels.newOutputStream(to);
            out.write(what);
            to.shutdownOutput();
            said.complete(null);
          } catch (IOException e) {
            said.completeExceptionally(e);
          }
        });
    return said;
  }

  @Test
  void carry_what_two_programs_say_at_once_both_ways_byte_by_byte() throws Exception {
    try (ServerSocketChannel disks = listen("disks");
        ServerSocketChannel memory = listen("memory");
        SocketChannel a = connect("disks");
        SocketChannel b = connect("memory");
        SocketChannel c = disks.accept();
        SocketChannel d = memory.accept()) {
      List<SocketChannel> ends = List.of(a, b, c, d);
      List<byte[]> words = Stream.of(0, 1, 2, 3).map(RelayQemuTest::bytes).toList();
      List<CompletableFuture<byte[]>> heard = ends.stream().map(RelayQemuTest::rest).toList();
      for (int i = 0; i < ends.size(); i++) {
        var _ = say(ends.get(i), words.get(i));
      }

      for (int i = 0; i < ends.size(); i++) {
        // a speaks with c, and b with d.
        assertThat(Arrays.equals(heard.get(i).get(), words.get((i + 2) % 4)))
            .as("what end %d heard, seed %d", i, SEED)
            .isTrue();
      }
    }
    assertEnded(leaving, 2L * MUCH);
    assertEnded(arriving, 2L * MUCH);
  }

  @Test
  void let_one_side_end_and_the_other_go_on() throws Exception {
    try (ServerSocketChannel disks = listen("disks");
        SocketChannel asks = connect("disks");
        SocketChannel answers = disks.accept()) {
      say(asks, "all I have".getBytes(UTF_8)).get();
      assertThat(new String(rest(answers).get(), UTF_8)).isEqualTo("all I have");

      var _ = say(answers, bytes(1));

      assertThat(Arrays.equals(rest(asks).get(), bytes(1))).as("seed %d", SEED).isTrue();
    }
  }

  @Test
  void tell_of_a_program_that_breaks_off_and_carry_the_others() throws Exception {
    try (ServerSocketChannel disks = listen("disks");
        SocketChannel stays = connect("disks");
        SocketChannel stayed = disks.accept();
        SocketChannel left = connect("disks")) {
      SocketChannel breaks = disks.accept();
      CompletableFuture<Void> under = say(left, bytes(2));
      Channels.newInputStream(breaks).readNBytes(1000);
      breaks.close();

      assertThat(under).failsWithin(Duration.ofSeconds(10));
      var _ = say(stays, bytes(3));
      assertThat(Arrays.equals(rest(stayed).get(), bytes(3))).as("seed %d", SEED).isTrue();
    }
  }

  @Test
  void close_on_whom_nobody_listens_to() throws Exception {
    try (SocketChannel asks = connect("memory")) {
      assertThat(rest(asks).get(10, TimeUnit.SECONDS)).isEmpty();
    }
    try (ServerSocketChannel memory = listen("memory");
        SocketChannel asks = connect("memory");
        SocketChannel answers = memory.accept()) {
      say(asks, new byte[] {1}).get();
      assertThat(rest(answers).get()).containsExactly(1);
    }
  }

  @Test
  void leave_nothing_when_the_other_is_killed() throws Exception {
    try (ServerSocketChannel disks = listen("disks");
        SocketChannel asks = connect("disks");
        SocketChannel answers = disks.accept()) {
      arriving.destroyForcibly();

      assertThat(rest(asks).get(10, TimeUnit.SECONDS)).isEmpty();
      assertThat(rest(answers).get(10, TimeUnit.SECONDS)).isEmpty();
      assertThat(leaving.waitFor()).isEqualTo(1);
    }
    assertNothingIn(here);
  }

  @Test
  void turn_away_who_has_another_key_and_wait_for_the_right_one() throws Exception {
    Process waits = arrive();
    port = Integer.parseInt(line(waits));
    Path stranger = Files.createDirectory(work.resolve("stranger"));
    assertThat(relay("key", stranger.toString()).waitFor()).isZero();
    Process refused = leave(stranger, stranger);
    assertThat(refused.waitFor()).isEqualTo(1);
    assertThat(stranger.resolve("disks")).doesNotExist();
    assertThat(waits.isAlive()).isTrue();

    Path owner = Files.createDirectory(work.resolve("owner"));
    Process own = leave(owner, scripts);

    assertThat(line(own)).isEqualTo("ready");
  }

  /** It ends when it is let go of, and says what it took from its side. */
  private void assertEnded(Process relay, long taken) throws Exception {
    relay.getOutputStream().close();
    assertThat(line(relay)).contains("\"taken\": " + taken + ",", "\"handed\": " + taken + ",");
    assertThat(relay.waitFor()).isZero();
    assertNothingIn(here);
  }

  private static void assertNothingIn(Path directory) throws IOException {
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).isEmpty();
    }
  }
}
