package dev.tern.virt.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A QMP monitor")
class QmpMonitorTest {
  private static final Duration LONG = Duration.ofSeconds(10);
  private static final Duration SHORT = Duration.ofMillis(50);

  @TempDir Path directory;
  private FakeQemu qemu;
  private QmpMonitor monitor;

  @BeforeEach
  void connect() throws Exception {
    qemu = new FakeQemu(directory, true);
    // Only what looks has the short deadline.
    monitor = QmpMonitor.connect(qemu.socket, new QmpDeadlines(SHORT, LONG, LONG), LONG);
  }

  @AfterEach
  void close() throws Exception {
    monitor.close();
    qemu.close();
  }

  @Test
  void names_commands_and_arguments_as_qemu_does_and_leaves_out_null() throws Exception {
    var pending = monitor.submit(new Commands.BlockJobCancel("mirror-disk0", null));
    assertThat(qemu.hear())
        .isEqualTo(
            "{\"execute\":\"block-job-cancel\",\"arguments\":{\"device\":\"mirror-disk0\"},\"id\":2}");
    qemu.say("{\"return\":{},\"id\":2}");
    assertThat((Object) monitor.await(pending)).isNull();
  }

  @Test
  void writes_an_absent_backing_file_as_an_explicit_null() {
    assertThat(
            new BlockNode.Format("qcow2", "d", "f", false, "unmap", null, new BlockNode.NoBacking())
                .json())
        .contains("\"backing\":null")
        .contains("\"node-name\":\"d\"")
        .doesNotContain("detect-zeroes");
  }

  @Test
  void sends_yank_past_the_queue_of_a_stuck_main_loop() throws Exception {
    var _ = monitor.submit(new Commands.QueryYank());
    assertThat(qemu.hear()).startsWith("{\"exec-oob\":\"query-yank\"");
  }

  @Test
  void keeps_room_for_what_passes_the_queue_of_a_stuck_main_loop() throws Exception {
    for (int i = 0; i < 6; i++) {
      assertFails(() -> monitor.call(new Commands.QueryStatus()), Kind.NO_ANSWER, "did not answer");
      assertThat(qemu.hear()).contains("query-status");
    }
    assertFails(() -> monitor.call(new Commands.QueryStatus()), Kind.NO_ANSWER, "was not sent");

    var _ = monitor.submit(new Commands.QueryYank());
    assertThat(qemu.hear()).startsWith("{\"exec-oob\":\"query-yank\"");

    qemu.say("{\"return\":{\"status\":\"running\",\"running\":true},\"id\":2}");
    var next = monitor.submit(new Commands.Cont());
    assertThat(qemu.hear()).isEqualTo("{\"execute\":\"cont\",\"id\":9}");
    qemu.say("{\"return\":{},\"id\":9}");
    monitor.await(next);
  }

