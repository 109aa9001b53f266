package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.agent.JournalEntry.Created;
import dev.tern.agent.JournalEntry.HandedOver;
import dev.tern.agent.JournalEntry.Launched;
import dev.tern.agent.JournalEntry.Seen;
import dev.tern.agent.JournalEntry.Stopped;
import dev.tern.agent.JournalLines.DamagedJournal;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import dev.tern.virt.testing.Mutations;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("A journal that is not what was written")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DamagedJournalTest {
  private static final List<JournalEntry> LIFE =
      List.of(
          new Created(1),
          new Launched(2),
          new Stopped(3, "it was stopped"),
          new Launched(4),
          new Seen(5),
          new HandedOver(5));

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;
  private TwoHosts.Host host;

  @BeforeEach
  void boot() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    host = hosts.source;
    host.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    host.done(new StartServer(header(1)));
  }

  @AfterEach
  void stop() throws Exception {
    hosts.close();
  }

  static Stream<Arguments> damages() {
    return Stream.of(
        of("emptied", "empty", bytes -> new byte[0]),
        of("cut off in its first line", "empty", bytes -> Arrays.copyOf(bytes, 30)),
        of("full of zeros", "damaged at byte 0", bytes -> new byte[bytes.length]),
        of("with a bit flipped", "damaged at byte 0", bytes -> flipped(bytes, 25)),
        of("with its last newline flipped", "damaged", bytes -> flipped(bytes, bytes.length - 1)),
        of("of another kind of file", "damaged", bytes -> "{\"version\":7}\n".getBytes(UTF_8)),
        of("without its first line", "damaged", DamagedJournalTest::beheaded),
        of("of a newer agent", "a newer agent wrote it", DamagedJournalTest::newer));
  }

  private static Arguments of(String name, String told, UnaryOperator<byte[]> damage) {
    return Arguments.of(name, told, damage);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("damages")
  @Tag("S168")
  void is_named_and_nothing_of_its_server_is_touched(
      String name, String told, UnaryOperator<byte[]> damage) throws Exception {
    host.agent.close();
    Path journal = host.instance().resolve("journal");
    Files.write(journal, damage.apply(Files.readAllBytes(journal)));
    Map<String, String> before = contents();

    host.agent = host.open();

    assertThat(host.runner()).isEqualTo(Runner.UNKNOWN);
    for (var refused :
        List.of(
            host.refused(new StartServer(header(9))),
            host.refused(new BuildServer(header(9), spec(hosts.rawImage(1)))),
            host.refused(new RetireSource(header(9), false)),
            host.refused(new DestroyServer(header(9))))) {
      assertThat(refused.message()).contains(told, TwoHosts.SERVER.toString(), "operator");
    }
    host.restart();
    assertThat(world.running()).as("the guest goes on").hasSize(1);
    assertThat(contents()).containsAllEntriesOf(disks(before)).containsKey("recipe.json");
    if (!told.equals("empty")) {
      assertThat(contents()).isEqualTo(before);
    }
  }

  @Test
  void that_is_gone_leaves_the_disks_and_the_running_guest() throws Exception {
    host.agent.close();
    Files.delete(host.instance().resolve("journal"));
    Map<String, String> before = contents();
    host.agent = host.open();
    assertThat(host.refused(new DestroyServer(header(9))).message()).contains("it is gone");
    assertThat(contents()).isEqualTo(before);
    assertThat(world.running()).hasSize(1);
  }

  @Test
  void of_a_server_whose_making_was_cut_off_goes_with_it() throws Exception {
    host.done(new DestroyServer(header(2)));
    host.agent.close();
    Files.createDirectory(host.instance());
    Files.writeString(host.instance().resolve(Instance.HOST), host.name + "\n");
    Files.createFile(host.instance().resolve("journal"));
    Files.writeString(host.instance().resolve("disk0.qcow2"), "half");
    host.agent = host.open();
    assertThat(host.instances()).isEmpty();
  }

  @Test
  void keeps_what_was_cut_off_beside_it() throws Exception {
    Path file = directory.resolve("journal");
    byte[] whole = bytes(LIFE.subList(0, 2));
    Files.write(file, Arrays.copyOf(whole, whole.length - 5));
    Journal.open(file).close();
    byte[] first = bytes(LIFE.subList(0, 1));
    assertThat(file).hasBinaryContent(first);
    assertThat(directory.resolve("journal.torn"))
        .hasBinaryContent(Arrays.copyOfRange(whole, first.length, whole.length - 5));
  }

  /** Whatever happens to the bytes: what is read was written, in that order, or nothing is. */
  @Test
  void never_says_what_was_not_written() {
    Mutations.of(
        List.of(bytes(LIFE), bytes(LIFE.subList(0, 3)), bytes(LIFE.subList(0, 1))),
        20_000,
        (input, random) -> {
          try {
            List<JournalEntry> read = JournalLines.read(input).entries();
            assertThat(LIFE).containsAll(read);
          } catch (DamagedJournal e) {
            assertThat(e.getMessage()).contains("the journal");
          }
        });
  }

  private Map<String, String> contents() throws Exception {
    Map<String, String> all = new TreeMap<>();
    try (Stream<Path> files = Files.list(host.instance())) {
      for (Path file : (Iterable<Path>) files::iterator) {
        all.put(file.getFileName().toString(), TwoHosts.sha256(Files.readAllBytes(file)));
      }
    }
    return all;
  }

  private static Map<String, String> disks(Map<String, String> all) {
    Map<String, String> disks = new TreeMap<>(all);
    disks.keySet().removeIf(name -> !name.startsWith("disk"));
    assertThat(disks).isNotEmpty();
    return disks;
  }

  private static byte[] flipped(byte[] bytes, int at) {
    byte[] damaged = bytes.clone();
    damaged[at] ^= 1;
    return damaged;
  }

  private static byte[] beheaded(byte[] bytes) {
    String text = new String(bytes, ISO_8859_1);
    return text.substring(text.indexOf('\n') + 1).getBytes(ISO_8859_1);
  }

  /** A whole, well-summed line of a kind that is not known yet. */
  private static byte[] newer(byte[] bytes) {
    byte[] json = "{\"type\":\"Fenced\",\"epoch\":2,\"by\":\"x\"}".getBytes(UTF_8);
    CRC32C sum = new CRC32C();
    sum.update(json);
    String line =
        "%s %s %s\n"
            .formatted(
                HexFormat.of().toHexDigits(json.length),
                HexFormat.of().toHexDigits((int) sum.getValue()),
                new String(json, UTF_8));
    return (new String(bytes, ISO_8859_1) + line).getBytes(ISO_8859_1);
  }

  private static byte[] bytes(List<JournalEntry> entries) {
    List<Byte> all = new ArrayList<>();
    for (JournalEntry entry : entries) {
      for (byte b : JournalLines.line(entry)) {
        all.add(b);
      }
    }
    byte[] bytes = new byte[all.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = all.get(i);
    }
    return bytes;
  }
}
