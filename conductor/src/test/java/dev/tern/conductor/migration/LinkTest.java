package dev.tern.conductor.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.store.Link;
import dev.tern.store.MigrationFigures;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.Wishes;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The speed of a link")
class LinkTest {
  private static final HostName HERE = new HostName("here");
  private static final HostName THERE = new HostName("there");
  private static final HostName ELSEWHERE = new HostName("elsewhere");
  private static final long ASSUMED = 1000;

  private final List<MigrationRecord> ended = new ArrayList<>();

  /** Sent so much a second for ten seconds, after two in which nothing was sent. */
  private void moved(HostName from, HostName to, long rate) {
    MigrationRecord any = new FakeCloud().migration();
    Wishes wishes =
        new Wishes(
            any.wishes().policy(),
            0,
            any.wishes().streams(),
            false,
            Optional.of(Instant.EPOCH.plusSeconds(2)),
            Optional.empty(),
            Map.of());
    ended.add(
        new MigrationRecord(
            any.number(),
            any.id(),
            any.server(),
            any.saga(),
            MigrationStatus.COMPLETED,
            any.phase(),
            true,
            false,
            Optional.empty(),
            from,
            any.requestedHost(),
            Optional.of(to),
            any.destinationClaim(),
            any.blockMigration(),
            any.diskOverCommit(),
            any.epoch(),
            any.user(),
            any.project(),
            rate * 4,
            rate,
            0,
            // Three quarters of its memory were zero, and not sent.
            rate * 6,
            rate * 6,
            0,
            Optional.of(Duration.ofMillis(30)),
            MigrationFigures.NONE,
            wishes,
            Optional.empty(),
            Instant.EPOCH,
            Instant.EPOCH,
            Optional.of(Instant.EPOCH.plusSeconds(12))));
  }

  private Link between() {
    MigrationStore store =
        (MigrationStore)
            Proxy.newProxyInstance(
                MigrationStore.class.getClassLoader(),
                new Class<?>[] {MigrationStore.class},
                (_, method, arguments) -> {
                  assertThat(method.getName()).isEqualTo("list");
                  MigrationQuery query = (MigrationQuery) arguments[0];
                  return ended.stream()
                      .filter(one ->
                          query.source().isEmpty() || query.source().get().equals(one.source()))
                      .limit(query.limit())
                      .toList();
                });
    return Link.between(store, HERE, Optional.of(THERE), ASSUMED);
  }

  @Test
  void is_that_of_the_same_two_hosts_when_there_are_three_of_them() {
    moved(HERE, ELSEWHERE, 9000);
    moved(HERE, THERE, 200);
    moved(HERE, THERE, 300);
    moved(HERE, ELSEWHERE, 9000);
    moved(HERE, THERE, 400);

    Link link = between();
    assertThat(List.of(link.slow(), link.usual(), link.fast()))
        .containsExactly(200.0, 300.0, 400.0);
    assertThat(link.aside()).isEqualTo(Duration.ofSeconds(2));
    assertThat(link.basis()).contains("the last 3 migrations from here to there");
  }

  @Test
  void is_that_of_all_that_left_the_host_when_there_are_fewer() {
    moved(HERE, THERE, 200);
    moved(HERE, ELSEWHERE, 300);
    moved(HERE, ELSEWHERE, 400);
    moved(THERE, ELSEWHERE, 9000);

    Link link = between();
    assertThat(List.of(link.slow(), link.usual(), link.fast()))
        .containsExactly(200.0, 300.0, 400.0);
    assertThat(link.basis()).contains("the last 3 migrations from here,");
  }

  @Test
  void is_that_of_other_hosts_when_none_left_this_one_and_that_is_wide() {
    moved(THERE, HERE, 200);
    moved(THERE, HERE, 300);
    moved(THERE, HERE, 400);

    Link link = between();
    assertThat(List.of(link.slow(), link.usual(), link.fast()))
        .containsExactly(100.0, 300.0, 800.0);
    assertThat(link.basis()).contains("none from here is known").contains("the band is wide");
  }

  @Test
  void is_assumed_while_nothing_was_measured() {
    Link link = between();
    assertThat(List.of(link.slow(), link.usual(), link.fast()))
        .containsExactly(250.0, 1000.0, 4000.0);
    assertThat(link.measured()).isFalse();
  }
}
