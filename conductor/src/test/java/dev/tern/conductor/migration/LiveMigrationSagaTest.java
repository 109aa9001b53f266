package dev.tern.conductor.migration;

import static dev.tern.conductor.fake.FakeCloud.AT_DESTINATION;
import static dev.tern.conductor.fake.FakeCloud.AT_HOME;
import static dev.tern.conductor.fake.FakeCloud.AWAY;
import static dev.tern.conductor.fake.FakeCloud.HOME;
import static dev.tern.conductor.fake.FakeCloud.THIRD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.conductor.fake.FakeCloud.Fault;
import dev.tern.conductor.fake.LogLines;
import dev.tern.conductor.saga.SagaLog;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.VmState;
import dev.tern.contract.move.PolicyParts;
import dev.tern.store.PauseParts;
import dev.tern.store.SagaStore.LogLine;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.DataIntegrityViolationException;

@DisplayName("A live migration")
class LiveMigrationSagaTest {
  private static final String PIVOT = "hand-over";
  private static final PolicyParts LESS =
      new PolicyParts(
          Optional.empty(),
          Optional.of(5L << 20),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());

  private final FakeCloud cloud = new FakeCloud();

  /** Taken from the saga's own log, so that a new step gets all of this for free. */
  static List<String> steps() throws InterruptedException {
    FakeCloud undisturbed = new FakeCloud();
    undisturbed.run();
    return undisturbed.log().stream().map(LogLine::step).distinct().toList();
  }

  static Stream<Arguments> everyFaultOfEveryStep() throws InterruptedException {
    return steps().stream()
        .flatMap(step -> Stream.of(Fault.values()).map(fault -> Arguments.of(step, fault)));
  }

  @Test
  @Tag("S162")
  void counts_all_that_was_sent_although_no_report_of_it_ever_came() throws InterruptedException {
    cloud.run();

    assertThat(cloud.migration().diskProcessed()).isEqualTo(500);
    assertThat(cloud.migration().memoryProcessed()).isEqualTo(3_000);
  }

