package dev.tern.standalone.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Does, on a stage where all is well, by hand each thing that chaos looks for, and demands that it
 * is found and named: a check that cannot fail proves nothing.
 */
final class PlantedFaults {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

  private final Stage stage;
  private final Subject subject;
  private final String home;
  private final String other;
  private final Path abroad;

  PlantedFaults(Chaos chaos) throws Exception {
    this.stage = chaos.stage();
    this.subject = chaos.subject();
    this.home = subject.server().host();
    this.other = home.equals("host-1") ? "host-2" : "host-1";
    this.abroad = Objects.requireNonNull(stage.place().hostData().get(other));
  }

  void mustAllBeNamed() throws Exception {
    assertThat(found()).as("before anything is planted").isEmpty();
    files();
    processes();
    ports();
    insideQemu();
    claims();
    messages();
    twoRunners();
    lostWrites();
  }

  private List<String> found() throws Exception {
    return new Traces(stage, Optional.of(subject)).find(Optional.of(home));
  }

  private void files() throws Exception {
    for (String folder : List.of("instances", "keys", "kept", "reserved", "receiving")) {
      Path planted = abroad.resolve(folder).resolve("planted");
      Files.createDirectories(planted.getParent());
      Files.createDirectory(planted);
      assertThat(found()).as(folder).anyMatch(what -> what.matches(other + " has .*planted"));
      Files.delete(planted);
    }
  }

  private void processes() throws Exception {
    Process named =
        new ProcessBuilder("bash", "-c", "read line; :", "qemu-system-planted", abroad.toString())
            .start();
    try {
      mustBecome(other + " runs QEMU " + named.pid());
    } finally {
      named.destroyForcibly().waitFor();
    }
  }

  private void mustBecome(String what) throws Exception {
    long until = System.nanoTime() + PATIENCE_NANOS;
    while (!found().contains(what) && System.nanoTime() < until) {
      Thread.onSpinWait();
    }
    assertThat(found()).contains(what);
  }

  private void ports() throws Exception {
    String network = Files.readString(stage.logs().resolveSibling("network")).strip();
    String address = "127.0.%s.%s".formatted(network, other.substring("host-".length()));
    try (ServerSocket planted = new ServerSocket(0, 1, InetAddress.getAllByName(address)[0])) {
      String port = ":%04X".formatted(planted.getLocalPort());
      assertThat(found())
          .anyMatch(what -> what.startsWith("a listener on ") && what.endsWith(port));
    }
  }

  private void insideQemu() throws Exception {
    qemu(
        "{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"null-co\",\"node-name\":\"planted\"}}");
    assertThat(found()).contains("the QEMU on %s has the block node planted".formatted(home));
    qemu(
        "{\"execute\":\"nbd-server-start\",\"arguments\":{\"addr\":{\"type\":\"unix\",\"data\":{\"path\":\"%s\"}}}}"
            .formatted(stage.place().work().resolve("nbd")));
    qemu(
        "{\"execute\":\"block-export-add\",\"arguments\":{\"type\":\"nbd\",\"id\":\"forgotten\",\"node-name\":\"planted\"}}");
    assertThat(found()).contains("the QEMU on %s has the export forgotten".formatted(home));
    qemu("{\"execute\":\"nbd-server-stop\"}");
    qemu("{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"planted\"}}");
    Path keys = Files.createDirectories(stage.place().work().resolve("tls"));
    Files.writeString(keys.resolve("keys.psk"), "tern:00112233445566778899aabbccddeeff\n");
    qemu(
        "{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"tls-creds-psk\",\"id\":\"planted\",\"dir\":\"%s\",\"endpoint\":\"server\"}}"
            .formatted(keys));
    assertThat(found()).contains("the QEMU on %s has the object tls-creds-psk".formatted(home));
    qemu("{\"execute\":\"object-del\",\"arguments\":{\"id\":\"planted\"}}");
    assertThat(found()).isEmpty();
  }

  private void qemu(String command) throws Exception {
    assertThat(subject.sampler().ask(home, command))
        .hasValueSatisfying(answer -> assertThat(answer).as(command).startsWith("{\"return\""));
  }

