package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.testing.Until;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** {@code ./tern disk-export} as its user sees it: the script itself, running the built program. */
final class ExportCommand implements AutoCloseable {
  private static final Duration SOON = Duration.ofSeconds(20);

  /** What a JVM that was told SIGTERM ends with. */
  private static final int TERMINATED = 143;

  private final Process process;
  private final int port;
  private final Path keys;
  private final List<String> client;

  private ExportCommand(Process process, int port, Path keys, List<String> client) {
    this.process = process;
    this.port = port;
    this.keys = keys;
    this.client = client;
  }

  /** Starts it and reads what it says once it listens. */
  static ExportCommand start(Path disk, int port, String... options) throws IOException {
    List<String> line = new ArrayList<>(List.of(root().resolve("tern").toString(), "disk-export"));
    line.addAll(List.of(disk.toString(), "--port=" + port));
    line.addAll(List.of(options));
    ProcessBuilder command = new ProcessBuilder(line);
    command.environment().put("TERN_PROGRAM", program().toString());
    Process process = command.redirectErrorStream(true).start();
    BufferedReader said = process.inputReader();
    String what = String.valueOf(said.readLine());
    if (!what.contains("read-only: nbd://127.0.0.1:%d/disk0, by TLS".formatted(port))) {
      process.destroyForcibly();
      throw new IOException(what + "\n" + said.readAllAsString());
    }
    Path keys = Path.of(said.readLine().replaceFirst("key: ", ""));
    String example = said.readLine();
    return new ExportCommand(
        process, port, keys, List.of(example.replaceFirst(".* info ", "").split(" ")));
  }

  private static Path root() {
    return Objects.requireNonNull(Path.of("").toAbsolutePath().getParent());
  }

  /** What the build before these tests has left. */
  private static Path program() throws IOException {
    try (Stream<Path> built = Files.list(root().resolve("standalone/target"))) {
      return built
          .filter(file -> file.toString().endsWith("-exec.jar"))
          .findFirst()
          .orElseThrow(() -> new IOException("standalone is not packaged: run mvn verify"));
    }
  }

  /** Where the key is, as it says. */
  Path keys() {
    return keys;
  }

  /** Copies the whole disk as the command's own example connects. */
  void read(Path to) throws Exception {
    assertThat(readWith(client, to)).as("qemu-img as told by the command").isZero();
  }

  /** The same by another key file: how {@code qemu-img} ended. */
  int readBy(Path keyFile, Path to) throws Exception {
    String own = Objects.requireNonNull(keys.getParent()).toString();
    String other = Objects.requireNonNull(keyFile.getParent()).toString();
    return readWith(client.stream().map(word -> word.replace(own, other)).toList(), to);
  }

  private static int readWith(List<String> client, Path to) throws Exception {
    List<String> convert = new ArrayList<>(List.of("qemu-img", "convert", "-O", "raw"));
    convert.addAll(client);
    convert.add(to.toString());
    return new ProcessBuilder(convert)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  /** Tells it SIGTERM. Returns once it has ended, which leaves nothing at that moment. */
  void terminate() throws Exception {
    assertThat(servers()).hasSize(1);
    process.destroy();
    assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(TERMINATED);
    assertThat(left()).isEmpty();
  }

  /** Kills it as {@code kill -9} does. Returns once nothing is left. */
  void kill() throws Exception {
    assertThat(servers()).hasSize(1);
    process.destroyForcibly().waitFor();
    Until.until("nothing is left of it", SOON, () -> left().isEmpty());
  }

  private List<String> left() throws IOException {
    List<String> left = new ArrayList<>(servers());
    Path folder = Objects.requireNonNull(keys.getParent());
    if (Files.exists(Objects.requireNonNull(folder.getParent()))) {
      left.add(folder.toString());
    }
    try (ServerSocket free = new ServerSocket()) {
      free.setReuseAddress(true);
      free.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (java.net.BindException _) {
      left.add("port " + port);
    }
    return left;
  }

  private List<String> servers() {
    return ProcessHandle.allProcesses()
        .map(process -> process.info().commandLine().orElse(""))
        .filter(line -> line.contains("qemu-nbd") && line.contains("--port=" + port))
        .toList();
  }

  /** The key is its user's alone. */
  void assertPrivate() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keys)))
        .isEqualTo("rw-------");
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
