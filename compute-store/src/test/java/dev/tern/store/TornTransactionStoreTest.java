package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.store.ActionStore.ActionRecord;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.ServerRecord;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A transaction whose connection dies in the middle")
class TornTransactionStoreTest {
  @RegisterExtension static final StoreTestDatabase stores = new StoreTestDatabase();

  private final Samples samples = new Samples(() -> stores);
  private final HostName home = new HostName("home-" + UUID.randomUUID());
  private final HostName away = new HostName("away-" + UUID.randomUUID());

  @BeforeEach
  void hosts_report() {
    samples.host(home);
    samples.host(away);
  }

  @AfterEach
  void mend() throws SQLException {
    execute("drop function if exists die cascade");
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection = stores.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** The server process that writes to the table next is ended there and then. */
  private static void dieAt(String table) throws SQLException {
    execute(
        "create or replace function die() returns trigger language plpgsql as"
            + " $$begin perform pg_terminate_backend(pg_backend_pid()); return new; end$$");
    execute(
        "create trigger die after insert or update on %s for each row execute function die()"
            .formatted(table));
  }

  private record Seen(
      Optional<ServerRecord> server,
      List<MigrationRecord> migrations,
      List<ActionRecord> actions,
      List<ClaimRecord> claims,
      long outbox) {}

  private static Seen seen(ServerRecord server) {
    return new Seen(
        stores.servers().find(server.id()),
        stores
            .migrations()
            .list(
                new MigrationQuery(
                    Optional.of(server.id()),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    false,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    10)),
        stores.actions().list(server.id()),
        stores.claims().of(server.id()),
        stores.outbox().waiting());
  }

  @ParameterizedTest
  @ValueSource(strings = {"servers", "migrations", "instance_actions", "sagas", "outbox"})
  void leaves_nothing_of_a_request(String table) throws SQLException {
    ServerRecord guest = samples.active(home);
    Seen before = seen(guest);
    dieAt(table);
    assertThatThrownBy(() -> samples.accepted(guest.id())).isNotNull();
    mend();
    assertThat(seen(guest)).isEqualTo(before);
    assertThat(samples.accepted(guest.id()).epoch()).isEqualTo(guest.epoch() + 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"servers", "migrations", "instance_actions", "claims", "host_shares"})
  void leaves_nothing_of_an_ending(String table) throws SQLException {
    ServerRecord guest = samples.active(home);
    MigrationRecord migration = samples.accepted(guest.id());
    Lease lease = samples.lease(guest.id());
    ClaimId claim = samples.claim(guest.id(), away);
    stores.migrations().planned(lease, migration.id(), away, claim, 1);
    stores.migrations().ownerChanged(lease, migration.id(), PauseParts.unknown("not heard"));
    Seen before = seen(guest);
    dieAt(table);
    assertThatThrownBy(() -> stores.migrations().completed(lease, migration.id())).isNotNull();
    mend();
    assertThat(seen(guest)).isEqualTo(before);
    stores.migrations().completed(lease, migration.id());
    assertThat(stores.claims().of(guest.id())).extracting(ClaimRecord::host).containsExactly(away);
  }

  @ParameterizedTest
  @ValueSource(strings = {"servers", "migrations"})
  void leaves_the_owner_where_it_was(String table) throws SQLException {
    ServerRecord guest = samples.active(home);
    MigrationRecord migration = samples.accepted(guest.id());
    Lease lease = samples.lease(guest.id());
    ClaimId claim = samples.claim(guest.id(), away);
    stores.migrations().planned(lease, migration.id(), away, claim, 1);
    Seen before = seen(guest);
    dieAt(table);
    assertThatThrownBy(() ->
            stores
                .migrations()
                .ownerChanged(lease, migration.id(), PauseParts.unknown("not heard")))
        .isNotNull();
    mend();
    assertThat(seen(guest)).isEqualTo(before);
  }

  /** The API's own words for its work are part of the work. */
  @ParameterizedTest
  @ValueSource(strings = {"servers", "sagas", "outbox", "idempotency_keys"})
  void leaves_nothing_of_a_request_with_a_key_and_the_key_for_the_next(String table)
      throws SQLException {
    ServerRecord guest = samples.active(home);
    IdempotencyStore keys = stores.idempotency();
    IdempotencyStore.RequestKey key =
        new IdempotencyStore.RequestKey("sea", "tern", "torn-" + table);
    Duration hold = Duration.ofSeconds(30);
    Duration keep = Duration.ofHours(1);
    String print = "a".repeat(64);
    var mine = (IdempotencyStore.Claim.Mine) keys.claim(key, print, hold, keep);
    Seen before = seen(guest);
    dieAt(table);
    assertThatThrownBy(() -> stop(mine, guest)).isNotNull();
    mend();
    assertThat(seen(guest)).isEqualTo(before);
    assertThat(keys.claim(key, print, hold, keep))
        .isInstanceOf(IdempotencyStore.Claim.UnderWay.class);
    stores.pass(hold);
    var next = (IdempotencyStore.Claim.Mine) keys.claim(key, print, hold, keep);
    ServerRecord _ = stop(next, guest);
    assertThat(stores.servers().find(guest.id()).orElseThrow().epoch())
        .isEqualTo(guest.epoch() + 1);
  }

  private static ServerRecord stop(IdempotencyStore.Claim.Mine mine, ServerRecord guest) {
    return stores
        .idempotency()
        .settle(
            mine.held(),
            () -> stores.servers().requestStop(guest.id(), Samples.request()),
            _ -> new IdempotencyStore.Answer(202, java.util.Map.of(), ""));
  }
}
