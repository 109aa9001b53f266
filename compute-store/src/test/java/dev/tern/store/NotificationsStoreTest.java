package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.NotificationStore.Cause;
import dev.tern.store.NotificationStore.Noted;
import dev.tern.store.ServerStore.NewServer;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("What the database notes to be told")
class NotificationsStoreTest {
  @RegisterExtension static final StoreTestDatabase database = new StoreTestDatabase();

  private static final Duration HOLD = Duration.ofMinutes(5);
  private static final HostName HOST = new HostName("home");

  private final Samples samples = new Samples(() -> database);
  private final NotificationStore notifications = database.notifications();

  @BeforeEach
  void nothing_waits() {
    samples.host(HOST);
    notifications.forget(Duration.ofDays(-1));
  }

  private List<Noted> all() {
    List<Noted> all = notifications.take(1000, Duration.ZERO);
    notifications.told(all.stream().map(Noted::number).toList());
    return all;
  }

  private static void execute(String sql, Object... values) throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      statement.execute();
    }
  }

  @Test
  void of_a_new_server_is_its_row_with_the_request_that_made_it() {
    NewServer wanted = Samples.server("s", "p");
    Requested request = Samples.request();
    ServerRecord server = database.servers().requestCreate(wanted, request);

    Noted noted = all().getFirst();

    assertThat(noted.cause()).isEqualTo(Cause.SERVER);
    assertThat(noted.was()).isEmpty();
    assertThat(noted.server()).contains(server.id().toString()).doesNotContain("user_data");
    assertThat(noted.action()).get().asString().contains(request.request().value());
  }

  /** Who tells of it reads these by name, and takes what is not there for empty. */
  @Test
  void has_every_column_that_is_told() {
    var _ = database.servers().requestCreate(Samples.server("s", "p"), Samples.request());
    JsonNode server = JsonMapper.shared().readTree(all().getFirst().server());
    assertThat(server.propertyNames())
        .contains(
            ("id user_id project_id reservation_id name description hostname host availability_zone"
                    + " flavor image_id key_name created_at launched_at terminated_at updated_at"
                    + " vm_state power_state task_state progress metadata locked_by locked_reason"
                    + " disk_config tags fault_code fault_message fault_at")
                .split(" "));
    assertThat(server.path("tags").isArray()).isTrue();
  }

  @Test
  void leaves_out_how_far_a_copy_is() throws SQLException {
    ServerRecord server = samples.active(HOST);
    notifications.told(all().stream().map(Noted::number).toList());

    execute(
        "update servers set progress = 50, updated_at = now() where id = ?", server.id().value());
    assertThat(all()).isEmpty();
    execute("update servers set progress = 60, name = 'other' where id = ?", server.id().value());
    assertThat(all())
        .singleElement()
        .satisfies(noted -> assertThat(noted.was().orElseThrow()).contains("\"progress\": 50"));
  }

  @Test
  void of_a_transaction_that_was_undone_is_nothing() throws SQLException {
    ServerRecord server = samples.active(HOST);
    all();
    try (Connection connection = database.connect();
        PreparedStatement update =
            connection.prepareStatement("update servers set name = 'other' where id = ?")) {
      connection.setAutoCommit(false);
      update.setObject(1, server.id().value());
      update.execute();
      connection.rollback();
    }
    assertThat(all()).isEmpty();
  }

  @Test
  void tells_events_and_the_end_of_a_migration() {
    MigrationRecord migration = samples.accepted(samples.active(HOST).id());
    all();
    var request = database.actions().list(migration.server()).getFirst().request();
    database.actions().begin(migration.server(), request, "an_event", Optional.of(HOST));
    database.actions().end(migration.server(), request, "an_event", Optional.empty());
    database
        .migrations()
        .rolledBack(
            samples.lease(migration.server()),
            migration.id(),
            dev.tern.contract.MigrationStatus.ERROR,
            Samples.FAILURE);

    List<Noted> noted = all();

    assertThat(noted)
        .extracting(Noted::cause)
        .containsSubsequence(Cause.EVENT, Cause.EVENT, Cause.MIGRATION);
    assertThat(noted)
        .filteredOn(each -> each.cause() == Cause.EVENT)
        .allSatisfy(each -> assertThat(each.action().orElseThrow()).contains(request.value()))
        .extracting(each -> each.was().isPresent())
        .containsExactly(false, true);
    assertThat(noted)
        .filteredOn(each -> each.cause() == Cause.MIGRATION)
        .singleElement()
        .satisfies(each -> assertThat(each.becomes()).contains("error", Samples.FAILURE.message()));
  }

  @Test
  void is_had_by_one_reader_at_a_time_and_by_the_next_when_that_is_silent() {
    samples.active(HOST);
    List<Noted> first = notifications.take(2, HOLD);
    assertThat(first).hasSize(2);
    assertThat(notifications.take(2, HOLD)).isEmpty();

    notifications.told(List.of(first.getFirst().number()));
    assertThat(notifications.take(2, HOLD)).as("one is still to be told").isEmpty();
    notifications.told(List.of(first.getLast().number()));
    List<Noted> second = notifications.take(2, Duration.ZERO);
    assertThat(second).isNotEmpty();
    assertThat(notifications.take(2, HOLD)).as("its hold is over").isEqualTo(second);
  }

  @Test
  void is_forgotten_when_it_is_too_old() throws SQLException {
    samples.active(HOST);
    long waiting = notifications.waiting();
    execute("update notifications set created_at = created_at - interval '2 hours'");
    samples.active(HOST);
    assertThat(notifications.forget(Duration.ofHours(1))).isEqualTo((int) waiting);
    assertThat(notifications.waiting()).isPositive();
  }
}
