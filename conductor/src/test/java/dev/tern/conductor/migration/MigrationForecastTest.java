package dev.tern.conductor.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.asking.Watching;
import dev.tern.conductor.fake.FakeCloud;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.contract.host.HostAnswer.WritesWatched;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.host.HostQuestion.WatchWrites;
import dev.tern.store.MigrationFigures.Foreseen;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("What is foreseen of a migration")
class MigrationForecastTest {
  private static final long ASSUMED = 1_000_000;

  private final FakeCloud cloud = new FakeCloud();
  private final List<HostQuestion> asked = new ArrayList<>();

  private void watched(Executor beside, long memory) {
    cloud.foreseeing =
        new Foreseeing.By(
            new Watching(
                (host, question, _) -> {
                  assertThat(host).isEqualTo(FakeCloud.HOME);
                  asked.add(question);
                  return new Asked.Answered<>(
                      new WritesWatched(
                          Map.of(
                              cloud.server().id(), new GuestWrites(Optional.of(memory), "", 0))));
                },
                beside),
            ASSUMED);
  }

  private Forecast foreseen() {
    return cloud.migration().figures().planned().map(Foreseen::forecast).orElseThrow();
  }

  @Test
  void rests_on_what_its_guest_writes_and_its_host_is_asked_once() throws InterruptedException {
    watched(Runnable::run, 0);
    cloud.run();
    Forecast quiet = foreseen();
    assertThat(quiet.basis().orElseThrow()).contains("assumed").doesNotContain("not known");
    assertThat(asked)
        .containsExactly(
            new WatchWrites(
                List.of(cloud.server().id()),
                Duration.ofSeconds(1),
                Optional.of(Duration.ofMinutes(1))));
  }

  @Test
  void says_that_it_would_not_converge() throws InterruptedException {
    watched(Runnable::run, 2 * ASSUMED);
    cloud.run();
    assertThat(foreseen().left()).isEmpty();
    assertThat(foreseen().reason()).contains("would not converge");
  }

  @Test
  void does_not_wait_for_that_and_is_said_anew_when_its_data_is_about_to_move()
      throws InterruptedException {
    List<Runnable> watches = new ArrayList<>();
    watched(watches::add, 2 * ASSUMED);
    List<Forecast> first = new ArrayList<>();
    cloud.watcher =
        (line, after) -> {
          if (line.step().equals("start-incoming") && !watches.isEmpty()) {
            first.add(foreseen());
            watches.removeFirst().run();
          }
        };
    cloud.run();
    assertThat(first).hasSize(1);
    assertThat(first.getFirst().basis().orElseThrow()).contains("not known");
    assertThat(foreseen().reason()).contains("would not converge");
  }

  @Test
  void that_nobody_could_watch_rests_on_its_bytes_alone() throws InterruptedException {
    cloud.run();
    assertThat(foreseen().left()).isPresent();
    assertThat(foreseen().basis().orElseThrow()).contains("writes is not known");
  }
}
