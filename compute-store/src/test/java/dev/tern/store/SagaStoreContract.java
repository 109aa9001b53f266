package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.SagaStore.Direction;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LeaseLostException;
import dev.tern.store.SagaStore.LogLine;
import dev.tern.store.SagaStore.Position;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.SagaStore.SagaRecord;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link SagaStore} keeps, real or in memory. */
abstract class SagaStoreContract {
  private static final Position PLACE = new Position(Direction.FORWARD, "place");

  abstract Stores stores();

  private final Samples samples = new Samples(this::stores);
  private final HostName home = new HostName("home-" + UUID.randomUUID());

  @BeforeEach
  void hosts_report() {
    samples.host(home);
  }

  private ServerId created() {
    return stores().servers().requestCreate(Samples.server("new", "sea"), Samples.request()).id();
  }

  private static LogLine line(String step) {
    return new LogLine(step, "done", "", Instant.EPOCH);
  }

  @Test
  void is_leased_to_one_holder_until_the_lease_ends() {
    Lease first = samples.lease(created());
    assertThat(stores().sagas().lease(first.saga(), "another", Samples.LEASE)).isEmpty();
    assertThat(stores().sagas().waiting(100_000)).doesNotContain(first.saga());
    stores().pass(Samples.LEASE.plusSeconds(1));
    assertThat(stores().sagas().waiting(100_000)).contains(first.saga());
    SagaRecord second =
        stores().sagas().lease(first.saga(), "another", Samples.LEASE).orElseThrow();
    assertThat(second.lease().token()).isGreaterThan(first.token());
    assertThat(second.kind()).isEqualTo(SagaKind.BOOT);
    assertThat(second.position()).isEmpty();
    assertThat(second.facts()).isEqualTo("{}");
  }

  @Test
  void is_not_written_by_an_older_holder() {
    Lease first = samples.lease(created());
    stores().pass(Samples.LEASE.plusSeconds(1));
    Lease second =
        stores().sagas().lease(first.saga(), "another", Samples.LEASE).orElseThrow().lease();
    assertThatThrownBy(
            () -> stores().sagas().record(first, PLACE, "{\"who\":\"first\"}", line("place")))
        .isInstanceOf(LeaseLostException.class);
    assertThatThrownBy(() -> stores().sagas().renewAndSeeAbort(first))
        .isInstanceOf(LeaseLostException.class);
    stores().sagas().giveBack(first);
    stores().sagas().record(second, PLACE, "{\"who\":\"second\"}", line("place"));
    assertThat(stores().sagas().log(first.saga())).hasSize(1);
    assertThat(stores().sagas().request(first.saga())).isPresent();
    assertThat(stores().sagas().request(UUID.randomUUID())).isEmpty();
    stores().sagas().giveBack(second);
    SagaRecord third = stores().sagas().lease(first.saga(), "a third", Samples.LEASE).orElseThrow();
    assertThat(third.facts()).isEqualTo("{\"who\":\"second\"}");
    assertThat(third.position()).contains(PLACE);
  }

  @Test
  void is_kept_by_writing_and_by_looking() {
    Lease lease = samples.lease(created());
    stores().pass(Samples.LEASE.minusSeconds(5));
    assertThat(stores().sagas().renewAndSeeAbort(lease)).isFalse();
    stores().pass(Samples.LEASE.minusSeconds(5));
    stores().sagas().record(lease, PLACE, "{}", line("place"));
    stores().pass(Samples.LEASE.minusSeconds(5));
    assertThat(stores().sagas().lease(lease.saga(), "another", Samples.LEASE)).isEmpty();
  }

  @Test
  void whose_lease_ended_untaken_is_still_its_holders() {
    Lease lease = samples.lease(created());
    stores().pass(Samples.LEASE.plusSeconds(1));
    assertThat(stores().sagas().renewAndSeeAbort(lease)).isFalse();
    assertThat(stores().sagas().lease(lease.saga(), "another", Samples.LEASE)).isEmpty();
  }

  @Test
  void given_back_cannot_be_written_any_more() {
    Lease lease = samples.lease(created());
    stores().sagas().giveBack(lease);
    assertThatThrownBy(() -> stores().sagas().record(lease, PLACE, "{}", line("place")))
        .isInstanceOf(LeaseLostException.class);
  }

  @Test
  void handed_over_is_taken_by_who_is_woken_and_not_by_who_lost_it() {
    Lease lease = samples.lease(created());
    long before = stores().outbox().waiting();
    stores().sagas().handOver(lease);
    assertThat(stores().outbox().waiting()).isEqualTo(before + 1);
    Lease next =
        stores().sagas().lease(lease.saga(), "another", Samples.LEASE).orElseThrow().lease();
    stores().sagas().handOver(lease);
    assertThat(stores().outbox().waiting()).isEqualTo(before + 1);
    assertThat(stores().sagas().renewAndSeeAbort(next)).isFalse();
  }

  @Test
  void waits_for_the_older_one_of_its_server() {
    ServerId server = created();
    Lease boot = samples.lease(server);
    stores().servers().requestDelete(server, Samples.request());
    assertThat(stores().sagas().renewAndSeeAbort(boot)).isTrue();
    stores().sagas().giveBack(boot);
    UUID older = boot.saga();
    assertThat(stores().sagas().waiting(100_000)).contains(older);
    Lease again = samples.lease(server);
    assertThat(again.saga()).isEqualTo(older);
    stores().servers().placed(again, server, home, samples.claim(server, home));
    stores().servers().running(again, server);
    Lease delete = samples.lease(server);
    assertThat(delete.saga()).isNotEqualTo(older);
    assertThat(stores().sagas().lease(older, "another", Samples.LEASE)).isEmpty();
  }

  @Test
  void keeps_its_log_in_order() {
    Lease lease = samples.lease(created());
    for (String step : new String[] {"a", "b", "c"}) {
      stores().sagas().record(lease, new Position(Direction.BACK, step), "{}", line(step));
    }
    assertThat(stores().sagas().log(lease.saga()).stream().map(LogLine::step))
        .containsExactly("a", "b", "c");
  }
}
