package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.PowerState;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.db.DatabaseMigrations;
import dev.tern.db.DatabaseMigrations.DatabaseNotMigratedException;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.SagaStore.Direction;
import dev.tern.store.SagaStore.SagaKind;
import jakarta.persistence.Column;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Table;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("The schema")
class EntitySchemaStoreTest {
  @RegisterExtension static final StoreTestDatabase database = new StoreTestDatabase();

  private static final List<Class<?>> ENTITIES =
      List.of(
          ActionEntity.class,
          ActionEventEntity.class,
          AggregateEntity.class,
          AggregateHostEntity.class,
          AuditTrailEntity.class,
          ChangeEntity.class,
          ClaimEntity.class,
          DiskCopyEntity.class,
          DeadLetterEntity.class,
          DrainEntity.class,
          DrainServerEntity.class,
          ColdMigrationEntity.class,
          EvacuationEntity.class,
          EvacuationLeftoverEntity.class,
          DecisionEntity.class,
          FenceEntity.class,
          FlavorAccessEntity.class,
          FlavorEntity.class,
          HostEntity.class,
          HostShareEntity.class,
          IdempotencyKeyEntity.class,
          ImageEntity.class,
          KeyPairEntity.class,
          MigrationEntity.class,
          ProjectUsageEntity.class,
          QuotaEntity.class,
          NotificationEntity.class,
          VolumeEntity.class,
          OutboxEntity.class,
          ReceiptEntity.class,
          SagaEntity.class,
          SagaLogEntity.class,
          ServerEntity.class,
          ServerGroupEntity.class,
          ServiceBeatEntity.class,
          TokenEntity.class);

  /** A field that may be null and its column that may be: {@code name?}. */
  private static Map<String, Set<String>> ofEntities() {
    Map<String, Set<String>> tables = new TreeMap<>();
    for (Class<?> entity : ENTITIES) {
      Set<String> columns =
          Arrays.stream(entity.getDeclaredFields())
              .filter(field -> !Modifier.isStatic(field.getModifiers()) && !field.isSynthetic())
              .map(EntitySchemaStoreTest::column)
              .collect(Collectors.toCollection(TreeSet::new));
      tables.put(entity.getAnnotation(Table.class).name(), columns);
    }
    return tables;
  }

  private static String column(Field field) {
    Column column = field.getAnnotation(Column.class);
    String name = column == null || column.name().isEmpty() ? field.getName() : column.name();
    boolean nullable =
        Arrays.stream(field.getAnnotatedType().getAnnotations())
            .anyMatch(each -> each.annotationType().getSimpleName().equals("Nullable"));
    boolean generated = field.isAnnotationPresent(GeneratedValue.class);
    return nullable && !generated ? name + "?" : name;
  }

