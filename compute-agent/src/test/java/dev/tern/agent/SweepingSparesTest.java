package dev.tern.agent;

import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentRequest.AgreeOnKey;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostQuestion.TellReceipt;
import dev.tern.contract.host.MigrationEnd;
import dev.tern.virt.VirtException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A sweep that must take nothing")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S166")
class SweepingSparesTest extends SweepingScene {

  @ParameterizedTest
  @EnumSource(MigrationEnd.class)
  void leaves_a_guest_that_has_arrived_whatever_it_is_told(MigrationEnd end) throws Exception {
    hosts.source.done(new HandOver(header(2), mirrored(), LIMITS));
    hosts.destination.done(new AwaitArrival(header(2)));
    hosts.awaitNoKeys();
    assertUntouchedBy(hosts.destination, end);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    assertThat(world.running()).contains(hosts.destination.instance().toAbsolutePath());
  }

  @ParameterizedTest
  @EnumSource(MigrationEnd.class)
  void leaves_a_guest_that_has_arrived_and_was_stopped_since(MigrationEnd end) throws Exception {
    hosts.source.done(new HandOver(header(2), mirrored(), LIMITS));
    hosts.destination.done(new AwaitArrival(header(2)));
    hosts.destination.done(new StopServer(header(3), Duration.ZERO));
    assertUntouchedBy(hosts.destination, end);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.STOPPED);
  }

  @ParameterizedTest
  @EnumSource(MigrationEnd.class)
  void leaves_a_guest_that_arrived_while_its_agent_was_dead(MigrationEnd end) throws Exception {
    IncomingReady ready = mirrored();
    hosts.destination.agent.close();
    hosts.source.done(new HandOver(header(2), ready, LIMITS));
    hosts.destination.agent = hosts.destination.open();
    var _ = over(hosts.destination, end);
    hosts.destination.agent.sweep();
    hosts.destination.done(new AwaitArrival(header(2)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    assertThat(hosts.destination.instance().resolve("disk0.qcow2")).exists();
  }

  /** The worst moment: all of the guest is in a QEMU whose journal does not say so yet. */
  @ParameterizedTest
  @EnumSource(MigrationEnd.class)
  void leaves_a_guest_that_has_come_and_is_not_recorded(MigrationEnd end) throws Exception {
    IncomingReady ready = mirrored();
    hosts.destination.agent.close();
    hosts.source.done(new HandOver(header(2), ready, LIMITS));
    hosts.destination.agent = hosts.destination.open();
    assertThat(hosts.destination.runner()).isEqualTo(Runner.INCOMING);
    List<Path> processes = world.running();
    var _ = over(hosts.destination, end);
    hosts.destination.agent.sweep();
    assertThat(world.running()).isEqualTo(processes);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.INCOMING);
    assertThat(hosts.destination.keyFiles()).isNotEmpty();
    hosts.destination.restart();
    hosts.destination.done(new AwaitArrival(header(2)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void leaves_a_copy_whose_qemu_does_not_say_whether_it_has_the_guest() throws Exception {
    var _ = incoming();
    world.failNext("runState", VirtException.Kind.NO_ANSWER);
    assertThat(over(hosts.destination, MigrationEnd.NOT_TAKEN_IN).settled()).isFalse();
    assertThat(hosts.destination.runner()).isEqualTo(Runner.INCOMING);
    hosts.destination.agent.sweep();
    assertNothingLeft();
  }

  @Test
  void leaves_a_copy_of_a_migration_that_is_said_to_be_completed() throws Exception {
    var _ = mirrored();
    Map<String, byte[]> before = files(hosts.destination);
    List<Path> processes = world.running();
    var _ = over(hosts.destination, MigrationEnd.COMPLETED);
    // Contradicted later: what takes nothing back holds.
    var _ = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
    hosts.destination.restart();
    hosts.destination.agent.sweep();
    assertThat(world.running()).isEqualTo(processes);
    assertThat(files(hosts.destination).keySet()).isEqualTo(before.keySet());
  }

  @ParameterizedTest
  @EnumSource(MigrationEnd.class)
  void leaves_a_source_that_has_handed_its_guest_over(MigrationEnd end) throws Exception {
    hosts.source.done(new HandOver(header(2), mirrored(), LIMITS));
    Path disk = hosts.source.instance().resolve("disk0.qcow2");
    byte[] content = Files.readAllBytes(disk);
    var _ = over(hosts.source, end);
    hosts.source.agent.sweep();
    hosts.source.restart();
    hosts.source.agent.sweep();
    assertThat(hosts.source.runner()).isEqualTo(Runner.HANDED_OVER);
    assertThat(world.running()).contains(hosts.source.instance().toAbsolutePath());
    assertThat(disk).hasBinaryContent(content);
  }

  @Test
  void leaves_the_guest_that_stayed_home_running_and_frees_it() throws Exception {
    var _ = mirrored();
    Receipt swept = over(hosts.source, MigrationEnd.NOT_TAKEN_IN);
    assertThat(swept.settled()).isTrue();
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    assertThat(hosts.source.instance().resolve("disk0.qcow2")).exists();
    assertThat(hosts.source.instance().resolve("move.json")).doesNotExist();
    assertThat(hosts.source.keyFiles()).isEmpty();
  }

  @Test
  void of_an_old_migration_touches_nothing_of_a_younger_one() throws Exception {
    MigrationId younger = new MigrationId(new UUID(0x4000L, 3));
    Header next = new Header(RequestId.of(younger.value()), SERVER, 3, Optional.of(younger));
    hosts.destination.done(new ReserveSpace(next, facts, true));
    hosts.destination.done(new AgreeOnKey(next, Optional.empty()));
    hosts.destination.done(new CreateDisks(next, facts));
    Map<String, byte[]> before = files(hosts.destination);
    assertThat(over(hosts.destination, MigrationEnd.NOT_TAKEN_IN).settled()).isTrue();
    hosts.destination.agent.sweep();
    assertThat(files(hosts.destination).keySet()).isEqualTo(before.keySet());
    assertThat(((Receipt) hosts.destination.agent.answer(new TellReceipt(younger))).settled())
        .isFalse();
    hosts.source.done(new AgreeOnKey(next, Optional.empty()));
  }

  @Test
  void touches_nothing_that_no_receipt_names() throws Exception {
    var _ = incoming();
    Path nobodys = hosts.destination.data.resolve("instances").resolve("nobody");
    long _ = world.stray(nobodys, Recipes.recipe(hosts.source.instance(), SERVER));
    hosts.destination.restart();
    Path other =
        Files.createDirectories(
            hosts.destination.data.resolve("instances").resolve(new UUID(7, 7).toString()));
    Path image = Files.writeString(other.resolve("disk0.qcow2"), "x");
    Path key = Files.writeString(hosts.destination.data.resolve("keys").resolve("mine"), "x");
    var _ = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
    hosts.destination.restart();
    hosts.destination.agent.sweep();
    assertThat(image).hasContent("x");
    assertThat(key).hasContent("x");
    assertThat(world.running()).contains(nobodys.toAbsolutePath());
    assertThat(hosts.destination.instances()).containsExactly(other.getFileName().toString());
  }

  @Test
  void leaves_a_server_whose_journal_is_damaged() throws Exception {
    var _ = incoming();
    hosts.destination.agent.close();
    Path journal = hosts.destination.instance().resolve("journal");
    byte[] bytes = Files.readAllBytes(journal);
    bytes[bytes.length / 2] ^= 1;
    Files.write(journal, bytes);
    hosts.destination.agent = hosts.destination.open();
    assertUntouchedBy(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
  }

  @Test
  void does_nothing_before_the_migration_is_said_to_be_over() throws Exception {
    var _ = incoming();
    Map<String, byte[]> before = files(hosts.destination);
    hosts.destination.agent.sweep();
    hosts.destination.restart();
    hosts.destination.agent.sweep();
    assertThat(files(hosts.destination).keySet()).isEqualTo(before.keySet());
    assertThat(hosts.destination.runner()).isEqualTo(Runner.INCOMING);
  }

  @Test
  void leaves_a_link_that_somebody_put_in_the_place_of_a_directory() throws Exception {
    hosts.destination.agent.close();
    Path precious = Files.createDirectory(directory.resolve("precious"));
    Path disk = Files.writeString(precious.resolve("disk0.qcow2"), "x");
    Path half = Files.writeString(precious.resolve("note.new"), "x");
    Files.move(hosts.destination.instance(), directory.resolve("moved"));
    Files.createSymbolicLink(hosts.destination.instance(), precious);
    hosts.destination.agent = hosts.destination.open();
    var _ = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
    hosts.destination.agent.sweep();
    assertThat(hosts.destination.instance()).isSymbolicLink();
    assertThat(disk).hasContent("x");
    assertThat(half).hasContent("x");
    assertThat(directory.resolve("moved").resolve("disk0.qcow2")).exists();
  }
}
