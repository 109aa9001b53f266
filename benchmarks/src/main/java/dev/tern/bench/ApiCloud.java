package dev.tern.bench;

import dev.tern.api.ApiApplication;
import dev.tern.contract.HostName;
import dev.tern.contract.host.HostReport;
import dev.tern.db.DatabaseMigrations;
import dev.tern.local.EmbeddedDatabase;
import dev.tern.store.HostStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * The API as it ships over a database of its own with so many servers in it, ten on a host, each
 * moved once. No broker and no conductor: what is asked of it is accepted, and stays so.
 */
final class ApiCloud implements AutoCloseable {
  private static final int SERVERS_OF_A_HOST = 10;

  /** Of {@code n}, from 1 to how many there are; servers first, then what there are fewer of. */
  private static final List<String> PER_SERVER =
      List.of(
          "insert into servers (id, name, hostname, user_id, project_id, flavor_id, flavor, vcpus,"
              + " memory_mib, image_id, metadata, tags, network, vm_state, power_state, epoch,"
              + " host, progress, created_at, updated_at, launched_at) select "
              + id("n")
              + ", 'n' || n, 'n' || n, 'u', 'p' || n %% 5, 't', '{\"id\":\"t\",\"name\":\"t\","
              + "\"vcpus\":1,\"memoryMib\":1,\"diskGib\":1,\"ephemeralGib\":0,\"swapMib\":0,"
              + "\"isPublic\":true,\"extraSpecs\":{},\"description\":null}', 1, 1, "
              + id("n %% %1$d + 1")
              + ", '{\"role\": \"web\"}', '{blue}', true, 'active', 1, 1, 'h' || n %% %1$d + 1, 0,"
              + " now() - n * interval '1 second', now() - n * interval '1 second', now()",
          "insert into sagas (id, kind, server_id, request, token, facts, created_at, ended_at)"
              + " select "
              + id("n")
              + ", 'BOOT', "
              + id("n")
              + ", 'r', 1, '{}', now(), now()",
          "insert into migrations (uuid, server_id, saga_id, status, phase, checked,"
              + " abort_requested, in_doubt, source, owner_changed, block_migration, epoch,"
              + " user_id, project_id, memory_total, memory_processed, memory_remaining,"
              + " disk_total, disk_processed, disk_remaining, created_at, updated_at, ended_at)"
              + " select gen_random_uuid(), "
              + id("n")
              + ", "
              + id("n")
              + ", 'completed', 'CONFIRM', true, false, false, 'h' || n %% %1$d + 1, true, 'AUTO',"
              + " 1, 'u', 'p', 0, 0, 0, 0, 0, 0, now(), now(), now()");

  private static final List<String> PER_HOST =
      List.of(
          // A report of tomorrow: these hosts are up for as long as anybody measures.
          "insert into hosts (name, agent_started_at_millis, sequence, report, last_seen) select"
              + " 'h' || n, 1, 1, replace(report, 'template', 'h' || n), now() + interval '1 day'"
              + " from hosts,",
          "insert into host_shares (host) select 'h' || n from",
          "insert into images (id, name, owner, disk_format, container_format, visibility, status,"
              + " min_disk_gib, min_ram_mib, is_protected, properties, created_at, updated_at)"
              + " select "
              + id("n")
              + ", 'i', 'admin', 'raw', 'bare', 'public', 'QUEUED', 0, 0, false, '{}', now(),"
              + " now() from",
          "insert into aggregates (uuid, name, metadata, created_at) select gen_random_uuid(),"
              + " 'a' || n, '{\"availability_zone\": \"z\"}', now() from",
          "insert into aggregate_hosts (aggregate, host) select (select number from aggregates"
              + " where name = 'a' || n), 'h' || n from");

  private static final List<String> CLAIMED =
      List.of(
          "insert into claims (id, server_id, host, vcpus, memory_mib, disk_bytes, claimed_at)"
              + " select id, id, host, 1, 256, 1 << 20, now() from servers",
          "update servers set claim_id = id",
          "update host_shares s set vcpus = c.vcpus, memory_mib = c.memory, disk_bytes = c.disk"
              + " from (select host, sum(vcpus) vcpus, sum(memory_mib) memory, sum(disk_bytes) disk"
              + " from claims group by host) c where c.host = s.host",
          "delete from aggregate_hosts",
          "delete from aggregates where number not in (select number from aggregates order by"
              + " number limit (select 1 + count(*) / 40 from hosts))",
          "insert into aggregate_hosts (aggregate, host) select a.number, h.name from (select"
              + " number, row_number() over (order by number) r from aggregates) a, (select name,"
              + " 1 + row_number() over (order by name) / 40 r from hosts) h where a.r = h.r");

  private static final String EMPTY =
      "truncate servers, hosts, host_shares, claims, migrations, sagas, saga_log, instance_actions,"
          + " instance_action_events, outbox, images, aggregates, aggregate_hosts, decisions,"
          + " drains, drain_servers cascade";

  private int servers;
  private final EmbeddedDatabase database;
  private final ConfigurableApplicationContext api;

