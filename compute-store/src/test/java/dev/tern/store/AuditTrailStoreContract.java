package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.RequestId;
import dev.tern.store.AuditTrailStore.Asked;
import dev.tern.store.AuditTrailStore.AskedFor;
import dev.tern.store.AuditTrailStore.AuditQuery;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What every audit trail keeps. */
abstract class AuditTrailStoreContract {
  private static final Duration FOR_EVER = Duration.ofDays(36_500);
  private static final AuditQuery ALL =
      new AuditQuery(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          false,
          Optional.empty(),
          100);

  abstract Stores stores();

  private final String project = UUID.randomUUID().toString();

  private AuditTrailStore trail() {
    return stores().auditTrail();
  }

  private Asked asked(String user, String action, String target, int status, Instant at) {
    return new Asked(
        RequestId.of(UUID.randomUUID()),
        user,
        project,
        List.of("admin", "member"),
        "127.0.0.1",
        "POST",
        "/v2.1/servers/x/action",
        action,
        target,
        status,
        at);
  }

  private List<Asked> found(AuditQuery query) {
    return trail().list(query).stream().map(AskedFor::asked).toList();
  }

  private AuditQuery here() {
    return with(Optional.empty(), Optional.empty(), Optional.empty(), false, Optional.empty());
  }

  private AuditQuery with(
      Optional<String> user,
      Optional<String> target,
      Optional<Instant> since,
      boolean refused,
      Optional<Long> before) {
    return new AuditQuery(
        user,
        Optional.of(project),
        target,
        Optional.empty(),
        Optional.empty(),
        since,
        Optional.empty(),
        refused,
        before,
        100);
  }

  @Test
  void is_listed_newest_first_by_what_is_asked_of_it() {
    Instant noon = Instant.parse("2026-01-01T12:00:00Z");
    Asked stop = asked("gull", "os-stop", "s1", 202, noon);
    Asked start = asked("tern", "os-start", "s2", 409, noon.plusSeconds(1));
    trail().keep(stop);
    trail().keep(start);

    assertThat(found(here())).containsExactly(start, stop);
    assertThat(
            found(
                with(
                    Optional.of("gull"),
                    Optional.empty(),
                    Optional.empty(),
                    false,
                    Optional.empty())))
        .containsExactly(stop);
    assertThat(
            found(
                with(
                    Optional.empty(),
                    Optional.of("s2"),
                    Optional.empty(),
                    false,
                    Optional.empty())))
        .containsExactly(start);
    assertThat(
            found(
                with(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(start.at()),
                    false,
                    Optional.empty())))
        .containsExactly(start);
    assertThat(
            found(
                with(Optional.empty(), Optional.empty(), Optional.empty(), true, Optional.empty())))
        .containsExactly(start);
    long newest = trail().list(here()).getFirst().number();
    assertThat(
            found(
                with(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    false,
                    Optional.of(newest))))
        .containsExactly(stop);
  }

  @Test
  void forgets_what_is_too_old_and_the_oldest_of_what_is_too_much() {
    Asked old = asked("gull", "", "", 200, Instant.EPOCH);
    trail().keep(old);
    for (int i = 0; i < 3; i++) {
      trail().keep(asked("gull", "", "s" + i, 200, Instant.parse("2126-01-01T00:00:00Z")));
    }

    assertThat(trail().forget(Duration.ofDays(365), 1_000_000, 100)).isPositive();
    assertThat(found(here())).hasSize(3).doesNotContain(old);

    assertThat(trail().forget(FOR_EVER, 2, 100)).isPositive();
    assertThat(found(here())).extracting(Asked::target).containsExactly("s2", "s1");
    assertThat(trail().list(ALL)).hasSize(2);
  }
}
