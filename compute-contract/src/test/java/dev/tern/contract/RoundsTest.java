package dev.tern.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayName("What is done again and again")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RoundsTest {
  private static final int ROUNDS = 4;
  private static final long SECONDS = 30;

  private final List<Duration> rests = new CopyOnWriteArrayList<>();
  private final AtomicInteger done = new AtomicInteger();
  private final CountDownLatch enough = new CountDownLatch(1);

  /** Lets time pass at once, and for ever when there were enough. */
  private void rest(Duration time) throws InterruptedException {
    rests.add(time);
    if (rests.size() == ROUNDS) {
      enough.countDown();
      new CountDownLatch(1).await();
    }
  }

  @Test
  void goes_on_after_a_failure_and_rests_after_each() throws Exception {
    Rounds rounds =
        new Rounds(
            "rounds",
            () -> {
              switch (done.incrementAndGet()) {
                case ROUNDS -> {}
                case 1 -> throw new NoClassDefFoundError("its jar was replaced");
                default -> throw new IllegalStateException("this one failed");
              }
            },
            this::rest,
            () -> Duration.ofSeconds(done.get()));
    try (rounds) {
      rounds.start();
      rounds.start();
      assertThat(enough.await(SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    assertThat(done).hasValue(ROUNDS);
    assertThat(rests)
        .containsExactly(
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            Duration.ofSeconds(3),
            Duration.ofSeconds(4));
  }

  @Test
  void has_ended_when_it_is_closed() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<String> ended = new CompletableFuture<>();
    Rounds rounds =
        new Rounds(
            "rounds",
            () -> {
              begun.countDown();
              try {
                new CountDownLatch(1).await();
              } finally {
                ended.complete("interrupted");
              }
            },
            this::rest,
            Duration.ZERO);
    rounds.start();
    assertThat(begun.await(SECONDS, TimeUnit.SECONDS)).isTrue();

    rounds.close();

    assertThat(ended).isCompletedWithValue("interrupted");
    assertThat(rests).isEmpty();
  }

  @Test
  void does_nothing_before_it_begins() {
    Rounds rounds = new Rounds("rounds", done::incrementAndGet, this::rest, Duration.ZERO);

    rounds.close();

    assertThat(done).hasValue(0);
  }
}
