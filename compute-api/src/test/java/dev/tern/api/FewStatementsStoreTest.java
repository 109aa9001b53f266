package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.store.Samples;
import dev.tern.store.StoreTestDatabase;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("A list asks the database as often for many rows as for few")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FewStatementsStoreTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final JsonMapper JSON = new JsonMapper();
  private static final int FEW = 2;
  private static final int MANY = 200;

  private static final List<String> LISTS =
      List.of(
          "/v2.1/servers/detail?all_tenants=1&limit=1000",
          "/v2.1/os-migrations",
          "/v1/migrations",
          "/v1/cold-migrations",
          "/v2.1/os-simple-tenant-usage?detailed=1",
          "/v2.1/os-hypervisors/detail",
          "/v2.1/os-hypervisors/detail?with_servers=true",
          "/v2.1/os-services",
          "/v2.1/os-availability-zone/detail",
          "/v2.1/os-server-groups?all_projects=1",
          "/v2.1/os-aggregates",
          "/v2.1/os-keypairs",
          "/v2.1/flavors/detail?is_public=None",
          "/image/v2/images");

  /** Of {@code n}, which goes from the first row to the last. */
  private static final List<String> ROWS =
      List.of(
          "insert into hosts (name, agent_started_at_millis, sequence, report, last_seen) select"
              + " 'h' || n, 1, 1, replace((select report from hosts limit 1), 'template',"
              + " 'h' || n), now()",
          "insert into host_shares (host) select 'h' || n",
          "insert into images (id, name, owner, disk_format, container_format, visibility, status,"
              + " min_disk_gib, min_ram_mib, is_protected, properties, created_at, updated_at)"
              + " select md5('i' || n)::uuid, 'i', 'admin', 'raw', 'bare', 'public', 'QUEUED', 0,"
              + " 0, false, '{\"kernel_id\": \"k\"}', now(), now()",
          "insert into server_groups (id, project_id, user_id, name, policy, created_at) select"
              + " md5('g' || n)::uuid, 'p', 'u', 'g' || n, 'anti-affinity', now()",
          "insert into servers (id, name, hostname, user_id, project_id, flavor_id, flavor, vcpus,"
              + " memory_mib, image_id, metadata, network, vm_state, power_state, epoch, host,"
              + " progress, server_group, created_at, updated_at, launched_at) select"
              + " md5('s' || n)::uuid, 'n' || n, 'n', 'u', 'p' || n % 5, 't', '{\"id\":\"t\","
              + "\"name\":\"t\",\"vcpus\":1,\"memoryMib\":1,\"diskGib\":1,\"ephemeralGib\":0,"
              + "\"swapMib\":0,\"isPublic\":true,\"extraSpecs\":{},\"description\":null}', 1, 1,"
              + " md5('i' || n)::uuid, '{}', true, 'active', 1, 1, 'h' || n, 0,"
              + " md5('g' || n)::uuid, now(), now(), now()",
          "insert into sagas (id, kind, server_id, request, token, facts, created_at, ended_at)"
              + " select md5('s' || n)::uuid, 'BOOT', md5('s' || n)::uuid, 'r', 1, '{}', now(),"
              + " now()",
          "insert into migrations (uuid, server_id, saga_id, status, phase, checked,"
              + " abort_requested, in_doubt, source, owner_changed, block_migration, epoch, user_id,"
              + " project_id, memory_total, memory_processed, memory_remaining, disk_total,"
              + " disk_processed, disk_remaining, created_at, updated_at, ended_at) select"
              + " md5('m' || n)::uuid, md5('s' || n)::uuid, md5('s' || n)::uuid, 'completed',"
              + " 'CONFIRM', true, false, false, 'h' || n, true, 'AUTO', 1, 'u', 'p', 0, 0, 0, 0,"
              + " 0, 0, now(), now(), now()",
          "insert into cold_migrations (uuid, server_id, saga_id, status, source, destination,"
              + " destination_claim, ran, epoch, request, user_id, project_id, bytes, waits_for,"
              + " created_at, updated_at) select md5('c' || n)::uuid, md5('s' || n)::uuid,"
              + " md5('s' || n)::uuid, 'pre-migrating', 'h' || n, 'h' || n, md5('c' || n)::uuid,"
              + " true, 1, 'req-' || md5('r' || n)::uuid, 'u', 'p', 0, 'its turn', now(), now()",
          "insert into aggregates (uuid, name, metadata, created_at) select md5('a' || n)::uuid,"
              + " 'a' || n, '{\"availability_zone\": \"z' || n || '\"}', now()",
          "insert into aggregate_hosts (aggregate, host) select (select number from aggregates"
              + " where name = 'a' || n), 'h' || n",
          "insert into key_pairs (user_id, name, type, public_key, fingerprint, created_at) select"
              + " 'admin', 'k' || n, 'ssh', 'ssh-rsa AAAA', 'aa:bb', now()",
          "insert into flavors (id, name, vcpus, memory_mib, disk_gib, ephemeral_gib, swap_mib,"
              + " is_public, extra_specs) select 'f' || n, 'f' || n, 1, 1, 1, 0, 0, true, '{}'");

  private StoreApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api =
        new StoreApi(
            DATABASE,
            "--tern.api.image-directory=" + images,
            "--spring.jpa.properties.hibernate.session_factory.statement_inspector="
                + CountedStatements.class.getName());
    new Samples(() -> DATABASE).host(new HostName("template"));
  }

  @AfterAll
  void stop() {
    api.close();
  }

  private static void fill(int from, int to) throws SQLException {
    try (Connection connection = DATABASE.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("set session_replication_role = replica");
      for (String row : ROWS) {
        statement.execute(row + " from generate_series(%d, %d) n".formatted(from, to));
      }
    }
  }

  private record Seen(int statements, int rows) {}

  private Seen seen(String path) {
    int _ = CountedStatements.taken();
    HttpResponse<String> answer =
        api.send(
            api.to(path)
                .header("X-Auth-Token", "admin:admin")
                .header(
                    "OpenStack-API-Version",
                    "compute " + (path.contains("keypairs") ? "2.92" : "2.96")));
    assertThat(answer.statusCode()).as(path + answer.body()).isEqualTo(200);
    int rows =
        JSON.readTree(answer.body())
            .valueStream()
            .filter(each -> each.isArray())
            .mapToInt(each -> each.size())
            .max()
            .orElseThrow();
    return new Seen(CountedStatements.taken(), rows);
  }

  @Test
  void whatever_the_list() throws SQLException {
    Map<String, Seen> few = new HashMap<>();
    fill(1, FEW);
    LISTS.forEach(path -> few.put(path, seen(path)));
    fill(FEW + 1, MANY);
    for (String path : LISTS) {
      Seen many = seen(path);
      Seen before = Objects.requireNonNull(few.get(path));
      assertThat(many.statements()).as(path).isPositive().isEqualTo(before.statements());
      assertThat(many.rows()).as(path).isGreaterThan(before.rows());
    }
  }
}
