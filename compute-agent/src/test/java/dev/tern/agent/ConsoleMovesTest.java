package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.KeepConsole;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.ReadConsole;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.SealConsole;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.WantConsole;
import dev.tern.contract.agent.AgentResult.ConsoleOutput;
import dev.tern.contract.agent.AgentResult.ConsoleWanted;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SealedConsole;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The console log of a guest that moves")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S146")
class ConsoleMovesTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  @TempDir Path directory;
  private TwoHosts hosts;

  @BeforeEach
  void boot() throws Exception {
    FakeWorld world = new FakeWorld();
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    hosts.source.done(new StartServer(header(1)));
  }

  @AfterEach
  void close() throws Exception {
    hosts.close();
  }

  /** As QEMU does it. */
  private static void says(TwoHosts.Host host, String text) throws Exception {
    Files.writeString(
        host.instance().resolve("console.log"),
        text,
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  private void move(TwoHosts.Host from, TwoHosts.Host to, long epoch) throws Exception {
    SourceFacts facts = (SourceFacts) from.done(new DescribeSource(header(epoch)));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, from, to, epoch);
    to.done(new CreateDisks(header(epoch), facts));
    IncomingReady ready =
        (IncomingReady) to.done(new StartIncoming(header(epoch), facts, Streams.PLAIN));
    from.done(new MirrorDisks(header(epoch), ready, MOVE));
    from.done(new HandOver(header(epoch), ready, MOVE));
    to.done(new AwaitArrival(header(epoch)));
  }

  private static SealedConsole sealed(TwoHosts.Host from, TwoHosts.Host to, long epoch) {
    String half = ((ConsoleWanted) to.done(new WantConsole(header(epoch)))).publicHalf();
    return (SealedConsole) from.done(new SealConsole(header(epoch), half));
  }

  private void moveWithConsole(TwoHosts.Host from, TwoHosts.Host to, long epoch) throws Exception {
    move(from, to, epoch);
    to.done(new KeepConsole(header(epoch), sealed(from, to, epoch)));
    from.done(new RetireSource(header(epoch), false));
  }

  private static String read(TwoHosts.Host host, Optional<Integer> lines) {
    return ((ConsoleOutput) host.done(new ReadConsole(header(100), lines))).text();
  }

  private static String read(TwoHosts.Host host) {
    return read(host, Optional.empty());
  }

  @Test
  void goes_along_from_host_to_host_with_every_line_once() throws Exception {
    says(hosts.source, "boot\nhalf of ");
    moveWithConsole(hosts.source, hosts.destination, 2);
    says(hosts.destination, "a line\nthere\n");
    assertThat(read(hosts.destination)).isEqualTo("boot\nhalf of a line\nthere\n");
    moveWithConsole(hosts.destination, hosts.source, 3);
    says(hosts.source, "back");
    hosts.source.restart();
    assertThat(read(hosts.source)).isEqualTo("boot\nhalf of a line\nthere\nback");
    assertThat(read(hosts.source, Optional.of(1))).isEqualTo("back");
    assertThat(read(hosts.source, Optional.of(2))).isEqualTo("there\nback");
    assertThat(read(hosts.source, Optional.of(9))).isEqualTo(read(hosts.source));
    assertThat(read(hosts.source, Optional.of(0))).isEmpty();
    assertThat(hosts.source.refused(new ReadConsole(header(100), Optional.of(-1))).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
  }

  @Test
  void that_ends_with_a_whole_line_is_counted_by_its_lines() throws Exception {
    says(hosts.source, "one\ntwo\n\n");
    assertThat(read(hosts.source, Optional.of(1))).isEqualTo("\n");
    assertThat(read(hosts.source, Optional.of(2))).isEqualTo("two\n\n");
  }

  @Test
  void is_empty_while_the_guest_said_nothing() throws Exception {
    assertThat(read(hosts.source)).isEmpty();
    moveWithConsole(hosts.source, hosts.destination, 2);
    assertThat(read(hosts.destination)).isEmpty();
  }

  @Test
  void is_its_last_mebibyte_from_a_whole_line_on() throws Exception {
    StringBuilder long3 = new StringBuilder();
    for (int line = 0; long3.length() < 3 << 20; line++) {
      long3.append("line ").append(line).append('\n');
    }
    says(hosts.source, long3.toString());
    moveWithConsole(hosts.source, hosts.destination, 2);
    says(hosts.destination, "there\n");
    String earlier = Files.readString(hosts.destination.instance().resolve("console.earlier"));
    assertThat(earlier.length()).isBetween((1 << 20) - 20, 1 << 20);
    assertThat(long3.toString()).endsWith("\n" + earlier);
    assertThat(read(hosts.destination).length()).isBetween((100 << 10) - 20, 100 << 10);
    assertThat(read(hosts.destination)).endsWith("\nthere\n").startsWith("line ");
    moveWithConsole(hosts.destination, hosts.source, 3);
    assertThat(Files.readString(hosts.source.instance().resolve("console.earlier")))
        .endsWith("\nthere\n")
        .startsWith("line ");
  }

  @Test
  void goes_along_whatever_it_is_made_of() throws Exception {
    byte[] noise = new byte[2 << 20];
    new Random(7).nextBytes(noise);
    Files.write(hosts.source.instance().resolve("console.log"), noise);
    moveWithConsole(hosts.source, hosts.destination, 2);
    byte[] came = Files.readAllBytes(hosts.destination.instance().resolve("console.earlier"));
    assertThat(came.length).isGreaterThan((1 << 20) - 10_000);
    assertThat(java.util.Arrays.copyOfRange(noise, noise.length - came.length, noise.length))
        .isEqualTo(came);
    assertThat(read(hosts.destination)).isNotEmpty();
  }

  @Test
  void is_kept_once_however_often_it_is_asked_for_and_whoever_is_restarted() throws Exception {
    says(hosts.source, "before\n");
    move(hosts.source, hosts.destination, 2);
    says(hosts.destination, "after\n");
    SealedConsole first = sealed(hosts.source, hosts.destination, 2);
    SealedConsole second = sealed(hosts.source, hosts.destination, 2);
    for (SealedConsole console : new SealedConsole[] {first, first, second}) {
      hosts.destination.done(new KeepConsole(header(2), console));
      assertThat(read(hosts.destination)).isEqualTo("before\nafter\n");
    }
    hosts.destination.restart();
    hosts.source.restart();
    assertThat(hosts.destination.refused(new KeepConsole(header(2), second)).message())
        .contains("wanted");
    assertThat(read(hosts.destination)).isEqualTo("before\nafter\n");
    hosts.destination.done(new KeepConsole(header(2), sealed(hosts.source, hosts.destination, 2)));
    assertThat(read(hosts.destination)).isEqualTo("before\nafter\n");
  }

  @Test
  void is_in_no_message_that_another_could_read_or_change() throws Exception {
    says(hosts.source, "secret\n".repeat(100));
    move(hosts.source, hosts.destination, 2);
    SealedConsole sealed = sealed(hosts.source, hosts.destination, 2);
    byte[] bytes = Base64.getDecoder().decode(sealed.sealed());
    assertThat(new String(bytes, StandardCharsets.ISO_8859_1)).doesNotContain("secret");
    assertThat(sealed.toString()).doesNotContain(sealed.sealed());
    bytes[bytes.length / 2] ^= 1;
    for (SealedConsole wrong :
        new SealedConsole[] {
          new SealedConsole(sealed.publicHalf(), Base64.getEncoder().encodeToString(bytes)),
          new SealedConsole(sealed.publicHalf(), ""),
          new SealedConsole(sealed.publicHalf(), "?"),
          new SealedConsole("?", sealed.sealed()),
          new SealedConsole("", sealed.sealed())
        }) {
      assertThat(hosts.destination.refused(new KeepConsole(header(2), wrong)).code())
          .isEqualTo(ErrorCode.INVALID_INPUT);
    }
    assertThat(hosts.destination.instance().resolve("console.earlier")).doesNotExist();
  }

  @Test
  void is_given_away_only_by_who_handed_the_guest_over_and_taken_only_by_who_has_it()
      throws Exception {
    says(hosts.source, "mine\n");
    String half = ((ConsoleWanted) hosts.source.done(new WantConsole(header(1)))).publicHalf();
    for (AgentRequest early :
        new AgentRequest[] {
          new SealConsole(header(1), half), new KeepConsole(header(1), new SealedConsole(half, ""))
        }) {
      assertThat(hosts.source.refused(early).code()).isNotNull();
    }
    assertThat(hosts.destination.refused(new WantConsole(header(1))).code())
        .isEqualTo(ErrorCode.GUEST_ABSENT);
    move(hosts.source, hosts.destination, 2);
    assertThat(hosts.source.refused(new WantConsole(header(2))).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    assertThat(hosts.source.refused(new ReadConsole(header(2), Optional.empty())).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    hosts.source.done(new RetireSource(header(2), false));
    assertThat(hosts.source.refused(new SealConsole(header(2), half)).code())
        .isEqualTo(ErrorCode.GUEST_ABSENT);
  }
}
