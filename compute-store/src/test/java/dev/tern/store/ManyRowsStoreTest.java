package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.ServerId;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.ServerStore.ServerQuery;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.ServerStore.Sort;
import dev.tern.store.ServerStore.SortKey;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("Among 20,000 servers on 2,000 hosts")
class ManyRowsStoreTest {
  /** Rows PostgreSQL may look at for one request; the page itself has at most twenty. */
  private static final long FEW = 500;

  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final ServerId MIDDLE = ServerId.parse("00000000-0000-0000-0000-000000010000");
  private static final HostName HOST = new HostName("h1000");

  @RegisterExtension static final StoreTestDatabase stores = new StoreTestDatabase();

  @BeforeAll
  static void fill() throws SQLException {
    Samples samples = new Samples(() -> stores);
    samples.host(HOST);
    execute(
        "insert into hosts (name, agent_started_at_millis, sequence, report, last_seen)"
            + " select 'h' || n, 1, 1, (select report from hosts limit 1), now()"
            + " from generate_series(1, 2000) n on conflict do nothing");
    execute("insert into host_shares (host) select name from hosts on conflict do nothing");
    execute(
        "insert into servers (id, name, hostname, user_id, project_id, flavor_id, flavor, vcpus,"
            + " memory_mib, image_id, metadata, network, vm_state, power_state, epoch, host,"
            + " progress, created_at, updated_at) select lpad(to_char(n, 'FM99999999'), 32,"
            + " '0')::uuid, 'n' || n, 'n', 'u', 'p' || n % 2, 't', '{\"id\":\"t\",\"name\":\"t\","
            + "\"vcpus\":1,\"memoryMib\":1,\"diskGib\":1,\"ephemeralGib\":0,\"swapMib\":0,"
            + "\"isPublic\":true,\"extraSpecs\":{},\"description\":null}', 1, 1,"
            + " gen_random_uuid(), '{}', true, 'active', 1, 1, 'h' || 1 + n % 2000, 0,"
            + " now() - n * interval '1 second', now() - n * interval '1 second'"
            + " from generate_series(1, 20000) n");
    execute("set session_replication_role = replica; " + migrations() + "; " + sagas());
    execute("analyze");
  }

  private static String migrations() {
    return "insert into migrations (uuid, server_id, saga_id, status, phase, checked,"
        + " abort_requested, in_doubt, source, owner_changed, block_migration, epoch, user_id,"
        + " project_id, memory_total, memory_processed, memory_remaining, disk_total,"
        + " disk_processed, disk_remaining, created_at, updated_at, ended_at)"
        + " select gen_random_uuid(), id, id, 'completed', 'CONFIRM', true, false, false, host,"
        + " true, 'AUTO', 1, 'u', project_id, 0, 0, 0, 0, 0, 0, created_at, updated_at,"
        + " updated_at from servers";
  }

  private static String sagas() {
    return "insert into sagas (id, kind, server_id, request, token, facts, created_at, ended_at)"
        + " select id, 'BOOT', id, 'r', 1, '{}', created_at, created_at from servers";
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection = stores.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Rows read so far, by scans of tables and through indexes. A closed connection has told all. */
  private static long rowsRead() throws SQLException {
    stores.disconnect();
    try (Connection connection = stores.connect();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select sum(t.seq_tup_read) + coalesce(sum(i.idx), 0) from pg_stat_user_tables t"
                    + " left join (select relid, sum(idx_tup_read) idx from pg_stat_user_indexes"
                    + " group by relid) i on i.relid = t.relid")) {
      assertThat(rows.next()).isTrue();
      return rows.getLong(1);
    }
  }

  private static Arguments request(String name, Runnable request) {
    return Arguments.argumentSet(name, request);
  }

  static Stream<Arguments> requests() {
    return Stream.concat(
        Stream.of(SortKey.values())
            .flatMap(key ->
                Stream.of(false, true)
                    .map(descending ->
                        request(
                            "servers by %s %s".formatted(key, descending),
                            () -> page(Optional.empty(), new Sort(key, descending))))),
        Stream.of(
            request(
                "a project's servers",
                () -> page(Optional.of("p0"), new Sort(SortKey.CREATED_AT, true))),
            request("servers of a host", ManyRowsStoreTest::serversOfHost),
            request("a server", () -> stores.servers().find(MIDDLE)),
            request("a host", () -> stores.hosts().find(HOST, MINUTE)),
            request("a page of hosts", () -> stores.hosts().list(MINUTE, 1000, 20)),
            request("migrations", () -> migrations(Optional.empty(), Optional.empty())),
            request(
                "failed migrations",
                () -> migrations(Optional.of(MigrationStatus.FAILED), Optional.empty())),
            request("migrations of a host", () -> migrations(Optional.empty(), Optional.of(HOST))),
            request("waiting sagas", () -> stores.sagas().waiting(10)),
            request("a server's actions", () -> stores.actions().list(MIDDLE)),
            request(
                "progress",
                () ->
                    stores
                        .migrations()
                        .progress(
                            Samples.progress(new MigrationId(UUID.randomUUID()), 1, 1, 1, 1))),
            request(
                "a claim",
                () ->
                    stores
                        .claims()
                        .claim(
                            new ClaimId(UUID.randomUUID()),
                            MIDDLE,
                            HOST,
                            Samples.SHARE,
                            Samples.PLENTY)),
            request("claims of a server", () -> stores.claims().of(MIDDLE)),
            request(
                "a new server",
                () ->
                    stores.servers().requestCreate(Samples.server("n", "p"), Samples.request()))));
  }

  private static void page(Optional<String> project, Sort sort) {
    List<ServerRecord> page = servers(project, Optional.empty(), sort);
    assertThat(page).isNotEmpty();
  }

  private static void serversOfHost() {
    assertThat(servers(Optional.empty(), Optional.of(HOST), new Sort(SortKey.CREATED_AT, true)))
        .isNotEmpty();
  }

  private static List<ServerRecord> servers(
      Optional<String> project, Optional<HostName> host, Sort sort) {
    return stores
        .servers()
        .list(
            new ServerQuery(
                project,
                Optional.empty(),
                host,
                Set.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                List.of(sort),
                host.isPresent() ? Optional.empty() : Optional.of(MIDDLE),
                20));
  }

  private static void migrations(Optional<MigrationStatus> status, Optional<HostName> host) {
    List<?> _ =
        stores
            .migrations()
            .list(
                new MigrationQuery(
                    Optional.empty(),
                    host,
                    Optional.empty(),
                    status,
                    false,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    20));
  }

  @ParameterizedTest
  @MethodSource("requests")
  void a_request_looks_at_few(Runnable request) throws SQLException {
    // The stores' start reads the catalogue; it is not the request.
    assertThat(stores.outbox()).isNotNull();
    long before = rowsRead();
    request.run();
    assertThat(rowsRead() - before).isLessThan(FEW);
  }
}