  @Test
  @Tag("S117")
  @Tag("S85")
  void moves_the_guest_and_leaves_nothing_behind() throws InterruptedException {
    cloud.run();

    assertMoved();
    assertThat(cloud.migration().figures().pause())
        .contains(
            new PauseParts(
                Optional.of(Duration.ofMillis(13)),
                Optional.of(Duration.ofMillis(1)),
                Optional.of(Duration.ofMillis(2)),
                Optional.of(Duration.ofMillis(8)),
                Optional.of(Duration.ofMillis(2)),
                Optional.empty()));
    assertThat(cloud.metrics.get("tern.migration.pause").tag("part", "total").timer().count())
        .isOne();
    assertThat(
            cloud
                .metrics
                .get("tern.migration.duration")
                .tags("status", "completed", "cause", "none")
                .timer()
                .count())
        .isOne();
    for (String phase : List.of("begin", "prepare", "perform", "finish", "confirm")) {
      assertThat(cloud.metrics.get("tern.migration.phase").tag("phase", phase).timer().count())
          .as(phase)
          .isOne();
    }
    assertThat(cloud.metrics.get("tern.migration.pause").tag("part", "mirror-drain").timer())
        .satisfies(timer -> assertThat(timer.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(2.0));
    assertThat(cloud.events())
        .containsOnlyKeys(
            "conductor_live_migrate_instance",
            "compute_check_can_live_migrate_destination",
            "compute_check_can_live_migrate_source",
            "compute_live_migration",
            "compute_pre_live_migration",
            "compute_post_live_migration_at_destination")
        .doesNotContainValue("open")
        .doesNotContainValue("Error");
    assertThat(cloud.openBeforeTheEnd()).isEmpty();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("everyFaultOfEveryStep")
  @Tag("S68")
  @Tag("S120")
  void that_is_disturbed_ends_with_one_guest_and_nothing_else(String step, Fault fault)
      throws InterruptedException {
    cloud.fail(step, fault);

    cloud.run();

    if (cloud.migration().status() == MigrationStatus.COMPLETED) {
      assertMoved();
    } else {
      assertStayed();
    }
    assertThat(cloud.events()).doesNotContainValue("open");
    assertThat(cloud.openBeforeTheEnd()).isSubsetOf("conductor_live_migrate_instance");
    if (cloud.failed()) {
      assertThat(cloud.migration().status()).isIn(expected(step, fault));
    }
    assertThat(cloud.hasEarlierConsole(FakeCloud.AWAY))
        .isEqualTo(
            cloud.migration().status() == MigrationStatus.COMPLETED
                && !(step.equals("move-console") && mayLeaveTheConsoleBehind(fault)));
  }

  /** A log is worth no migration that does not end. */
  private static boolean mayLeaveTheConsoleBehind(Fault fault) {
    return switch (fault) {
      case REFUSED, SILENT_AFTER_THE_EFFECT, SILENT_BEFORE_THE_EFFECT -> true;
      case ANSWER_LOST,
          REPEATED,
          ABORTED,
          CONDUCTOR_DIES_AFTER_THE_EFFECT,
          CONDUCTOR_DIES_BEFORE_WRITING_IT,
          CONDUCTOR_DIES_AFTER_WRITING_IT ->
          false;
    };
  }

  /** What may come of it; anything else is a guess about who owns the guest. */
  private List<MigrationStatus> expected(String step, Fault fault) throws InterruptedException {
    List<String> steps = steps();
    boolean before = steps.indexOf(step) < steps.indexOf(PIVOT);
    List<MigrationStatus> takenBack = List.of(MigrationStatus.FAILED, MigrationStatus.ERROR);
    return switch (fault) {
      case REFUSED -> before || step.equals(PIVOT) ? takenBack : List.of(MigrationStatus.COMPLETED);
      case SILENT_AFTER_THE_EFFECT, SILENT_BEFORE_THE_EFFECT ->
          before && !step.equals("choose-destination")
              ? takenBack
              : List.of(MigrationStatus.COMPLETED);
      case ABORTED ->
          before || step.equals(PIVOT)
              ? List.of(MigrationStatus.CANCELLED)
              : List.of(MigrationStatus.COMPLETED);
      case ANSWER_LOST,
          REPEATED,
          CONDUCTOR_DIES_AFTER_THE_EFFECT,
          CONDUCTOR_DIES_BEFORE_WRITING_IT,
          CONDUCTOR_DIES_AFTER_WRITING_IT ->
          List.of(MigrationStatus.COMPLETED);
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"host-1", "host-2"})
  @Tag("S79")
  void between_a_host_that_encrypts_and_one_that_does_not_is_refused_and_says_so(String plain)
      throws InterruptedException {
    cloud.insecure(new HostName(plain));

    cloud.run();

    assertStayed();
    assertThat(cloud.migration().failure().orElseThrow().message()).contains(plain, "plaintext");
  }

  @Test
  @Tag("S79")
  void between_two_hosts_that_do_not_encrypt_moves_without_a_key() throws InterruptedException {
    cloud.insecure(HOME);
    cloud.insecure(AWAY);

    cloud.run();

    assertMoved();
  }

  @Test
  void whose_destination_is_silent_after_the_pivot_is_in_doubt_until_it_answers()
      throws InterruptedException {
    cloud.silenceAfterLeaving = Duration.ofHours(1);

    cloud.run();

    assertThat(cloud.wasInDoubt()).isTrue();
    assertThat(cloud.migration().inDoubt()).isFalse();
    assertMoved();
  }

  @Test
  void that_takes_long_says_every_30_seconds_how_far_it_is() throws InterruptedException {
    cloud.silenceAfterLeaving = Duration.ofMinutes(10);

    List<Map<String, Object>> lines = LogLines.of(SagaLog.class, "step goes on", cloud::run);

    assertThat(lines).hasSizeBetween(14, 20);
    List<Duration> took =
        lines.stream().map(line -> (Duration) Objects.requireNonNull(line.get("took"))).toList();
    assertThat(took.getFirst()).isBetween(Duration.ofSeconds(30), Duration.ofSeconds(45));
    for (int i = 1; i < took.size(); i++) {
      assertThat(took.get(i).minus(took.get(i - 1)))
          .isBetween(Duration.ofSeconds(30), Duration.ofSeconds(45));
    }
    assertThat(lines)
        .allSatisfy(line ->
            assertThat(line)
                .containsEntry("step", PIVOT)
                .containsEntry("diskRemaining", 3L << 20)
                .containsEntry("memoryRemaining", 128L << 20)
                .containsKeys("server", "migration", "request", "phase", "diskBytes"));
  }

  @Test
  @Tag("S88")
  @Tag("S97")
  void whose_destination_is_silent_after_the_pivot_and_returns_dead_brings_the_guest_home()
      throws InterruptedException {
    cloud.silenceAfterLeaving = Duration.ofHours(1);
    cloud.copyDies = true;

    cloud.run();

    assertThat(cloud.wasInDoubt()).isTrue();
    assertThat(cloud.migration().inDoubt()).isFalse();
    assertStayed();
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.FAILED);
  }

  @Test
  @Tag("S86")
  void whose_copy_never_arrives_ends_it_and_brings_the_guest_home() throws InterruptedException {
    cloud.copyDoesNotArrive = true;

    cloud.run();

    assertStayed();
    assertThat(cloud.time.now()).isGreaterThan(Duration.ofSeconds(30));
  }

  @Test
  void whose_guest_dies_at_the_source_cleans_the_destination_and_says_so()
      throws InterruptedException {
    cloud.watcher =
        (line, after) -> {
          if (after && line.step().equals("mirror-disks") && line.what().equals("started")) {
            cloud.qemuDies(HOME);
          }
        };

    cloud.run();

    assertThat(cloud.things()).containsExactly("claim host-1", "host-1 disk");
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ERROR);
    assertThat(cloud.server().host()).contains(HOME);
  }

