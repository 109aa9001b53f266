package dev.tern.conductor.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.DiskCloud;
import dev.tern.conductor.fake.FakeCloud.Fault;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest.CopyUse;
import dev.tern.store.DiskCopyStore.CopyStatus;
import dev.tern.store.DiskCopyStore.Seen;
import dev.tern.store.DiskCopyStore.Wish;
import dev.tern.store.SagaStore.LogLine;
import dev.tern.store.SagaStore.SagaKind;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("An operation on a disk")
class DiskSagasTest {
  private static final List<String> UNCHANGED = List.of("guest on its file");

  enum Operation {
    PIVOT(SagaKind.DISK_COPY, Wish.PIVOT, "guest on the copy", "end-copy"),
    FINISH(SagaKind.DISK_COPY, Wish.FINISH, "guest on its file, whole copy", "end-copy"),
    SNAPSHOT(SagaKind.DISK_SNAPSHOT, Wish.FINISH, "guest on its file", "freeze"),
    IMAGE(SagaKind.CREATE_IMAGE, Wish.FINISH, "guest on its file, image", "remove-copy");

    private final SagaKind kind;
    private final Wish wish;

    /** What is there afterwards. */
    private final String left;

    /** From here on nothing is taken back by an abort or a silence. */
    private final String last;

    Operation(SagaKind kind, Wish wish, String left, String last) {
      this.kind = kind;
      this.wish = wish;
      this.left = left;
      this.last = last;
    }

    DiskCloud cloud() {
      return new DiskCloud(kind, Optional.of(wish));
    }

    /** Taken from the saga's own log, so that a new step gets all of this for free. */
    List<String> steps() {
      DiskCloud undisturbed = cloud();
      try {
        undisturbed.run();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      return undisturbed.log().stream().map(LogLine::step).distinct().toList();
    }
  }

  static Stream<Arguments> everyFaultOfEveryStep() {
    return Stream.of(Operation.values())
        .flatMap(operation ->
            operation.steps().stream()
                .flatMap(step ->
                    Stream.of(Fault.values()).map(how -> Arguments.of(operation, step, how))));
  }

  @ParameterizedTest(name = "{0}, {1}: {2}")
  @MethodSource("everyFaultOfEveryStep")
  @Tag("S56")
  @Tag("S57")
  @Tag("S60")
  void that_is_disturbed_is_done_or_leaves_nothing(Operation operation, String step, Fault fault)
      throws InterruptedException {
    DiskCloud cloud = operation.cloud();
    cloud.fail(step, fault);

    cloud.run();

    CopyStatus status = cloud.copy().status();
    assertThat(cloud.server().task()).as("the server's task").isEmpty();
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    if (status == CopyStatus.PIVOTED || status == CopyStatus.FINISHED) {
      assertThat(String.join(", ", cloud.disk.things())).isEqualTo(operation.left);
      assertThat(cloud.copy().failure()).isEmpty();
    } else {
      // An image that is there already is the image service's to remove, with its record.
      cloud.disk.imageActive = false;
      assertThat(cloud.disk.things()).containsExactlyElementsOf(UNCHANGED);
      assertThat(cloud.copy().failure()).isPresent();
    }
    if (cloud.failed()) {
      assertThat(status).isIn(expected(operation, step, fault));
    }
  }

  private static List<CopyStatus> expected(Operation operation, String step, Fault fault) {
    List<CopyStatus> done =
        List.of(operation == Operation.PIVOT ? CopyStatus.PIVOTED : CopyStatus.FINISHED);
    boolean last = step.equals(operation.last);
    // QEMU copies without its agent, which is therefore waited for.
    boolean patient = step.equals("fill") || step.equals("await-word");
    return switch (fault) {
      case REFUSED -> step.equals("remove-copy") ? done : List.of(CopyStatus.FAILED);
      case SILENT_AFTER_THE_EFFECT, SILENT_BEFORE_THE_EFFECT ->
          last || patient ? done : List.of(CopyStatus.FAILED);
      case ABORTED -> last ? done : List.of(CopyStatus.CANCELLED);
      case ANSWER_LOST,
          REPEATED,
          CONDUCTOR_DIES_AFTER_THE_EFFECT,
          CONDUCTOR_DIES_BEFORE_WRITING_IT,
          CONDUCTOR_DIES_AFTER_WRITING_IT ->
          done;
    };
  }

