package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.store.ChangeStore.Change;
import dev.tern.store.ChangeStore.Changes;
import dev.tern.store.ChangeStore.Kind;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayName("What has changed")
class ChangesStoreTest {
  @RegisterExtension static final StoreTestDatabase database = new StoreTestDatabase();

  private static final int MANY = 1_000;
  private static final HostName HOST = new HostName("home");

  private final Samples samples = new Samples(() -> database);
  private final ChangeStore changes = database.changes();
  private ServerRecord server;

  @BeforeEach
  void a_server() {
    samples.host(HOST);
    server = samples.active(HOST);
  }

  private static void rename(Connection connection, ServerRecord which) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("update servers set name = name || 'x' where id = ?")) {
      statement.setObject(1, which.id().value());
      assertThat(statement.executeUpdate()).isOne();
    }
  }

  private Change of(ServerRecord which) {
    return new Change(Kind.SERVER, which.id().toString());
  }

  @Test
  void is_told_once_and_from_there_on() throws SQLException {
    long from = changes.now();
    try (Connection connection = database.connect()) {
      rename(connection, server);
      rename(connection, server);
    }
    Changes seen = changes.since(from, MANY);
    assertThat(seen.changes()).containsExactly(of(server));
    assertThat(seen.complete()).isTrue();
    assertThat(changes.since(seen.upTo(), MANY).changes()).isEmpty();
  }

  /** The first to write is the last to commit; numbers and times alone would pass it over. */
  @Test
  void misses_no_transaction_that_ends_after_a_later_one() throws SQLException {
    ServerRecord other = samples.active(HOST);
    long from = changes.now();
    try (Connection slow = database.connect();
        Connection fast = database.connect()) {
      slow.setAutoCommit(false);
      rename(slow, server);
      rename(fast, other);
      Changes meanwhile = changes.since(from, MANY);
      slow.commit();
      Changes then = changes.since(meanwhile.upTo(), MANY);
      assertThat(List.of(meanwhile.changes(), then.changes()))
          .flatExtracting(each -> each)
          .contains(of(server), of(other));
    }
  }

  @Test
  void says_when_it_is_more_than_wanted() throws SQLException {
    ServerRecord other = samples.active(HOST);
    long from = changes.now();
    try (Connection connection = database.connect()) {
      rename(connection, server);
      rename(connection, other);
    }
    assertThat(changes.since(from, 1).complete()).isFalse();
  }

  @Test
  void is_migrations_and_what_hosts_have_left_too() {
    long from = changes.now();
    MigrationRecord migration = samples.accepted(server.id());
    assertThat(changes.since(from, MANY).changes())
        .contains(new Change(Kind.MIGRATION, migration.id().toString()), of(server));
    assertThat(changes.migrations(List.of(migration.id()))).hasSize(1);
    assertThat(changes.servers(List.of(server.id()))).hasSize(1);

    long later = changes.now();
    var _ = samples.claim(server.id(), HOST);
    assertThat(changes.since(later, MANY).changes()).contains(new Change(Kind.HOST, "home"));
  }

  /** A beat changes nothing that is watched. */
  @Test
  void is_a_host_that_is_disabled_and_not_one_that_reports() {
    long from = changes.now();
    database.hosts().report(Samples.report(HOST, 1, System.nanoTime()));
    assertThat(changes.since(from, MANY).changes()).isEmpty();
    assertThat(database.hosts().setDisabled(HOST, true, java.util.Optional.empty())).isTrue();
    assertThat(changes.since(from, MANY).changes()).containsExactly(new Change(Kind.HOST, "home"));
    assertThat(database.hosts().setDisabled(HOST, false, java.util.Optional.empty())).isTrue();
  }

  @Test
  void is_forgotten_by_age() {
    long from = changes.now();
    var _ = samples.accepted(server.id());
    assertThat(changes.forget(Duration.ofHours(1))).isZero();
    assertThat(changes.forget(Duration.ofDays(-1))).isPositive();
    assertThat(changes.since(from, MANY).changes()).isEmpty();
  }
}