  /** Killing what does not answer, or writing it off, would lose a guest that has nothing wrong. */
  @ParameterizedTest
  @ValueSource(strings = {"mirror-disks", "hand-over"})
  @Tag("S97")
  void whose_source_QEMU_is_held_loses_no_guest(String step) throws InterruptedException {
    cloud.watcher =
        (line, after) -> {
          if (after && line.step().equals(step) && line.what().equals("started")) {
            cloud.qemuHeldUntil.put(HOME, cloud.time.now().plusSeconds(100));
          }
        };

    cloud.run();

    assertStayed();
    assertThat(cloud.time.now()).isGreaterThan(Duration.ofSeconds(90));
  }

  @Test
  @Tag("S118")
  void goes_to_the_next_host_when_the_first_fails_its_check() throws InterruptedException {
    cloud.third = true;
    cloud.fail("check-destination", Fault.REFUSED);

    cloud.run();

    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(cloud.server().host()).contains(THIRD);
    assertThat(cloud.things())
        .containsExactly("claim host-3", "host-3 disk", "host-3 guest runs", "host-3 qemu");
  }

  @Test
  @Tag("S105")
  void that_finds_no_host_lists_every_host_with_its_reason() throws InterruptedException {
    cloud.fail("check-destination", Fault.REFUSED);

    cloud.run();

    assertStayed();
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.ERROR);
    assertThat(cloud.migration().failure())
        .contains(
            new Failure(ErrorCode.NO_VALID_HOST, "No valid host was found. host-2: it broke"));
  }

  @Test
  @Tag("S106")
  void whose_source_does_not_report_is_refused_by_name() throws InterruptedException {
    cloud.agentsAreSilent = true;
    cloud.time.pass(Duration.ofMinutes(2));

    cloud.run();

    assertStayed();
    assertThat(cloud.migration().failure())
        .contains(
            new Failure(
                ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
                "Compute service of host-1 is unavailable at this time."));
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"REPEATED", "ANSWER_LOST", "CONDUCTOR_DIES_AFTER_THE_EFFECT"})
  @Tag("S81")
  void that_is_steered_and_forced_while_it_copies_tells_its_source(Fault fault)
      throws InterruptedException {
    cloud.copyLastsUntilForced = true;
    cloud.fail("mirror-disks", fault);
    AtomicInteger questions = new AtomicInteger();
    cloud.duringCopy =
        () -> {
          switch (questions.incrementAndGet()) {
            case 3 -> cloud.requestPolicy(LESS);
            case 40 -> cloud.requestForceComplete();
            default -> {}
          }
        };

    cloud.run();

    assertMoved();
    assertThat(cloud.policiesTold()).isNotEmpty();
    assertThat(cloud.policiesTold().getLast().bytesPerSecond()).isEqualTo(5L << 20);
    assertThat(cloud.policiesTold().getLast().revision()).isEqualTo(1);
    assertThat(cloud.policiesTold().getLast().maxPause())
        .as("the installation's")
        .isEqualTo(Duration.ofMillis(100));
  }

  @ParameterizedTest
  @MethodSource("steps")
  @Tag("S17")
  void whose_broker_is_away_for_minutes_goes_on_where_it_was(String step)
      throws InterruptedException {
    cloud.watcher =
        (line, after) -> {
          if (after && line.step().equals(step) && line.what().equals("started")) {
            cloud.brokerAwayUntil = cloud.time.now().plus(Duration.ofMinutes(5));
          }
        };

    cloud.run();

    assertMoved();
    assertThat(cloud.log()).noneMatch(line -> line.what().equals("undone"));
  }

  @Test
  @Tag("S120")
  void whose_database_is_away_in_a_step_goes_on_with_that_step() throws InterruptedException {
    cloud.copyLastsUntilForced = true;
    AtomicInteger questions = new AtomicInteger();
    cloud.duringCopy =
        () -> {
          if (questions.incrementAndGet() <= 5) {
            throw new DataAccessResourceFailureException("the database is away");
          }
          cloud.requestForceComplete();
        };

    cloud.run();

    assertMoved();
    assertThat(cloud.log()).noneMatch(line -> line.what().equals("undone"));
  }

  @Test
  @Tag("S120")
  void whose_database_refuses_a_row_again_and_again_is_taken_back() throws InterruptedException {
    cloud.copyLastsUntilForced = true;
    cloud.duringCopy =
        () -> {
          throw new DataIntegrityViolationException("a row that cannot be written");
        };

    cloud.run();

    assertStayed();
    assertThat(cloud.migration().failure())
        .hasValueSatisfying(failure ->
            assertThat(failure.message())
                .contains("mirror-disks", "DataIntegrityViolationException"));
  }

  private void assertMoved() {
    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
    assertThat(cloud.server().host()).contains(AWAY);
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(cloud.migration().inDoubt()).isFalse();
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(cloud.server().task()).isEmpty();
  }

  private void assertStayed() {
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
    assertThat(cloud.server().host()).contains(HOME);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(cloud.server().task()).isEmpty();
    assertThat(cloud.migration().inDoubt()).isFalse();
  }
}