  @Test
  @Tag("S60")
  void shows_the_image_service_s_tasks_in_their_order() throws InterruptedException {
    DiskCloud cloud = Operation.IMAGE.cloud();
    cloud.run();
    assertThat(cloud.tasks())
        .containsExactly(TaskState.IMAGE_PENDING_UPLOAD, TaskState.IMAGE_UPLOADING);
  }

  @Test
  @Tag("S44")
  void tells_its_progress_at_least_once_a_second() throws InterruptedException {
    DiskCloud cloud = Operation.PIVOT.cloud();
    cloud.disk.readyAt = 20;
    cloud.run();
    assertThat(cloud.seen())
        .hasSizeGreaterThanOrEqualTo(20)
        .isSortedAccordingTo(java.util.Comparator.comparingLong(Seen::copied));
    assertThat(cloud.time.now()).isLessThan(Duration.ofSeconds(20));
  }

  @Test
  @Tag("S61")
  void that_nobody_told_how_to_end_waits_and_takes_a_new_limit_meanwhile()
      throws InterruptedException {
    DiskCloud cloud = new DiskCloud(SagaKind.DISK_COPY, Optional.empty());
    cloud.watcher =
        (line, after) -> {
          if (after && line.step().equals("await-word") && line.what().equals("started")) {
            assertThat(cloud.disk.things())
                .containsExactly("guest on its file", "half a copy", "mirror");
            cloud.limit(4096);
            cloud.wish(Wish.FINISH);
          }
        };
    cloud.run();
    assertThat(cloud.disk.things()).containsExactly("guest on its file", "whole copy");
  }

  @Test
  void whose_limit_is_changed_while_it_runs_tells_the_agent() throws InterruptedException {
    DiskCloud cloud = Operation.PIVOT.cloud();
    cloud.disk.readyAt = 10;
    cloud.limit(4096);
    cloud.run();
    assertThat(cloud.disk.limit).isEqualTo(4096);
  }

  @Test
  @Tag("S43")
  void whose_mirror_breaks_off_while_it_waits_is_taken_back() throws InterruptedException {
    DiskCloud cloud = new DiskCloud(SagaKind.DISK_COPY, Optional.empty());
    cloud.watcher =
        (line, after) -> {
          if (after && line.step().equals("await-word") && line.what().equals("started")) {
            cloud.disk.breakOff();
          }
        };
    cloud.run();
    assertThat(cloud.disk.things()).containsExactlyElementsOf(UNCHANGED);
    assertThat(cloud.copy().status()).isEqualTo(CopyStatus.FAILED);
  }

  @Test
  @Tag("S59")
  void that_is_resumable_is_kept_when_it_breaks_off_and_not_when_it_is_cancelled()
      throws InterruptedException {
    for (boolean cancelled : List.of(false, true)) {
      DiskCloud cloud =
          new DiskCloud(
              SagaKind.DISK_COPY, Optional.of(Wish.FINISH), Optional.of(CopyUse.RESUMABLE));
      cloud.disk.readyAt = 20;
      cloud.watcher =
          (line, after) -> {
            if (after && line.step().equals("fill") && line.what().equals("started")) {
              if (cancelled) {
                cloud.wish(Wish.CANCEL);
              } else {
                cloud.disk.breakOff();
              }
            }
          };
      cloud.run();
      assertThat(cloud.copy().status())
          .isEqualTo(cancelled ? CopyStatus.CANCELLED : CopyStatus.FAILED);
      assertThat(cloud.server().task()).isEmpty();
      if (cancelled) {
        assertThat(cloud.disk.things()).containsExactlyElementsOf(UNCHANGED);
      } else {
        assertThat(cloud.disk.things()).containsExactly("guest on its file", "half a copy");
      }
    }
  }
}
