package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Rounds;
import dev.tern.contract.host.MigrationEnd;
import dev.tern.contract.host.ReceiptEntry.Kind;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("A sweeper")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S166")
class SweeperTest extends SweepingScene {
  private static final Duration INTERVAL = Duration.ofMinutes(1);

  @Test
  void sweeps_as_soon_as_the_agent_starts_and_counts_what_it_took() throws Exception {
    hosts.destination.sweepAge = Duration.ofNanos(1);
    hosts.destination.restart();
    var _ = incoming();
    var _ = over(hosts.destination, MigrationEnd.NOT_TAKEN_IN);
    SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    CompletableFuture<Duration> rests = new CompletableFuture<>();
    Sweeper sweeper = new Sweeper(hosts.destination.agent, INTERVAL, () -> 0.5, metrics);
    try (Rounds rounds =
        new Rounds(
            "sweeper",
            sweeper::round,
            time -> {
              rests.complete(time);
              throw new InterruptedException();
            },
            sweeper::next)) {
      rounds.start();
      assertThat(rests.get(30, TimeUnit.SECONDS)).isEqualTo(Duration.ofSeconds(66));
    }
    assertNothingLeft();
    assertThat(metrics.get("tern.agent.swept").tag("kind", "process").functionCounter().count())
        .isEqualTo(1);
    assertThat(hosts.source.agent.swept(Kind.PROCESS)).isZero();
  }
}
