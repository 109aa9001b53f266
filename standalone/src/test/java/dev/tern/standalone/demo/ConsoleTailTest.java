package dev.tern.standalone.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Who reads the consoles of a guest that moves")
class ConsoleTailTest {
  private static final Duration SILENCE = Duration.ofMillis(20);

  @TempDir Path folder;
  private final CountDownLatch done = new CountDownLatch(1);
  private final AtomicInteger pauses = new AtomicInteger();
  private long spokeHere;
  private long spokeThere;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void never_takes_a_silence_for_shorter_than_it_was_when_it_comes_late(boolean thereFirst)
      throws Exception {
    GuestWatch watch = new GuestWatch();
    Path here = Files.createFile(folder.resolve("here"));
    Path there = Files.createFile(folder.resolve("there"));
    Map<String, Path> consoles = new LinkedHashMap<>();
    consoles.put(thereFirst ? "there" : "here", thereFirst ? there : here);
    consoles.put(thereFirst ? "here" : "there", thereFirst ? here : there);
    try (ConsoleTail _ = new ConsoleTail(consoles, watch, length -> whileAway(here, there))) {
      assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(watch.sight().switches()).isEqualTo(1);
    assertThat(watch.sight().beatsBackwards()).isZero();
    assertThat(watch.sight().switchGap())
        .isGreaterThanOrEqualTo(Duration.ofNanos(spokeThere - spokeHere));
  }

  /** The guest's last beat here and its first there come between the same two looks. */
  private void whileAway(Path here, Path there) {
    switch (pauses.incrementAndGet()) {
      case 2 -> says(here, "H 1 100 0123abcd");
      case 4 -> {
        spokeHere = System.nanoTime();
        says(here, "H 2 200 0123abcd");
        while (System.nanoTime() - spokeHere < SILENCE.toNanos()) {
          Thread.onSpinWait();
        }
        spokeThere = System.nanoTime();
        says(there, "H 3 300 0123abcd");
      }
      case 6 -> done.countDown();
      default -> {}
    }
  }

  private static void says(Path console, String line) {
    try {
      Files.writeString(console, line + "\n", StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
