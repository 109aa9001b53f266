package dev.tern.agent;

import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.contract.host.HostAnswer.WritesWatched;
import dev.tern.contract.host.HostQuestion.WatchWrites;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Guests that are watched by their host")
class WatchedWritesTest {
  private static final ServerId ELSEWHERE = ServerId.parse("44444444-4444-4444-8444-444444444444");
  private static final WatchWrites QUESTION =
      new WatchWrites(List.of(SERVER, ELSEWHERE), Duration.ofSeconds(1));

  @TempDir private Path directory;

  @Test
  void are_told_of_without_those_that_are_not_here_or_do_not_answer() throws Exception {
    FakeWorld world = new FakeWorld();
    try (TwoHosts hosts =
        new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()))) {
      hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
      hosts.source.done(new StartServer(header(1)));

      assertThat(hosts.source.agent.answer(QUESTION))
          .isEqualTo(new WritesWatched(Map.of(SERVER, new GuestWrites(Optional.of(0L), "", 0))));
      assertThat(hosts.destination.agent.answer(QUESTION)).isEqualTo(new WritesWatched(Map.of()));

      world.failNext("writes", Kind.NO_ANSWER);
      assertThat(hosts.source.agent.answer(QUESTION)).isEqualTo(new WritesWatched(Map.of()));
    }
  }

  @Test
  void are_not_watched_again_by_who_is_content_with_what_was_seen_a_short_while_ago()
      throws Exception {
    FakeWorld world = new FakeWorld();
    WatchWrites again =
        new WatchWrites(List.of(SERVER), Duration.ofSeconds(1), Optional.of(Duration.ofMinutes(1)));
    try (TwoHosts hosts =
        new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()))) {
      hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
      hosts.source.done(new StartServer(header(1)));
      WritesWatched seen = (WritesWatched) hosts.source.agent.answer(QUESTION);

      world.failNext("writes", Kind.NO_ANSWER);
      assertThat(hosts.source.agent.answer(again)).isEqualTo(seen);
      assertThat(hosts.source.agent.answer(QUESTION)).isEqualTo(new WritesWatched(Map.of()));
      assertThat(hosts.source.agent.answer(again)).isEqualTo(seen);
    }
  }
}