  @Test
  void outlives_the_interruption_of_whoever_sends() throws Exception {
    for (int id = 2; id < 500; id++) {
      CompletableFuture<QmpMonitor.Pending<Void>> sent = new CompletableFuture<>();
      Thread sender =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  sent.complete(monitor.submit(new Commands.Cont()));
                } catch (VirtException e) {
                  sent.completeExceptionally(e);
                }
              });
      sender.interrupt();
      assertThat(qemu.hear()).contains("\"cont\"");
      qemu.say("{\"return\":{},\"id\":%d}".formatted(id));
      monitor.await(sent.get(10, TimeUnit.SECONDS));
      sender.join();
    }
  }

  @Test
  void tells_a_refusal_in_qemus_own_words() throws Exception {
    var pending = monitor.submit(new Commands.Cont());
    qemu.hear();
    qemu.say("{\"error\":{\"class\":\"GenericError\",\"desc\":\"not now\"},\"id\":2}");
    assertFails(() -> monitor.await(pending), Kind.REFUSED, "not now");
  }

  @Test
  void outlives_an_answer_that_comes_after_its_deadline() throws Exception {
    assertFails(
        () -> monitor.call(new Commands.QueryStatus()),
        Kind.NO_ANSWER,
        "QEMU did not answer query-status");
    qemu.hear();
    var next = monitor.submit(new Commands.Cont());
    qemu.hear();
    qemu.say("{\"return\":{\"status\":\"running\",\"running\":true},\"id\":2}");
    qemu.say("{\"return\":{},\"id\":3}");
    monitor.await(next);
  }

  @Test
  void keeps_answers_apart_that_come_in_another_order() throws Exception {
    var first = monitor.submit(new Commands.QueryStatus());
    var second = monitor.submit(new Commands.QueryYank());
    qemu.say("{\"return\":[{\"type\":\"migration\"}],\"id\":3}");
    qemu.say("{\"return\":{\"status\":\"paused\",\"running\":false,\"new\":1},\"id\":2}");
    assertThat(monitor.await(second)).hasSize(1);
    assertThat(monitor.await(first).status()).isEqualTo("paused");
  }

  @Test
  void tells_events_with_qemus_stamps_also_between_a_command_and_its_answer() throws Exception {
    try (QmpEvents events = monitor.events()) {
      var pending = monitor.submit(new Commands.Cont());
      qemu.say("{\"event\":\"RESUME\",\"timestamp\":{\"seconds\":12,\"microseconds\":345678}}");
      qemu.say("{\"return\":{},\"id\":2}");
      monitor.await(pending);
      QmpEvent event = events.next(LONG).orElseThrow();
      assertThat(event.name()).isEqualTo("RESUME");
      assertThat(event.at()).isEqualTo(Instant.ofEpochSecond(12, 345_678_000));
      assertThat(events.next(Duration.ofMillis(1))).isEmpty();
    }
  }

  @Test
  void tells_everyone_who_waits_when_qemu_is_gone() throws Exception {
    CountDownLatch told = new CountDownLatch(1);
    monitor.onEnd(why -> told.countDown());
    var pending = monitor.submit(new Commands.Cont());
    QmpEvents events = monitor.events();
    qemu.hangUp();
    assertFails(() -> monitor.await(pending), Kind.GONE, "QEMU");
    assertFails(() -> events.next(LONG), Kind.GONE, "QEMU");
    assertFails(() -> monitor.call(new Commands.Stop()), Kind.GONE, "QEMU");
    assertThat(told.await(10, TimeUnit.SECONDS)).isTrue();
  }

  /** Who writes and who reads learn of it at one moment, and neither may take it for a close. */
  @Test
  void says_gone_to_whoever_asks_in_the_moment_in_which_qemu_goes(@TempDir Path others)
      throws Exception {
    for (int round = 0; round < 200; round++) {
      Path folder = Files.createDirectory(others.resolve("" + round));
      try (FakeQemu other = new FakeQemu(folder, true);
          QmpMonitor asked =
              QmpMonitor.connect(other.socket, new QmpDeadlines(LONG, LONG, LONG), LONG)) {
        FutureTask<Void> end =
            new FutureTask<>(() -> {
              other.hangUp();
              return null;
            });
        Thread.ofPlatform().start(end);
        List<QmpMonitor.Pending<Void>> sent = new ArrayList<>();
        while (sent.size() < 50) {
          sent.add(asked.submit(new Commands.Yank(List.of())));
        }
        for (QmpMonitor.Pending<Void> each : sent) {
          assertThatThrownBy(() -> asked.await(each))
              .as("round %d", round)
              .isInstanceOfSatisfying(
                  VirtException.class, e -> assertThat(e.kind()).isEqualTo(Kind.GONE));
        }
        end.get();
      }
    }
  }

  @Test
  void gives_up_on_an_endless_line() throws Exception {
    var pending = monitor.submit(new Commands.Cont());
    qemu.hear();
    byte[] chunk = new byte[1 << 20];
    Arrays.fill(chunk, (byte) ' ');
    Thread.ofVirtual()
        .start(() -> {
          for (int i = 0; i <= QmpLines.LONGEST_LINE >> 20; i++) {
            qemu.say(chunk);
          }
        });
    assertFails(() -> monitor.await(pending), Kind.NO_ANSWER, "does not speak QMP");
  }

  @Test
  void gives_up_on_what_is_not_qmp() throws Exception {
    var pending = monitor.submit(new Commands.Cont());
    qemu.hear();
    qemu.say("[[[[[[");
    assertFails(() -> monitor.await(pending), Kind.NO_ANSWER, "does not speak QMP");
  }

  @Test
  void does_not_take_an_answer_of_another_shape() throws Exception {
    var pending = monitor.submit(new Commands.QueryMachines());
    qemu.hear();
    qemu.say("{\"return\":{\"surprise\":[]},\"id\":2}");
    assertFails(() -> monitor.await(pending), Kind.NO_ANSWER, "shape");
  }

  @Test
  void does_not_wait_for_ever_for_a_greeting(@TempDir Path other) throws Exception {
    try (FakeQemu silent = new FakeQemu(other, false)) {
      assertFails(
          () -> QmpMonitor.connect(silent.socket, new QmpDeadlines(SHORT, LONG, LONG), SHORT),
          Kind.NO_ANSWER,
          "greeting");
    }
  }

  @Test
  void says_gone_when_nothing_listens() {
    assertFails(
        () ->
            QmpMonitor.connect(
                directory.resolve("none"), new QmpDeadlines(SHORT, LONG, LONG), SHORT),
        Kind.GONE,
        "No monitor");
  }

  private static void assertFails(ThrowingCallable call, Kind kind, String words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(VirtException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining(words);
  }
}
