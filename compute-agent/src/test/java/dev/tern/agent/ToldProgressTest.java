package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.virt.Guest.DiskProgress;
import dev.tern.virt.Guest.MemoryPace;
import dev.tern.virt.Guest.MoveProgress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("What an agent tells of a migration")
@Timeout(30)
class ToldProgressTest {
  private static final UUID ID = UUID.fromString("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01");
  private static final Header HEADER =
      new Header(RequestId.of(ID), new ServerId(ID), 1, Optional.of(new MigrationId(ID)));
  private static final long MEMORY = 1_000;

  private final BlockingQueue<MigrationProgress> told = new LinkedBlockingQueue<>();
  private final Clock clock = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
  private long millis;

  private Consumer<MoveProgress> step(Consumer<MigrationProgress> out) {
    return teller(out).of(HEADER, MEMORY, Duration.ofMillis(50));
  }

  private ProgressTeller teller(Consumer<MigrationProgress> out) {
    return new ProgressTeller(out, clock, () -> TimeUnit.MILLISECONDS.toNanos(millis));
  }

  private static MoveProgress disks(long done) {
    return new MoveProgress(
        0,
        0,
        0,
        1_000,
        done,
        1_000 - done,
        List.of(new DiskProgress("disk0", done, 1_000, 7, done == 1_000)),
        MemoryPace.NONE);
  }

  private static MoveProgress memory(long sent, long remaining, int throttle) {
    return new MoveProgress(
        MEMORY, sent, remaining, 1_000, 1_000, 0, List.of(), new MemoryPace(2, 3, 4, throttle));
  }

  private MigrationProgress next() throws InterruptedException {
    MigrationProgress next = told.poll(10, TimeUnit.SECONDS);
    assertThat(next).as("told in time").isNotNull();
    return next;
  }

  @Test
  @Tag("S162")
  void is_told_twice_a_second_however_often_the_driver_looks() throws Exception {
    Consumer<MoveProgress> step = step(told::add);
    for (millis = 0; millis <= 2_000; millis += 100) {
      step.accept(disks(millis / 10));
      if (millis % 500 == 0) {
        assertThat(next().diskProcessed()).isEqualTo(millis / 10);
      }
    }
    assertThat(told).isEmpty();
  }

  @Test
  @Tag("S162")
  void is_known_to_the_last_byte_however_little_of_it_was_told() throws Exception {
    ProgressTeller teller = teller(told::add);
    Consumer<MoveProgress> step = teller.of(HEADER, MEMORY, Duration.ofMillis(50));
    assertThat(teller.last(HEADER)).isEmpty();
    step.accept(disks(10));
    assertThat(next().diskProcessed()).isEqualTo(10);
    step.accept(disks(990));
    assertThat(told).isEmpty();
    assertThat(teller.last(HEADER).orElseThrow().diskProcessed()).isEqualTo(990);
  }

  @Test
  @Tag("S44")
  void holds_each_disk_and_counts_memory_that_does_not_move_yet() throws Exception {
    Consumer<MoveProgress> step = step(told::add);
    step.accept(disks(1_000));
    MigrationProgress progress = next();
    assertThat(progress.permille()).isEqualTo(500);
    assertThat(progress.detail().disks())
        .singleElement()
        .satisfies(disk -> {
          assertThat(disk.disk()).isEqualTo("disk0");
          assertThat(disk.offset()).isEqualTo(1_000);
          assertThat(disk.bytesPerSecond()).isEqualTo(7);
          assertThat(disk.ready()).isTrue();
        });
    assertThat(progress.detail().at()).isEqualTo(Instant.EPOCH);
  }

  @Test
  void does_not_fall_when_the_next_step_begins_or_a_step_begins_again() throws Exception {
    ProgressTeller teller = teller(told::add);
    teller.of(HEADER, MEMORY, Duration.ofMillis(50)).accept(disks(1_000));
    assertThat(next().permille()).isEqualTo(500);
    millis = 1_000;
    teller.of(HEADER, MEMORY, Duration.ofMillis(50)).accept(disks(10));
    assertThat(next().permille()).isEqualTo(500);
    millis = 2_000;
    teller.of(HEADER, MEMORY, Duration.ofMillis(50)).accept(memory(500, 500, 0));
    assertThat(next().permille()).isEqualTo(750);
  }

  @Test
  @Tag("S123")
  void counts_the_time_that_the_guest_was_kept_from_running() throws Exception {
    Consumer<MoveProgress> step = step(told::add);
    step.accept(memory(0, 1_000, 0));
    assertThat(next().detail().throttled()).isZero();
    millis = 10_000;
    step.accept(memory(10, 990, 20));
    assertThat(next().detail().throttled()).isZero();
    millis = 20_000;
    step.accept(memory(20, 980, 50));
    assertThat(next().detail().throttled()).isEqualTo(Duration.ofSeconds(2));
    millis = 24_000;
    step.accept(memory(30, 970, 0));
    assertThat(next().detail().throttled()).isEqualTo(Duration.ofSeconds(4));
  }

  /**
   * The driver may be between a guest's stop and its start when it tells; the broker may be away.
   */
  @Test
  @Tag("S62")
  void never_holds_the_driver_up_and_is_the_newest_when_it_goes_on() throws Exception {
    CountDownLatch hangs = new CountDownLatch(1);
    CountDownLatch away = new CountDownLatch(1);
    Consumer<MoveProgress> step =
        step(progress -> {
          hangs.countDown();
          try {
            away.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          told.add(progress);
        });
    step.accept(disks(1));
    hangs.await();
    for (int i = 1; i <= 100; i++) {
      millis = i * 1_000L;
      step.accept(disks(i));
    }
    assertThat(told).isEmpty();

    away.countDown();

    assertThat(next().diskProcessed()).isEqualTo(1);
    assertThat(next().diskProcessed()).isEqualTo(100);
    assertThat(told).isEmpty();
  }

  @Test
  void goes_on_after_one_could_not_be_told() throws Exception {
    Consumer<MoveProgress> step =
        step(progress -> {
          told.add(progress);
          if (progress.diskProcessed() == 1) {
            throw new IllegalStateException("the broker does not want it");
          }
        });
    step.accept(disks(1));
    next();
    millis = 1_000;
    step.accept(disks(2));
    assertThat(next().diskProcessed()).isEqualTo(2);
  }

  @Test
  void of_work_outside_a_migration_is_nothing() {
    Header noMigration = new Header(HEADER.request(), HEADER.server(), 1, Optional.empty());
    teller(
            progress -> {
              throw new AssertionError("told " + progress);
            })
        .of(noMigration, MEMORY, Duration.ofMillis(50))
        .accept(disks(1));
    assertThat(told).isEmpty();
  }
}
