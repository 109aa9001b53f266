package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("What is kept in _base")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class BaseKeeperTest {
  @TempDir Path directory;
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

  private double bytes(String kind) {
    return metrics.get("tern.agent.base.bytes").tag("kind", kind).gauge().value();
  }

  @Test
  void is_shown_and_looked_through_again_and_again_whatever_one_round_met() throws Exception {
    FakeWorld world = new FakeWorld();
    try (TwoHosts hosts =
        new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()))) {
      TwoHosts.Host host = hosts.source;
      ImageRef image = hosts.rawImage(1);
      host.done(new BuildServer(header(1), spec(image)));
      BaseKeeper keeper = new BaseKeeper(host.agent, metrics);
      keeper.round();
      assertThat(bytes("used")).isEqualTo((double) image.sizeBytes());
      Path recipe = host.instance().resolve("recipe.json");
      byte[] right = Files.readAllBytes(recipe);
      Files.write(recipe, new byte[0]);
      keeper.round();
      assertThat(bytes("used")).isEqualTo((double) image.sizeBytes());
      Files.write(recipe, right);
      host.done(new DestroyServer(header(2)));
      keeper.round();
      assertThat(bytes("used")).isZero();
      assertThat(bytes("unused")).isEqualTo((double) image.sizeBytes());
      assertThat(bytes("wrong")).isZero();
    }
  }

  @Test
  void is_looked_through_each_hour_at_the_latest_and_each_second_at_the_earliest() {
    assertThat(BaseKeeper.between(Duration.ZERO)).isEqualTo(Duration.ofHours(1));
    assertThat(BaseKeeper.between(Duration.ofDays(30))).isEqualTo(Duration.ofHours(1));
    assertThat(BaseKeeper.between(Duration.ofMillis(1))).isEqualTo(Duration.ofSeconds(1));
    assertThat(BaseKeeper.between(Duration.ofHours(5))).isEqualTo(Duration.ofMinutes(30));
    assertThat(BaseKeeper.between(Duration.ofMinutes(10))).isEqualTo(Duration.ofMinutes(1));
  }
}
