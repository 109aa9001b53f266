package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.store.AggregateStore.Aggregate;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.KeyPairStore.KeyPairRecord;
import dev.tern.store.KeyPairStore.PublicKey;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.ServerGroupStore.NewGroup;
import dev.tern.store.ServerGroupStore.Policy;
import dev.tern.store.ServerGroupStore.ServerGroupRecord;
import dev.tern.store.ServerStore.Requested;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Whoever changes an answer on purpose runs this with {@code -Dtern.golden.write=true} and reads
 * the difference.
 */
@DisplayName("An answer of the API")
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GoldenAnswersTest {
  static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");

  private TestApi api;
  private RequestId request;
  private MigrationRecord migration;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
    api.conductors.boots(SERVER, "demo", "host1");
    api.stores.hosts().beat("conductor", "c1");
    PublicKey key = new PublicKey("key", "ssh", "ssh-rsa AAAA");
    KeyPairRecord _ = api.stores.keyPairs().create("admin", key, "aa:bb", -1);
    UUID id = new UUID(0x4000L, 9L);
    NewGroup group =
        new NewGroup(id, "demo", "demo", "apart", Policy.ANTI_AFFINITY, Optional.of(2));
    ServerGroupRecord _ = api.stores.groups().create(group, -1);
    int east = api.stores.aggregates().create(id, "east", Optional.of("east")).number();
    Aggregate _ = api.stores.aggregates().addHost(east, new HostName("host2"));
    FlavorRecord _ = api.stores.flavors().create(Samples.OWN);
    assertThat(api.stores.flavors().grant(Samples.OWN.id(), "demo")).isTrue();
    assertThat(api.stores.flavors().grant(Samples.OWN.id(), "other")).isTrue();
    api.time.pass(Duration.ofSeconds(5));
    Requested by = api.conductors.request("admin", "admin");
    request = by.request();
    migration =
        api.stores
            .migrations()
            .requestLiveMigration(
                new NewMigration(
                    new MigrationId(new UUID(0x4000L, 1L)),
                    SERVER,
                    Optional.empty(),
                    BlockMigration.AUTO,
                    Optional.empty()),
                by);
    api.conductors.moves(SERVER, "host2");
    String check = "compute_check_can_live_migrate_destination";
    api.stores.actions().begin(SERVER, request, check, Optional.of(new HostName("host2")));
    api.time.pass(Duration.ofSeconds(1));
    api.stores.actions().end(SERVER, request, check, Optional.of("too little memory"));
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @ParameterizedTest
  @CsvSource({
    "server, /v2.1/servers/{server}, 2.1 2.3 2.9 2.16 2.19 2.26 2.47 2.63 2.71 2.73 2.90 2.96",
    "servers-detail, /v2.1/servers/detail?all_tenants=1, 2.1 2.96",
    "servers, /v2.1/servers?all_tenants=1&limit=1, 2.1",
    "server-migrations, /v2.1/servers/{server}/migrations, 2.23 2.59 2.80",
    "server-migration, /v2.1/servers/{server}/migrations/{migration}, 2.23 2.80",
    "os-migrations, /v2.1/os-migrations, 2.1 2.23 2.59 2.80",
    "hypervisors, /v2.1/os-hypervisors, 2.1 2.53",
    "hypervisors-detail, /v2.1/os-hypervisors/detail, 2.1 2.28 2.53 2.88",
    "hypervisors-limited, /v2.1/os-hypervisors?limit=1, 2.33 2.53",
    "hypervisors-statistics, /v2.1/os-hypervisors/statistics, 2.1",
    "hypervisor-uptime, /v2.1/os-hypervisors/{host}/uptime, 2.1",
    "hypervisor-servers, /v2.1/os-hypervisors/host/servers, 2.1",
    "hypervisors-with-servers, '/v2.1/os-hypervisors?hypervisor_hostname_pattern=host1&with_servers=true', 2.53 2.75",
    "services, /v2.1/os-services, 2.1 2.11 2.53",
    "zones, /v2.1/os-availability-zone/detail, 2.1",
    "flavors, /v2.1/flavors, 2.1 2.55",
    "flavors-detail, /v2.1/flavors/detail, 2.1 2.55 2.61 2.75",
    "flavor, /v2.1/flavors/tiny, 2.1 2.75",
    "flavor-access, /v2.1/flavors/own/os-flavor-access, 2.1",
    "actions, /v2.1/servers/{server}/os-instance-actions, 2.1 2.58",
    "action, /v2.1/servers/{server}/os-instance-actions/{request}, 2.1 2.58 2.62 2.84",
    "limits, /v2.1/limits, 2.1 2.36 2.39 2.57",
    "keypairs, /v2.1/os-keypairs, 2.1 2.2",
    "keypair, /v2.1/os-keypairs/key, 2.1 2.2",
    "quota-set, /v2.1/os-quota-sets/demo, 2.1 2.36 2.57",
    "quota-set-detail, /v2.1/os-quota-sets/demo/detail, 2.1 2.57",
    "quota-class-set, /v2.1/os-quota-class-sets/default, 2.1 2.50 2.57",
    "server-groups, /v2.1/os-server-groups?all_projects=1, 2.1 2.13 2.64",
    "aggregates, /v2.1/os-aggregates, 2.1 2.41",
    "zones-brief, /v2.1/os-availability-zone, 2.1",
    "images, /image/v2/images, 2.1",
    "metadata, /v2.1/servers/{server}/metadata, 2.1",
    "metadata-item, /v2.1/servers/{server}/metadata/role, 2.1",
    "tags, /v2.1/servers/{server}/tags, 2.26",
    "addresses, /v2.1/servers/{server}/ips, 2.1",
    "interfaces, /v2.1/servers/{server}/os-interface, 2.1",
    "attachments, /v2.1/servers/{server}/os-volume_attachments, 2.1",
    "server-security-groups, /v2.1/servers/{server}/os-security-groups, 2.1",
    "hypervisor, /v2.1/os-hypervisors/{host}, 2.1",
    "extra-specs, /v2.1/flavors/tiny/os-extra_specs, 2.1",
    "extra-spec, /v2.1/flavors/tiny/os-extra_specs/hw:tern, 2.1",
    "quota-set-defaults, /v2.1/os-quota-sets/demo/defaults, 2.1 2.57",
    "usage, /v2.1/os-simple-tenant-usage?start=2026-08-01T12:00:00, 2.1 2.40",
    "usage-of-project, /v2.1/os-simple-tenant-usage/demo?start=2026-08-01T12:00:00, 2.1 2.40",
    "server-group, /v2.1/os-server-groups/00000000-0000-4000-0000-000000000009, 2.1 2.13 2.64",
    "aggregate, /v2.1/os-aggregates/1, 2.1 2.41",
    "extension, /v2.1/extensions/os-services, 2.1",
    "version, /v2.1, 2.1"
  })
  void is_what_its_golden_file_says(String name, String path, String versions) throws IOException {
    for (String version : versions.split(" ", -1)) {
      check(name, path, version, "admin:admin", "");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "server, /v2.1/servers/{server}, 2.1 2.96",
    "action, /v2.1/servers/{server}/os-instance-actions/{request}, 2.1 2.51 2.84"
  })
  void shows_tenants_no_hosts(String name, String path, String versions) throws IOException {
    for (String version : versions.split(" ", -1)) {
      String text = check(name, path, version, "someone:demo", "-tenant");
      assertThat(text).doesNotContain("host1").doesNotContain("host2");
    }
  }

  private HostRecord host1() {
    return api.stores.hosts().find(new HostName("host1"), Duration.ofMinutes(1)).orElseThrow();
  }

  private String check(String name, String path, String version, String token, String suffix)
      throws IOException {
    String real =
        path.replace("{server}", SERVER.toString())
            .replace("{request}", request.value())
            .replace("{migration}", Long.toString(migration.number()))
            .replace("{host}", Integer.toString(host1().number()));
    TestApi.Answer answer = api.to(real).version(version).as(token).get();
    assertThat(answer.status()).as(path + " at " + version).isEqualTo(200);
    String text = answer.json().toPrettyString().replace(api.base(), "http://api") + "\n";
    Path file = GOLDEN.resolve(String.format(Locale.ROOT, "%s%s-%s.json", name, suffix, version));
    if (Boolean.getBoolean("tern.golden.write")) {
      Files.createDirectories(GOLDEN);
      Files.writeString(file, text);
    }
    assertThat(text).as(file.toString()).isEqualTo(Files.readString(file));
    return text;
  }
}
