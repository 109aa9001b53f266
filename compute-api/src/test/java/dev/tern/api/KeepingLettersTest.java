package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.api.deadletters.DeadLetterSettings;
import dev.tern.api.deadletters.KeepingLetters;
import dev.tern.api.deadletters.OldLetters;
import dev.tern.api.fakes.FakeBroker;
import dev.tern.contract.dead.DeadLetter;
import dev.tern.store.DeadLetterStore;
import dev.tern.store.InMemoryStores;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

@DisplayName("A dead letter that is found")
class KeepingLettersTest {
  private final InMemoryStores stores = new InMemoryStores();
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private final AtomicInteger failures = new AtomicInteger();
  private final AtomicInteger pauses = new AtomicInteger();

  /** The store, out of reach for so many calls. */
  private DeadLetterStore store() {
    DeadLetterStore real = stores.deadLetters();
    return new DeadLetterStore() {
      @Override
      public boolean keep(DeadLetter letter) {
        if (failures.getAndDecrement() > 0) {
          throw new IllegalStateException("no database, on purpose");
        }
        return real.keep(letter);
      }

      @Override
      public Optional<KeptLetter> find(UUID id) {
        return real.find(id);
      }

      @Override
      public List<KeptLetter> list(Optional<UUID> marker, int limit) {
        return real.list(marker, limit);
      }

      @Override
      public boolean remove(UUID id) {
        return real.remove(id);
      }

      @Override
      public int discard(Bounds bounds) {
        return real.discard(bounds);
      }

      @Override
      public long count() {
        return real.count();
      }
    };
  }

  private KeepingLetters keeping() {
    OldLetters old =
        new OldLetters(
            stores.deadLetters(),
            new DeadLetterSettings(
                3, DataSize.ofMegabytes(16), Duration.ofDays(30), Duration.ofMinutes(10)),
            metrics);
    return new KeepingLetters(
        store(), new FakeBroker(), old, _ -> pauses.incrementAndGet(), metrics);
  }

  private static DeadLetter letter(String digit, String queue) {
    return new DeadLetter(
        digit.repeat(64 / digit.length()),
        queue,
        queue,
        Optional.empty(),
        "NOT_JSON",
        "why",
        1,
        Map.of(),
        new byte[] {1},
        1,
        Instant.EPOCH);
  }

  private double counted(String queue) {
    var counter = metrics.find("tern.messages.dead").tags("queue", queue).counter();
    return counter == null ? 0 : counter.count();
  }

  private double waiting() {
    return metrics.get("tern.dead.letters").gauge().value();
  }

  @Test
  void is_kept_and_counted_once_however_often_it_comes() {
    KeepingLetters keeping = keeping();
    keeping.keep(letter("a", "tern.conductor"));
    keeping.keep(letter("a", "tern.conductor"));
    keeping.keep(letter("b", "tern.conductor"));
    assertThat(counted("conductor")).isEqualTo(2);
    assertThat(waiting()).isEqualTo(2);
  }

  /** Whoever floods the broker does not fill the database. */
  @Test
  void pushes_out_the_oldest_when_there_are_too_many() {
    KeepingLetters keeping = keeping();
    String digits = "0123456789abcdef";
    for (int i = 0; i < digits.length() * 4; i++) {
      String pair = digits.substring(i / 16, i / 16 + 1) + digits.charAt(i % 16);
      keeping.keep(letter(pair, "tern.conductor"));
    }
    assertThat(waiting()).isEqualTo(3);
    assertThat(metrics.get("tern.dead.letters.discarded").counter().count()).isEqualTo(61);
    assertThat(stores.deadLetters().list(Optional.empty(), 1).getFirst().letter().digest())
        .startsWith("3f");
  }

  @Test
  void is_no_strangers_text_in_a_metric() {
    keeping().keep(letter("a", "strange"));
    assertThat(counted("other")).isEqualTo(1);
    assertThat(counted("strange")).isZero();
  }

  @Test
  void waits_for_the_database() {
    failures.set(3);
    keeping().keep(letter("a", "tern.conductor"));
    assertThat(pauses).hasValue(3);
    assertThat(waiting()).isEqualTo(1);
  }

  @Test
  void stays_at_the_broker_when_its_finder_stops() {
    failures.set(Integer.MAX_VALUE);
    KeepingLetters keeping = keeping();
    keeping.stop();
    assertThatThrownBy(() -> keeping.keep(letter("a", "tern.conductor")))
        .isInstanceOf(IllegalStateException.class);
    assertThat(stores.deadLetters().count()).isZero();
    assertThat(counted("conductor")).isZero();
  }
}