  private void claims() throws Exception {
    String shares = "update host_shares set vcpus = vcpus %s 1 where host = '" + other + "'";
    database(shares.formatted("+"));
    assertThat(found()).contains(other + " has 1 processors claimed instead of 0");
    database(shares.formatted("-"));
  }

  private void database(String update) throws Exception {
    try (var connection = DriverManager.getConnection(stage.jdbcUrl());
        var statement = connection.createStatement()) {
      assertThat(statement.executeUpdate(update)).isEqualTo(1);
    }
  }

  /** To an agent that is held, so that nobody takes it from the queue. */
  private void messages() throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(stage.amqp());
    Striker.Scene scene = new Striker.Scene("-", home, other, Stage.CONDUCTORS.getFirst());
    String queue = "tern.agent." + other;
    try (Connection connection = factory.newConnection();
        Channel channel = connection.createChannel()) {
      stage.kill(scene.destinationAgent());
      channel.confirmSelect();
      channel.basicPublish("", queue, null, "{}".getBytes(StandardCharsets.UTF_8));
      channel.waitForConfirmsOrDie(TimeUnit.NANOSECONDS.toMillis(PATIENCE_NANOS));
      long until = System.nanoTime() + PATIENCE_NANOS;
      while (found().stream().noneMatch(what -> what.endsWith("messages in " + queue))
          && System.nanoTime() < until) {
        Thread.onSpinWait();
      }
      assertThat(found()).anyMatch(what -> what.endsWith("messages in " + queue));
      channel.queuePurge(queue);
    } finally {
      stage.restart(scene.destinationAgent());
    }
    assertThat(found()).isEmpty();
  }

  /** A second QEMU says that it runs the guest, too. */
  private void twoRunners() throws Exception {
    assertThat(subject.judgePast()).isEmpty();
    Path folder = Files.createDirectory(abroad.resolve("instances").resolve("planted"));
    Path socket = folder.resolve("qmp2.sock");
    try (ServerSocketChannel planted = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      planted.bind(UnixDomainSocketAddress.of(socket));
      Thread.ofVirtual().start(() -> saysThatItRuns(planted));
      long until = System.nanoTime() + PATIENCE_NANOS;
      while (subject.judgePast().isEmpty() && System.nanoTime() < until) {
        Thread.onSpinWait();
      }
      assertThat(subject.judgePast()).containsExactly("two QEMUs ran the guest at one moment");
    } finally {
      Files.deleteIfExists(socket);
      Files.delete(folder);
    }
  }

  private static void saysThatItRuns(ServerSocketChannel monitor) {
    try (SocketChannel client = monitor.accept()) {
      ByteBuffer question = ByteBuffer.allocate(4096);
      String answer = "{\"QMP\": {}}\n{\"return\": {}}\n";
      while (client.isOpen()) {
        client.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
        question.clear();
        if (client.read(question) < 0) {
          return;
        }
        answer = "{\"return\": {\"status\": \"running\", \"running\": true}}\n";
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Of a server that is stopped, one block that was promised is emptied and one is spoilt. */
  private void lostWrites() throws Exception {
    subject.server().stop();
    assertThat(subject.judgeDisk()).isEmpty();
    List<Map.Entry<Long, Long>> promised =
        subject.watch().acknowledged().entrySet().stream().limit(2).toList();
    long lost = promised.getFirst().getKey() * 4096;
    long spoilt = promised.getLast().getKey() * 4096 + 64;
    String disk = subject.server().disk(home).toString();
    for (String change :
        List.of("write -z %d 4096".formatted(lost), "write -P 0x5a %d 512".formatted(spoilt))) {
      Process tool = new ProcessBuilder("qemu-io", "-f", "qcow2", "-c", change, disk).start();
      assertThat(tool.waitFor()).as(change).isZero();
    }
    assertThat(subject.judgeDisk())
        .containsExactly("1 acknowledged writes are lost", "1 blocks are corrupt");
    subject.close();
    subject.server().delete();
  }
}