  private ApiCloud(int servers, EmbeddedDatabase database, ConfigurableApplicationContext api) {
    this.servers = servers;
    this.database = database;
    this.api = api;
  }

  /**
   * Starts it, with everything under a directory that has to be empty.
   *
   * @throws IOException saying why it does not start; then nothing is left running
   */
  static ApiCloud start(Path directory, int servers) throws IOException {
    return start(directory, servers, Math.max(1, servers / SERVERS_OF_A_HOST));
  }

  /**
   * The same with so many hosts, each with another share of it taken.
   *
   * @throws IOException as above
   */
  static ApiCloud start(Path directory, int servers, int hosts) throws IOException {
    return start(directory, servers, hosts, List.of());
  }

  /**
   * The same with a claim for each server, racks of forty hosts, and statements counted.
   *
   * @throws IOException as above
   */
  static ApiCloud ofDrains(Path directory, int servers, int hosts) throws IOException {
    return start(directory, servers, hosts, CLAIMED);
  }

  private static ApiCloud start(Path directory, int servers, int hosts, List<String> more)
      throws IOException {
    EmbeddedDatabase database = EmbeddedDatabase.start(directory.resolve("postgresql"));
    try {
      DatabaseMigrations.migrate(database.jdbcUrl(), null, null);
      ConfigurableApplicationContext api =
          ApiApplication.application()
              .run(
                  "--server.port=0",
                  "--tern.api.image-directory=" + directory.resolve("images"),
                  "--tern.amqp.uri=amqp://nobody:nothing@127.0.0.1:9",
                  "--spring.datasource.url=" + database.jdbcUrl(),
                  "--spring.jpa.properties.hibernate.session_factory.statement_inspector="
                      + CountedSql.class.getName(),
                  "--logging.level.root=OFF");
      ApiCloud cloud = new ApiCloud(servers, database, api);
      try {
        cloud.fill(hosts, more);
        return cloud;
      } catch (SQLException e) {
        api.close();
        throw new IOException("The database is not filled: " + e.getMessage(), e);
      }
    } catch (IOException | RuntimeException e) {
      database.close();
      throw e;
    }
  }

  /**
   * Begins anew with other numbers of servers and hosts, as {@link #ofDrains} has them.
   *
   * @throws IOException as above
   */
  void refill(int servers, int hosts) throws IOException {
    try (Connection connection = DriverManager.getConnection(database.jdbcUrl());
        Statement statement = connection.createStatement()) {
      statement.execute(EMPTY);
      this.servers = servers;
      fill(hosts, CLAIMED);
    } catch (SQLException e) {
      throw new IOException("The database is not filled: " + e.getMessage(), e);
    }
  }

  private static String id(String number) {
    return "lpad((" + number + ")::text, 32, '0')::uuid";
  }

  private void fill(int hosts, List<String> more) throws SQLException {
    api.getBean(HostStore.class).report(template());
    try (Connection connection = DriverManager.getConnection(database.jdbcUrl());
        Statement statement = connection.createStatement()) {
      // Rows that others refer to, and what follows from them, are all made here.
      statement.execute("set session_replication_role = replica");
      for (String rows : PER_SERVER) {
        statement.execute(
            rows.formatted(hosts) + " from generate_series(1, %d) n".formatted(servers));
      }
      for (String rows : PER_HOST) {
        statement.execute(rows + " generate_series(1, %d) n".formatted(hosts));
      }
      statement.execute("delete from host_shares where host = 'template'");
      statement.execute("delete from hosts where name = 'template'");
      statement.execute(
          "update host_shares set memory_mib = (hashtext(host) & 8191), vcpus = (hashtext(host) & 63)"
              + " where hashtext(host) % 4 <> 0");
      for (String each : more) {
        statement.execute(each);
      }
      statement.execute("vacuum analyze");
    }
  }

  private static HostReport template() {
    return new HostReport(
        new HostName("template"),
        1,
        1,
        "QEMU",
        7_002_000,
        "7.2.0",
        "tcg",
        "no kvm",
        List.of("q35"),
        List.of("max"),
        List.of(),
        8,
        16_384,
        12_000,
        1L << 40,
        1L << 39,
        "127.0.0.1",
        "up",
        false,
        Map.of());
  }

  <T> T bean(Class<T> type) {
    return api.getBean(type);
  }

  int servers() {
    return servers;
  }

  /** The id of one of its servers, from 1 on. */
  String server(int number) {
    String digits = "%032d".formatted(number);
    return digits.replaceFirst("(.{8})(.{4})(.{4})(.{4})(.{12})", "$1-$2-$3-$4-$5");
  }

  /** A request to it as the administrator, to be completed. */
  HttpRequest.Builder to(String path) {
    String port = Objects.requireNonNull(api.getEnvironment().getProperty("local.server.port"));
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
        .timeout(Duration.ofMinutes(1))
        .header("X-Auth-Token", "admin:admin")
        .header("Content-Type", "application/json");
  }

  @Override
  public void close() throws IOException {
    api.close();
    database.close();
  }
}
