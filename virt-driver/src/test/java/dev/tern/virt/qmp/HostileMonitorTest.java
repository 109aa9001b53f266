package dev.tern.virt.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.testing.Mutations;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * What the other end of a monitor may say: a guest that broke out of its QEMU says what it likes.
 */
@DisplayName("A monitor whose QEMU says anything")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HostileMonitorTest {
  private static final QmpDeadlines DEADLINES =
      new QmpDeadlines(Duration.ofSeconds(20), Duration.ofSeconds(20), Duration.ofSeconds(20));
  private static final String MIGRATE =
      "{\"return\":{\"status\":\"active\",\"ram\":{\"total\":134217728,\"transferred\":1024,"
          + "\"remaining\":1,\"normal\":3,\"duplicate\":2,\"mbps\":12.5,\"dirty-pages-rate\":7},"
          + "\"expected-downtime\":300,\"total-time\":15},\"id\":2}";
  private static final List<byte[]> MESSAGES =
      Mutations.texts(
          "{\"QMP\":{\"version\":{\"qemu\":{\"micro\":22,\"minor\":2,\"major\":7}},\"capabilities\":[\"oob\"]}}",
          "{\"timestamp\":{\"seconds\":1767322800,\"microseconds\":678901},\"event\":\"STOP\"}",
          "{\"timestamp\":{\"seconds\":1767322800,\"microseconds\":1},\"event\":\"BLOCK_JOB_READY\",\"data\":{\"device\":\"m\",\"len\":1,\"offset\":1,\"speed\":0,\"type\":\"mirror\"}}",
          "{\"event\":\"\",\"data\":{}}",
          MIGRATE,
          "{\"return\":[{\"device\":\"m\",\"type\":\"mirror\",\"len\":8,\"offset\":4,\"busy\":true,\"paused\":false,\"ready\":true,\"io-status\":\"ok\",\"speed\":0,\"status\":\"running\"}],\"id\":2}",
          "{\"error\":{\"class\":\"GenericError\",\"desc\":\"no such node\"},\"id\":2}",
          "{\"return\":{},\"id\":2}");

  @TempDir Path directory;

  @Test
  void is_read_line_by_line_or_found_not_to_be_one() {
    Mutations.of(
        MESSAGES,
        20_000,
        (input, random) -> {
          QmpLines lines = new QmpLines(channel(stream(input, random), random));
          try {
            for (JsonNode next = lines.next(); next != null; next = lines.next()) {
              assertThat(next.isObject()).isTrue();
            }
          } catch (QmpLines.NotQmp e) {
            assertThat(e.getMessage()).startsWith("A line is ");
          }
        });
  }

  @Test
  void gives_answers_of_the_expected_shape_or_none() {
    List<QmpCommand<?>> commands =
        List.of(
            new Commands.QueryMigrate(),
            new Commands.QueryVersion(),
            new Commands.QueryMachines(),
            new Commands.QueryCommands(),
            new Commands.QueryKvm());
    Mutations.of(
        MESSAGES,
        20_000,
        (input, random) -> {
          try {
            JsonNode returned = QmpJson.parse(input, input.length).path("return");
            var _ = QmpJson.answer(commands.get(random.nextInt(commands.size())), returned);
          } catch (JacksonException e) {
            assertThat(e).isNotNull();
          }
        });
  }

  /** Whatever is said: who waits gets an answer, a refusal, or the end; nobody waits for ever. */
  @Test
  void keeps_nobody_waiting() {
    Mutations.of(
        MESSAGES,
        150,
        (input, random) -> {
          try (FakeQemu qemu = new FakeQemu(Files.createTempDirectory(directory, "q"), true);
              QmpMonitor monitor =
                  QmpMonitor.connect(qemu.socket, DEADLINES, Duration.ofSeconds(20))) {
            var pending = monitor.submit(new Commands.QueryMigrate());
            CompletableFuture<Void> ended = new CompletableFuture<>();
            monitor.onEnd(_ -> ended.complete(null));
            qemu.hear();
            try {
              qemu.say(stream(input, random));
            } catch (java.io.UncheckedIOException _) {
              // The driver had enough of it.
            }
            qemu.hangUp();
            ended.get(10, TimeUnit.SECONDS);
            try {
              var _ = monitor.await(pending);
            } catch (VirtException e) {
              assertThat(e.kind()).isIn(Kind.REFUSED, Kind.NO_ANSWER, Kind.GONE);
              assertThat(e.getMessage()).doesNotContain("within");
            }
          }
        });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"event\":\"STOP\",\"timestamp\":{\"seconds\":9223372036854775807,\"microseconds\":0}}",
        "{\"event\":\"STOP\",\"timestamp\":{\"seconds\":-9223372036854775808,\"microseconds\":-1}}",
        "{\"event\":\"STOP\",\"timestamp\":{\"seconds\":1,\"microseconds\":9223372036854775807}}",
        "{\"event\":\"STOP\",\"timestamp\":\"yesterday\"}",
        "{\"event\":\"\",\"data\":{}}"
      })
  void goes_on_after_an_event_of_no_possible_time_or_name(String event) throws Exception {
    try (FakeQemu qemu = new FakeQemu(directory, true);
        QmpMonitor monitor = QmpMonitor.connect(qemu.socket, DEADLINES, Duration.ofSeconds(20));
        QmpEvents events = monitor.events()) {
      qemu.say(event);
      var pending = monitor.submit(new Commands.QueryKvm());
      qemu.hear();
      qemu.say("{\"return\":{\"enabled\":true,\"present\":true},\"id\":2}");
      assertThat(monitor.await(pending).enabled()).isTrue();
      assertThat(events.next(Duration.ofSeconds(5))).isPresent();
      assertThat(events.next(Duration.ofMillis(1))).isEmpty();
    }
  }

  @Test
  void that_never_ends_its_line_is_given_up_at_the_bound() {
    ReadableByteChannel endless = channel(Stream.generate(() -> new byte[1 << 16]).iterator());
    assertThatThrownBy(() -> new QmpLines(endless).next())
        .isInstanceOf(QmpLines.NotQmp.class)
        .hasMessageContaining("longer");
  }

  /** Good lines, with the strange one among them. */
  private static byte[] stream(byte[] input, Random random) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    int before = random.nextInt(3);
    for (int n = 0; n < before; n++) {
      all.writeBytes(MESSAGES.get(random.nextInt(MESSAGES.size())));
      all.write('\n');
    }
    all.writeBytes(input);
    if (random.nextInt(4) > 0) {
      all.write('\n');
      all.writeBytes((MIGRATE + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return all.toByteArray();
  }

  private static ReadableByteChannel channel(byte[] all, Random random) {
    return channel(Mutations.pieces(all, random).iterator());
  }

  private static ReadableByteChannel channel(Iterator<byte[]> pieces) {
    return new ReadableByteChannel() {
      private ByteBuffer piece = ByteBuffer.allocate(0);

      @Override
      public int read(ByteBuffer into) {
        if (!piece.hasRemaining()) {
          if (!pieces.hasNext()) {
            return -1;
          }
          piece = ByteBuffer.wrap(pieces.next());
        }
        int read = 0;
        for (; piece.hasRemaining() && into.hasRemaining(); read++) {
          into.put(piece.get());
        }
        return read;
      }

      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public void close() {}
    };
  }
}
