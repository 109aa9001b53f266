package dev.tern.contract.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.amqp.OutboxRelay.Batch;
import dev.tern.contract.conductor.Outbox;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The outbox relay")
class OutboxRelayTest {
  private final KeptOutbox outbox = new KeptOutbox();

  @Test
  void removes_only_what_the_broker_confirmed() throws InterruptedException {
    outbox.owe(1, 2, 3);
    OutboxRelay relay = relay((entries, deadline) -> List.of(1L, 3L));

    assertThat(relay.relayOnce()).isEqualTo(new Batch(3, 2));

    assertThat(outbox.owed).extracting(Outbox.Entry::number).containsExactly(2L);
  }

  @Test
  void goes_on_after_the_broker_was_away() throws InterruptedException {
    outbox.owe(1);
    List<String> calls = new ArrayList<>();
    OutboxRelay relay =
        new OutboxRelay(
            outbox,
            (entries, deadline) -> {
              calls.add("publish");
              if (calls.size() == 1) {
                throw new IllegalStateException("no broker");
              }
              return entries.stream().map(Outbox.Entry::number).toList();
            },
            time -> {
              if (outbox.owed.isEmpty()) {
                throw new InterruptedException("enough");
              }
            },
            Duration.ofSeconds(1));

    relay.run();

    assertThat(Thread.interrupted()).isTrue();
    assertThat(outbox.owed).isEmpty();
    assertThat(calls).hasSize(2);
  }

  private OutboxRelay relay(OutboxRelay.Publisher publisher) {
    return new OutboxRelay(outbox, publisher, time -> {}, Duration.ofSeconds(1));
  }

  private static final class KeptOutbox implements Outbox {
    final List<Entry> owed = new ArrayList<>();

    void owe(long... numbers) {
      for (long number : numbers) {
        owed.add(new Entry(number, "", "conductor", "WakeSaga", "{}"));
      }
    }

    @Override
    public List<Entry> take(int limit, Duration hold) {
      return owed.stream().limit(limit).toList();
    }

    @Override
    public void sent(List<Long> numbers) {
      owed.removeIf(entry -> numbers.contains(entry.number()));
    }
  }
}
