package dev.tern.agent;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.virt.Guest.MemoryPace;
import dev.tern.virt.Guest.MoveProgress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

@DisplayName("The progress of a migration")
class ProgressTellerTest {
  private static final RequestId FIRST = RequestId.of(new UUID(0, 1));
  private static final RequestId SECOND = RequestId.of(new UUID(0, 2));

  private final BlockingQueue<MigrationProgress> told = new LinkedBlockingQueue<>();
  private final Logger log = (Logger) LoggerFactory.getLogger(ProgressTeller.class);
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private Duration now = Duration.ofHours(7);
  private long diskBytes;
  private final ProgressTeller teller =
      new ProgressTeller(
          told::add, Clock.fixed(Instant.EPOCH, ZoneOffset.UTC), () -> now.toNanos());

  @BeforeEach
  void listen() {
    log.setLevel(Level.INFO);
    lines.start();
    log.addAppender(lines);
  }

  @AfterEach
  void stop_listening() {
    log.detachAppender(lines);
  }

  private Consumer<MoveProgress> step(RequestId request) {
    Header header = new Header(request, TwoHosts.SERVER, 1, Optional.of(TwoHosts.MIGRATION));
    return teller.of(header, 64, Duration.ofMillis(300));
  }

  /** The driver reports ten times a second; a disk's byte is copied each millisecond. */
  private void move(Consumer<MoveProgress> progress, Duration time) {
    for (int tenths = 0; tenths < time.toMillis() / 100; tenths++) {
      now = now.plusMillis(100);
      diskBytes += 100;
      progress.accept(
          new MoveProgress(64, 5, 59, 100_000, diskBytes, 7, List.of(), MemoryPace.NONE));
    }
  }

  @Test
  void is_told_twice_a_second_from_the_first_that_is_measured() throws Exception {
    Consumer<MoveProgress> progress = step(FIRST);

    List<Long> bytes = new ArrayList<>();
    for (int halves = 0; halves < 20; halves++) {
      move(progress, Duration.ofMillis(100));
      MigrationProgress next = told.poll(30, SECONDS);
      assertThat(next).as("what is told after %s", now).isNotNull();
      bytes.add(next.diskProcessed());
      move(progress, Duration.ofMillis(400));
    }

    assertThat(bytes).first().isEqualTo(100L);
    assertThat(bytes).last().isEqualTo(9_600L);
    assertThat(bytes).hasSize(20).doesNotHaveDuplicates();
    assertThat(bytes).allMatch(each -> each % 500 == 100);
  }

  @Test
  void is_logged_every_30_seconds_with_the_bytes_of_that_moment() {
    Consumer<MoveProgress> progress = step(FIRST);

    move(progress, Duration.ofMillis(29_900));
    assertThat(lines.list).isEmpty();

    move(progress, Duration.ofMillis(100));
    move(progress, Duration.ofSeconds(60));

    assertThat(logged())
        .containsExactly(line(FIRST, 30_000), line(FIRST, 60_000), line(FIRST, 90_000));
  }

  @Test
  void is_logged_every_30_seconds_over_all_its_steps_each_with_its_own_request() {
    move(step(FIRST), Duration.ofSeconds(20));
    move(step(SECOND), Duration.ofSeconds(20));

    assertThat(logged()).containsExactly(line(SECOND, 30_000));
  }

  private List<String> logged() {
    return lines.list.stream()
        .map(line -> line.getMessage() + " " + line.getKeyValuePairs())
        .toList();
  }

  private static String line(RequestId request, long diskBytes) {
    return ("migration goes on [server=\"%s\", migration=\"%s\", request=\"%s\", diskBytes=\"%d\","
            + " diskRemaining=\"7\", memoryBytes=\"5\", memoryRemaining=\"59\"]")
        .formatted(TwoHosts.SERVER, TwoHosts.MIGRATION, request, diskBytes);
  }
}
