package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.SealSecrets;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SealedSecrets;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** From agent to agent, on real QEMU. */
@DisplayName("A guest with an ephemeral disk")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class MovedDisksQemuTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofMinutes(2), AtDeadline.ABORT, false, true),
          Streams.PLAIN);
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final int MIB = 1 << 20;

  /** At the head of each block that the guest writes. */
  private static final String BLOCK = "TERNBLK1";

  @TempDir Path directory;
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private final Logger log = (Logger) LoggerFactory.getLogger("dev.tern");
  private TwoHosts hosts;

  @BeforeEach
  void start() throws Exception {
    log.setLevel(Level.TRACE);
    logged.start();
    log.addAppender(logged);
    hosts = new TwoHosts(directory, bases -> new QemuDriver(QemuSettings.defaults(bases)));
  }

  @AfterEach
  void leaveNothing() throws Exception {
    for (TwoHosts.Host host : List.of(hosts.source, hosts.destination)) {
      host.ask(new DestroyServer(header(100)));
      assertThat(filesIn(host.data.resolve("secrets"))).isEmpty();
    }
    hosts.close();
    log.detachAppender(logged);
    log.setLevel(null);
  }

  @Test
  @Tag("S143")
  void and_encryption_takes_both_along_and_nobody_sees_what_is_in_them() throws Exception {
    build("qcow2", true);
    write("disk1.qcow2", "disk1");
    List<String> passphrases = new ArrayList<>();
    for (Path secret : filesIn(hosts.source.data.resolve("secrets"))) {
      passphrases.add(Files.readString(secret));
    }
    assertThat(passphrases).hasSize(2);
    boot();
    move();
    for (String disk : List.of("disk0.qcow2", "disk1.qcow2")) {
      assertThat(text(disk)).doesNotContain(BLOCK).doesNotContain("Z".repeat(64));
    }
    assertThat(commandLines()).isNotEmpty();
    assertThat(commandLines()).noneMatch(line -> passphrases.stream().anyMatch(line::contains));
    goesOnFromItsDisk();
    assertThat(read("disk1.qcow2", "disk1")).doesNotContain("verification failed");
    assertThat(logged.list).isNotEmpty();
    assertThat(new ArrayList<>(logged.list))
        .noneMatch(line -> passphrases.stream().anyMatch(whole(line)::contains));
  }

  @Test
  @Tag("S73")
  void that_are_raw_takes_both_along() throws Exception {
    build("raw", false);
    write("disk1.raw", "");
    boot();
    move();
    assertThat(text("disk0.raw")).contains(BLOCK);
    goesOnFromItsDisk();
    assertThat(read("disk1.raw", "")).doesNotContain("verification failed");
  }

  private void build(String format, boolean encrypted) throws Exception {
    byte[] disk = new byte[4 * MIB];
    disk[disk.length - 1] = 1; // behind the blocks the guest writes
    ServerSpec spec =
        new ServerSpec(
            "guest",
            1,
            96,
            8 * MIB,
            format,
            hosts.image("raw", disk),
            Optional.of(hosts.image("raw", guestFile("vmlinux"))),
            Optional.of(hosts.image("raw", guestFile("initrd.gz"))),
            Optional.of(
                "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check"
                    + " tern.write=50,512,0 tern.mem=8,4"),
            false,
            MoreDisks.of(encrypted, List.of(4L * MIB), Optional.empty()));
    hosts.source.done(new BuildServer(header(1), spec));
  }

  private void boot() throws Exception {
    hosts.source.done(new StartServer(header(1)));
    awaitWrites(hosts.source, 20);
  }

  private void move() throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
    hosts.destination.done(new ReserveSpace(header(2), facts, true));
    Map<String, String> sealed =
        facts.disks().stream().anyMatch(disk -> disk.encrypted())
            ? ((SealedSecrets) hosts.source.done(new SealSecrets(header(2)))).byDisk()
            : Map.of();
    hosts.destination.done(new CreateDisks(header(2), facts, sealed));
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    assertThat(ready.exports()).containsOnlyKeys("disk0", "disk1");
    hosts.source.done(new MirrorDisks(header(2), ready, MOVE));
    HandedOver sent = (HandedOver) hosts.source.done(new HandOver(header(2), ready, MOVE));
    assertThat(sent.sent()).as(sent.reason()).isTrue();
    hosts.destination.done(new AwaitArrival(header(2)));
    hosts.source.done(new RetireSource(header(2), false));
    assertThat(hosts.source.instances()).isEmpty();
    assertThat(filesIn(hosts.source.data.resolve("secrets"))).isEmpty();
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    awaitWrites(hosts.destination, 20);
    assertThat(console(hosts.destination)).noneMatch(line -> line.startsWith("R "));
  }

  /** Started from its files alone, it finds what it wrote on both hosts. */
  private void goesOnFromItsDisk() throws Exception {
    hosts.destination.done(new StopServer(header(3), Duration.ofSeconds(20)));
    long last =
        console(hosts.destination).stream()
            .filter(line -> line.startsWith("A "))
            .mapToLong(line -> Long.parseLong(line.split(" ")[1]))
            .max()
            .orElseThrow();
    hosts.destination.done(new StartServer(header(4)));
    until(
        "the guest finds its disk",
        LONG,
        () ->
            console(hosts.destination).stream().anyMatch(line -> line.startsWith("R disk first")));
    String found =
        console(hosts.destination).stream()
            .filter(line -> line.startsWith("R disk first"))
            .toList()
            .getLast();
    assertThat(Long.parseLong(found.substring(found.lastIndexOf(' ') + 1))).isGreaterThan(last);
    assertThat(console(hosts.destination))
        .noneMatch(line -> line.startsWith("R LOST") || line.startsWith("R CORRUPT"));
    hosts.destination.done(new StopServer(header(5), Duration.ofSeconds(20)));
  }

  // ---- the ephemeral disk, which the guest does not touch, as an operator sees it

  private void write(String file, String disk) throws Exception {
    io(hosts.source, file, disk, "write -P 0x5a 1M 64k");
  }

  private String read(String file, String disk) throws Exception {
    return io(hosts.destination, file, disk, "read -P 0x5a 1M 64k");
  }

  private static String io(TwoHosts.Host host, String file, String secret, String command)
      throws Exception {
    List<String> line = new ArrayList<>(List.of("qemu-io", "-c", command));
    Path path = host.instance().resolve(file);
    if (secret.isEmpty()) {
      line.addAll(List.of("-f", "raw", path.toString()));
    } else {
      Path key = host.data.resolve("secrets").resolve(TwoHosts.SERVER + "-" + secret);
      line.addAll(
          List.of(
              "--object",
              "secret,id=s,file=" + key,
              "--image-opts",
              "driver=qcow2,encrypt.format=luks,encrypt.key-secret=s,file.filename=" + path));
    }
    Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(said).contains("65536/65536 bytes");
    return said;
  }

  private String text(String file) throws Exception {
    return Files.readString(
        hosts.destination.instance().resolve(file), StandardCharsets.ISO_8859_1);
  }

  private List<String> commandLines() {
    return ProcessHandle.allProcesses()
        .map(process -> process.info().commandLine().orElse(""))
        .filter(line -> line.contains(directory.toString()))
        .toList();
  }

  private static String whole(ILoggingEvent line) {
    return line.getFormattedMessage() + line.getKeyValuePairs() + line.getThrowableProxy();
  }

  private static List<Path> filesIn(Path directory) throws Exception {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  private static byte[] guestFile(String name) throws Exception {
    String given = System.getenv().getOrDefault("TERN_GUEST_DIR", "");
    Path guest =
        given.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache", "tern", "guest")
            : Path.of(given);
    assertThat(guest.resolve(name)).as("built by guest/build-guest").isRegularFile();
    return Files.readAllBytes(guest.resolve(name));
  }

  private static List<String> console(TwoHosts.Host host) throws Exception {
    String text = Files.readString(host.instance().resolve("console.log"));
    // What follows the last newline is still being written.
    return List.of(text.substring(0, text.lastIndexOf('\n') + 1).split("\r?\n"));
  }

  private static void awaitWrites(TwoHosts.Host host, int count) throws Exception {
    until(
        count + " writes on " + host.name,
        LONG,
        () -> console(host).stream().filter(line -> line.startsWith("A ")).count() >= count);
  }
}
