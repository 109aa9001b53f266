package dev.tern.agent;

import static dev.tern.agent.TwoHosts.MIGRATION;
import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentRequest.AgreeOnKey;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.WithdrawKey;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostQuestion.ForgetReceipt;
import dev.tern.contract.host.HostQuestion.TellReceipt;
import dev.tern.contract.host.MigrationEnd;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.contract.host.ReceiptEntry.Kind;
import dev.tern.virt.VirtException;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A sweep")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S166")
class SweepingTest extends SweepingScene {
  private static final Header YOUNGER =
      new Header(
          RequestId.of(new UUID(0, 3)),
          SERVER,
          3,
          Optional.of(new MigrationId(new UUID(0x4000L, 3))));

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void takes_back_a_copy_whose_migration_is_over_and_says_why(boolean restarts) throws Exception {
    var _ = incoming();
    if (restarts) {
      hosts.destination.restart();
    }
    Receipt swept = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
    assertNothingLeft();
    assertThat(swept.settled()).isTrue();
    assertThat(whyOf(swept, "qemu of " + SERVER)).isEqualTo("swept: the migration is over");
    assertThat(whyOf(swept, "instances/" + SERVER)).isEqualTo("swept: the migration is over");
    assertThat(swept.entries())
        .filteredOn(entry -> entry.end().equals(Optional.of(ReceiptEntry.End.KEPT)))
        .allMatch(entry -> entry.name().startsWith("_base/") && entry.why().isEmpty());
    assertThat(hosts.destination.agent.swept(Kind.PROCESS)).isEqualTo(1);
    assertThat(hosts.destination.agent.swept(Kind.EXPORT)).isEqualTo(1);
    assertThat(hosts.source.agent.swept(Kind.PROCESS)).isZero();
  }

  @Test
  void that_finds_what_went_its_usual_way_says_nothing_of_why() throws Exception {
    var _ = mirrored();
    takenBack();
    Receipt told = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
    assertThat(told.settled()).isTrue();
    assertThat(told.entries()).allMatch(entry -> entry.why().isEmpty());
    assertThat(hosts.destination.agent.swept(Kind.PROCESS)).isZero();
  }

  /** A broker that delivers once more, after all is over. */
  @Test
  void takes_back_what_came_late_to_an_agent_that_has_forgotten() throws Exception {
    var _ = mirrored();
    takenBack();
    var _ = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
    var _ = hosts.destination.agent.answer(new ForgetReceipt(MIGRATION));
    hosts.destination.restart();
    hosts.destination.done(new AgreeOnKey(header(2), Optional.empty()));
    hosts.destination.done(new CreateDisks(header(2), facts));
    assertThat(hosts.destination.agent.report().receipts()).containsExactly(MIGRATION);
    assertThat(hosts.destination.instance()).isDirectory();
    var _ = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
    assertNothingLeft();
  }

  /** Which had nothing to do with the copy, and is over too. */
  @Test
  void takes_back_what_came_late_of_a_server_that_was_asked_for_something_younger_since()
      throws Exception {
    var _ = mirrored();
    takenBack();
    var _ = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
    var _ = hosts.destination.agent.answer(new ForgetReceipt(MIGRATION));
    hosts.destination.restart();
    hosts.destination.done(new CreateDisks(header(2), facts));
    hosts.destination.done(new WithdrawKey(YOUNGER));

    var _ = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);

    assertNothingLeft();
  }

  /** The undo of a younger one met only its QEMU, and had removed what it found before that. */
  @Test
  void takes_back_what_came_late_and_was_ended_by_something_younger() throws Exception {
    var _ = mirrored();
    takenBack();
    var _ = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
    var _ = hosts.destination.agent.answer(new ForgetReceipt(MIGRATION));
    hosts.destination.restart();
    hosts.destination.done(new CreateDisks(header(2), facts));
    hosts.destination.done(new KillIncoming(YOUNGER));

    var _ = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);

    assertNothingLeft();
  }

  /** Its own undo takes back what it finds. */
  @Test
  void leaves_what_came_late_while_a_younger_migration_has_something_here() throws Exception {
    hosts.destination.done(new AgreeOnKey(YOUNGER, Optional.empty()));
    assertThat(over(hosts.destination, MigrationEnd.NOT_TAKEN_IN).settled()).isFalse();
    assertThat(hosts.destination.instance().resolve("disk0.qcow2")).exists();

    hosts.destination.done(new WithdrawKey(YOUNGER));
    var _ =
        hosts.destination.agent.answer(
            new TellReceipt(
                YOUNGER.migration().orElseThrow(), Optional.of(MigrationEnd.NOT_TAKEN_IN)));
    hosts.destination.agent.sweep();

    assertNothingLeft();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void is_spared_by_refusing_what_comes_late(boolean forgotten) throws Exception {
    var _ = mirrored();
    takenBack();
    var _ = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
    if (forgotten) {
      var _ = hosts.destination.agent.answer(new ForgetReceipt(MIGRATION));
    } else {
      hosts.destination.restart();
    }
    assertThat(hosts.destination.refused(new CreateDisks(header(2), facts)).code())
        .isEqualTo(ErrorCode.MIGRATION_CANCELLED);
    assertThat(hosts.destination.refused(new AgreeOnKey(header(2), Optional.empty())).message())
        .contains("is over");
    assertNothingLeft();
    // Undos are no less welcome.
    takenBack();
    assertNothingLeft();
  }

  @Test
  void goes_on_after_a_restart_with_what_it_could_not_finish() throws Exception {
    var _ = incoming();
    world.failNext("kill", VirtException.Kind.NO_ANSWER);
    assertThat(over(hosts.destination, MigrationEnd.NOT_TAKEN_IN).settled()).isFalse();
    assertThat(hosts.destination.instance()).isDirectory();
    hosts.destination.restart();
    hosts.destination.agent.sweep();
    assertNothingLeft();
  }

  @Test
  void takes_back_disks_whose_making_was_cut_off() throws Exception {
    takenBack();
    hosts.destination.done(new CreateDisks(header(2), facts));
    hosts.destination.agent.close();
    Files.write(hosts.destination.instance().resolve("journal"), new byte[0]);
    Files.deleteIfExists(hosts.destination.instance().resolve("console.log"));
    hosts.destination.agent = hosts.destination.open();
    var _ = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
    assertNothingLeft();
  }

  @Test
  void waits_until_the_end_has_been_known_for_long_enough() throws Exception {
    hosts.destination.sweepAge = Duration.ofSeconds(30);
    Instant now = Instant.now();
    at(now);
    var _ = incoming();
    assertThat(over(hosts.destination, MigrationEnd.NOT_TAKEN_IN).settled()).isFalse();
    at(now.plusSeconds(29));
    hosts.destination.agent.sweep();
    assertThat(hosts.destination.runner()).isEqualTo(Runner.INCOMING);
    at(now.plusSeconds(30));
    hosts.destination.agent.sweep();
    assertNothingLeft();
  }

  private void at(Instant time) throws Exception {
    hosts.clock = Clock.fixed(time, ZoneOffset.UTC);
    hosts.destination.restart();
  }
}
