package dev.tern.conductor.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.contract.RequestId;
import dev.tern.contract.tracing.Traced;
import dev.tern.contract.tracing.Tracing;
import dev.tern.store.SagaStore.LogLine;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The trace of a migration")
class TraceTest {
  private final FakeCloud cloud = new FakeCloud();
  private final Recorded recorded = new Recorded();

  /** Work as it was begun, under what it was begun; it has to end in the reverse order. */
  private static final class Recorded implements Tracing {
    private final List<String> all = new ArrayList<>();
    private final Set<RequestId> requests = new HashSet<>();
    private final Deque<String> open = new ArrayDeque<>();

    private Traced begin(RequestId request, String name) {
      requests.add(request);
      String path = open.isEmpty() ? name : open.peek() + "/" + name;
      all.add(path);
      open.push(path);
      return new Traced() {
        @Override
        public Traced with(String key, Object value) {
          return this;
        }

        @Override
        public void event(String what, String detail) {}

        @Override
        public void failed(String why) {
          all.add(path + ": failed");
        }

        @Override
        public void close() {
          assertThat(open.pop()).isEqualTo(path);
        }
      };
    }

    @Override
    public Traced request(RequestId request, String name, Optional<String> cause) {
      throw new AssertionError("requests come in elsewhere");
    }

    @Override
    public Traced work(RequestId request, String name) {
      return begin(request, name);
    }

    @Override
    public Traced apart(RequestId request, String name) {
      throw new AssertionError("a saga has a thread");
    }

    @Override
    public void past(RequestId request, String name, Instant from, Instant to) {
      requests.add(request);
      all.add(name);
    }

    @Override
    public void close() {}
  }

  private List<String> stepsDone() {
    return cloud.log().stream()
        .filter(line -> line.what().equals("started"))
        .map(LogLine::step)
        .map(step -> "live-migration/" + step)
        .toList();
  }

  @Test
  void has_each_step_below_the_saga_of_one_request() throws InterruptedException {
    cloud.tracing = recorded;
    cloud.run();

    assertThat(recorded.all).startsWith("live-migration", "outbox");
    assertThat(recorded.all.subList(2, recorded.all.size()))
        .containsExactlyElementsOf(stepsDone())
        .contains("live-migration/mirror-disks", "live-migration/hand-over");
    assertThat(recorded.requests).hasSize(1);
    assertThat(recorded.open).isEmpty();
  }

  @Test
  void is_gone_on_with_by_the_conductor_that_takes_the_saga_over() throws InterruptedException {
    cloud.tracing = recorded;
    cloud.fail("mirror-disks", FakeCloud.Fault.CONDUCTOR_DIES_AFTER_THE_EFFECT);
    cloud.run();

    assertThat(recorded.all).filteredOn("live-migration"::equals).hasSize(2);
    assertThat(recorded.all).filteredOn("outbox"::equals).hasSize(1);
    assertThat(recorded.all).filteredOn("live-migration/mirror-disks"::equals).hasSize(2);
    assertThat(recorded.requests).hasSize(1);
    assertThat(recorded.open).isEmpty();
  }

  @Test
  void has_what_failed_and_what_was_undone() throws InterruptedException {
    cloud.tracing = recorded;
    cloud.fail("mirror-disks", FakeCloud.Fault.REFUSED);
    cloud.run();

    assertThat(recorded.all)
        .containsSequence(
            "live-migration/mirror-disks",
            "live-migration/mirror-disks: failed",
            "live-migration/undo mirror-disks");
    assertThat(recorded.open).isEmpty();
  }
}
