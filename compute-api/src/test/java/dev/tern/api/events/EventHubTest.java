package dev.tern.api.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.store.ChangeStore.Kind;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Who watches")
class EventHubTest {
  private static final Viewer ADMIN = new Viewer("p", Set.of(Kind.values()));
  private static final Viewer TENANT = new Viewer("sea", Set.of());
  private static final int WAITING = 3;
  private static final int KEPT = 4;

  private final EventHub hub =
      new EventHub(
          new EventSettings(
              Duration.ofMillis(1),
              Duration.ofMillis(1),
              Duration.ofMillis(1),
              Duration.ofMillis(1),
              10,
              WAITING,
              KEPT,
              Duration.ofMinutes(1)),
          new SimpleMeterRegistry());

  @BeforeEach
  void the_reader_begins() {
    hub.start();
    hub.begin(100);
  }

  private Watcher watching(Viewer viewer, Optional<Long> from) {
    Watcher watcher = new Watcher(viewer, from, WAITING);
    assertThat(hub.add(watcher)).isTrue();
    return watcher;
  }

  private static List<String> heard(Watcher watcher) throws InterruptedException {
    List<String> all = new ArrayList<>();
    for (Optional<String> next = watcher.next(Duration.ZERO);
        next.isPresent();
        next = watcher.next(Duration.ZERO)) {
      all.add(next.get());
    }
    return all;
  }

  private static Event server(String project, String name) {
    return new Event(
        Kind.SERVER,
        Optional.of(project),
        "{whole %s}".formatted(name),
        Optional.of("{own " + name + "}"));
  }

  @Test
  void is_told_what_it_may_see_with_where_to_go_on() throws InterruptedException {
    Watcher admin = watching(ADMIN, Optional.empty());
    Watcher tenant = watching(TENANT, Optional.empty());
    hub.tell(101, List.of(server("sea", "a"), server("land", "b")));
    assertThat(heard(admin))
        .containsExactly(
            "event: hello\ndata: {}\nid: 100\n\n",
            "event: server\ndata: {whole a}\n\nevent: server\ndata: {whole b}\nid: 101\n\n");
    assertThat(heard(tenant))
        .containsExactly(
            "event: hello\ndata: {}\nid: 100\n\n", "event: server\ndata: {own a}\nid: 101\n\n");
  }

  @Test
  void is_disconnected_when_it_is_slow_and_nobody_else_is() throws InterruptedException {
    Watcher slow = watching(ADMIN, Optional.empty());
    Watcher quick = watching(ADMIN, Optional.empty());
    for (int i = 1; i <= WAITING; i++) {
      assertThat(heard(quick)).hasSize(1);
      hub.tell(100 + i, List.of(server("sea", "a")));
    }
    assertThat(slow.ended()).isTrue();
    assertThat(heard(slow)).isEmpty();
    assertThat(quick.ended()).isFalse();
    assertThat(hub.dropped()).isOne();
    assertThat(hub.count()).isOne();
  }

  @Test
  void goes_on_with_what_it_missed_or_reads_anew() throws InterruptedException {
    for (int i = 1; i <= KEPT + 2; i++) {
      hub.tell(100 + i, List.of(server("sea", "n" + i)));
    }
    String goesOn = String.join("", heard(watching(ADMIN, Optional.of(104L))));
    assertThat(goesOn).contains("hello", "n5", "n6").doesNotContain("n4", "reset");
    assertThat(heard(watching(ADMIN, Optional.of(101L))))
        .containsExactly("event: reset\ndata: {}\nid: 106\n\n");
    assertThat(heard(watching(ADMIN, Optional.of(107L))).getFirst()).contains("reset");
  }

  @Test
  void reads_anew_when_the_reader_missed_something() throws InterruptedException {
    Watcher admin = watching(ADMIN, Optional.empty());
    assertThat(heard(admin)).hasSize(1);
    hub.reset(200);
    assertThat(heard(admin)).containsExactly("event: reset\ndata: {}\nid: 200\n\n");
    assertThat(heard(watching(ADMIN, Optional.of(150L))).getFirst()).contains("reset");
  }

  @Test
  void waits_until_the_reader_has_begun_again_and_ends_with_the_process()
      throws InterruptedException {
    hub.pause();
    Watcher early = watching(ADMIN, Optional.empty());
    assertThat(heard(early)).isEmpty();
    hub.begin(300);
    assertThat(heard(early).getFirst()).contains("hello", "300");
    hub.stop();
    assertThat(early.ended()).isTrue();
    assertThat(hub.add(new Watcher(ADMIN, Optional.empty(), 1))).isFalse();
  }
}