  private static Map<String, Set<String>> ofDatabase() throws SQLException {
    Map<String, Set<String>> tables = new TreeMap<>();
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement();
        ResultSet columns =
            statement.executeQuery(
                "select table_name, column_name, is_nullable from information_schema.columns"
                    + " where table_schema = 'public'"
                    + " and table_name <> 'flyway_schema_history'")) {
      while (columns.next()) {
        tables
            .computeIfAbsent(columns.getString(1), _ -> new TreeSet<>())
            .add(columns.getString(2) + (columns.getString(3).equals("YES") ? "?" : ""));
      }
    }
    return tables;
  }

  @Test
  void has_a_column_for_each_field_of_an_entity_and_no_other() throws SQLException {
    assertThat(ofDatabase()).isEqualTo(ofEntities());
  }

  static Stream<Arguments> states() {
    return Stream.of(
        words("servers", "vm_state", VmState.values(), VmState::wire),
        words("servers", "task_state", TaskState.values(), TaskState::wire),
        words("servers", "power_state", PowerState.values(), s -> "" + s.number()),
        words("migrations", "status", MigrationStatus.values(), MigrationStatus::wire),
        words("migrations", "phase", Phase.values(), Enum::name),
        words("migrations", "block_migration", BlockMigration.values(), Enum::name),
        words("sagas", "kind", SagaKind.values(), Enum::name),
        words("sagas", "direction", Direction.values(), Enum::name),
        words("disk_copies", "purpose", DiskCopyStore.Purpose.values(), Enum::name),
        words("disk_copies", "wish", DiskCopyStore.Wish.values(), Enum::name),
        words("disk_copies", "status", DiskCopyStore.CopyStatus.values(), Enum::name),
        words("volumes", "status", VolumeStore.VolumeStatus.values(), Enum::name),
        words("drains", "purpose", DrainStore.Purpose.values(), Enum::name),
        words("drains", "state", DrainStore.State.values(), Enum::name),
        words("drain_servers", "state", DrainStore.ServerState.values(), Enum::name),
        words("drain_servers", "leg", DrainStore.Leg.values(), Enum::name),
        words("fences", "outcome", FenceStore.Outcome.values(), Enum::name),
        words("fences", "runs", FenceStore.Runs.values(), Enum::name),
        words(
            "cold_migrations",
            "status",
            ColdMigrationStore.ColdStatus.values(),
            ColdMigrationStore.ColdStatus::wire),
        words(
            "evacuations",
            "status",
            EvacuationStore.EvacuationStatus.values(),
            EvacuationStore.EvacuationStatus::wire),
        words(
            "evacuations",
            "outcome",
            new FenceStore.Outcome[] {
              FenceStore.Outcome.REMOVED, FenceStore.Outcome.LEFT, FenceStore.Outcome.OVERTAKEN
            },
            Enum::name),
        words("quotas", "kind", QuotaStore.Kind.values(), Enum::name),
        words(
            "server_groups",
            "policy",
            ServerGroupStore.Policy.values(),
            ServerGroupStore.Policy::wire),
        words("changes", "kind", ChangeStore.Kind.values(), Enum::name),
        words("notifications", "cause", NotificationStore.Cause.values(), Enum::name),
        words("images", "status", ImageStatus.values(), Enum::name));
  }

  private static <E> Arguments words(
      String table, String column, E[] values, Function<E, String> form) {
    return Arguments.of(table, column, Arrays.stream(values).map(form).toList());
  }

  @ParameterizedTest
  @MethodSource("states")
  void allows_each_state_there_is_and_no_other(String table, String column, List<String> words)
      throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement statement =
            connection.prepareStatement(
                "select pg_get_constraintdef(c.oid) from pg_constraint c"
                    + " join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]"
                    + " where c.contype = 'c' and c.conrelid = ?::regclass and a.attname = ?")) {
      statement.setString(1, table);
      statement.setString(2, column);
      try (ResultSet check = statement.executeQuery()) {
        assertThat(check.next()).isTrue();
        String definition = check.getString(1);
        List<String> allowed = new ArrayList<>();
        var matcher = Pattern.compile("'([^']+)'|(?<=[\\[ ])(\\d+)").matcher(definition);
        while (matcher.find()) {
          allowed.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
        }
        assertThat(allowed).containsExactlyInAnyOrderElementsOf(words);
      }
    }
  }

  @Test
  void has_an_index_for_each_foreign_key_that_is_looked_up() throws SQLException {
    // Rows of a table without such an index are found through all of them.
    String query =
        "select c.conrelid::regclass || '.' || a.attname from pg_constraint c"
            + " join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]"
            + " where c.contype = 'f' and not exists (select 1 from pg_index i"
            + " where i.indrelid = c.conrelid and i.indkey[0] = a.attnum)";
    List<String> without = new ArrayList<>();
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement();
        ResultSet keys = statement.executeQuery(query)) {
      while (keys.next()) {
        without.add(keys.getString(1));
      }
    }
    // Never looked up from that side: a saga knows its migration, a server its host.
    assertThat(without).containsExactlyInAnyOrder("migrations.saga_id", "sagas.migration_id");
  }

  @Test
  void is_migrated_once_when_two_begin_at_the_same_time() throws Exception {
    String url;
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("create database tern_twice");
      url = database.url().replaceFirst("/tern_\\d+\\?", "/tern_twice?");
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<Future<Integer>> runs = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        runs.add(
            threads.submit(
                () -> DatabaseMigrations.migrate(url, database.user(), database.password())));
      }
      int applied = 0;
      for (Future<Integer> run : runs) {
        applied += run.get(60, TimeUnit.SECONDS);
      }
      assertThat(applied).isEqualTo(recorded(url));
    }
    assertThat(DatabaseMigrations.migrate(url, database.user(), database.password())).isZero();
  }

  /** How many migrations the database remembers. */
  private static int recorded(String url) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(url, database.user(), database.password());
        Statement statement = connection.createStatement();
        ResultSet count = statement.executeQuery("select count(*) from flyway_schema_history")) {
      assertThat(count.next()).isTrue();
      return count.getInt(1);
    }
  }

  @Test
  void is_not_made_where_there_is_no_database_and_the_message_says_where() {
    assertThatThrownBy(() ->
            DatabaseMigrations.migrate(
                database.url().replaceFirst("/tern_\\d+\\?", "/tern_nowhere?"),
                database.user(),
                database.password()))
        .isInstanceOf(DatabaseNotMigratedException.class)
        .hasMessageContaining("/tern_nowhere")
        .hasMessageNotContaining("user=");
  }
}
