package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.TestApi.Answer;
import dev.tern.api.fakes.Samples;
import dev.tern.api.version.Change;
import dev.tern.api.version.Change.Reach;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.agent.AgentRequest.CheckVolume;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.VolumeThere;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.AggregateStore.Aggregate;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.KeyPairStore.KeyPairRecord;
import dev.tern.store.KeyPairStore.PublicKey;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.ServerGroupStore.NewGroup;
import dev.tern.store.ServerGroupStore.Policy;
import dev.tern.store.ServerGroupStore.ServerGroupRecord;
import dev.tern.store.ServerStore.Requested;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * For each change that shows in an answer, that answer at the version before and at the version
 * that changes it; {@code -Dtern.golden.write=true} writes them, and the difference is to be read.
 */
@DisplayName("A change of the API")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GoldenChangesTest {
  private static final Path GOLDEN = GoldenAnswersTest.GOLDEN.resolve("changes");
  private static final ServerId MOVING = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final ServerId STILL = ServerId.parse("33333333-3333-4333-8333-333333333333");
  private static final String ADMIN = "admin:admin";
  private static final String TENANT = "someone:demo";

  /** Changes of what is accepted, of status codes, headers and routes; no field comes or goes. */
  private static final Set<Change> IN_NO_FIELD =
      EnumSet.of(
          Change.SERVER_FILTER_IP6,
          Change.FLAVOR_ACCESS_CHECKED,
          Change.KEYPAIR_USER,
          Change.SERVER_GROUP_SOFT_POLICIES,
          Change.PROJECT_OPTIONAL,
          Change.ACTIONS_OF_DELETED,
          Change.FORCE_COMPLETE,
          Change.MIGRATION_ABORT,
          Change.BLOCK_MIGRATION_AUTO,
          Change.HEADER,
          Change.LIVE_MIGRATE_FORCE,
          Change.LIVE_MIGRATE_IN_BACKGROUND,
          Change.NETWORKS_REQUIRED,
          Change.STATUS_FILTER_CHECKED,
          Change.HOSTS_GONE,
          Change.ADDRESS_ACTIONS_GONE,
          Change.REQUEST_ID,
          Change.TAGS_AT_CREATE,
          Change.ABORT_BEFORE_RUNNING,
          Change.CHANGES_BEFORE,
          Change.FORCE_GONE,
          Change.CREATE_ON_HOST,
          Change.FILTERS_FOR_ALL,
          Change.EXTRA_SPECS_CHECKED,
          Change.KEYPAIR_GIVEN,
          Change.HOSTNAME_QUALIFIED,
          Change.MIGRATE_HOST,
          Change.EVACUATE_FINDS_STORAGE,
          Change.EVACUATE_FORCE,
          Change.EVACUATE_STOPPED);

  private TestApi api;
  private RequestId request;

  /**
   * An answer in which a change shows.
   *
   * @param body of what is no GET; empty for one
   */
  record Shown(Change change, String name, String method, String path, String body, String token) {
    @Override
    public String toString() {
      return change + " in " + name;
    }
  }

  private static Shown get(Change change, String name, String path) {
    return new Shown(change, name, "GET", "/v2.1" + path, "", ADMIN);
  }

  private static Stream<Shown> server(Change... changes) {
    return Arrays.stream(changes).map(change -> get(change, "server", "/servers/{moving}"));
  }

  private static Stream<Shown> volumes(Change... changes) {
    String path = "/servers/{still}/os-volume_attachments";
    return Arrays.stream(changes).map(change -> get(change, "volume-attachments", path));
  }

  private static Stream<Shown> shown() {
    String action = "/servers/{moving}/os-instance-actions/{request}";
    String usage = "/os-simple-tenant-usage?start=2026-08-01T12:00:00&limit=1&detailed=1";
    String pattern = "/os-hypervisors?hypervisor_hostname_pattern=host2&with_servers=true";
    Stream<Shown> others =
        Stream.of(
            get(Change.KEYPAIR_TYPE, "keypairs", "/os-keypairs"),
            get(Change.KEYPAIR_TYPE, "keypair", "/os-keypairs/key"),
            get(Change.SERVICE_FORCED_DOWN, "services", "/os-services"),
            get(Change.SERVER_GROUP_OWNER, "server-groups", "/os-server-groups?all_projects=1"),
            get(Change.SERVER_MIGRATIONS, "migrations", "/os-migrations"),
            get(Change.HYPERVISOR_CPU_OBJECT, "hypervisors-detail", "/os-hypervisors/detail"),
            get(Change.HYPERVISOR_PAGING, "hypervisors-limited", "/os-hypervisors?limit=1"),
            get(Change.KEYPAIR_PAGING, "keypairs-limited", "/os-keypairs?limit=1"),
            get(Change.PROXIES_GONE, "limits", "/limits"),
            get(Change.PROXIES_GONE, "quota-set", "/os-quota-sets/demo"),
            get(Change.PROXIES_GONE, "quota-set-detail", "/os-quota-sets/demo/detail"),
            get(Change.IMAGE_METADATA_GONE, "limits", "/limits"),
            get(Change.USAGE_PAGING, "usage-limited", usage),
            get(Change.AGGREGATE_UUID, "aggregates", "/os-aggregates"),
            new Shown(
                Change.CREATE_IMAGE_BODY,
                "create-image",
                "POST",
                "/v2.1/servers/{still}/action",
                "{\"createImage\": {\"name\": \"i\"}}",
                ADMIN),
            get(Change.QUOTA_CLASSES, "quota-class-set", "/os-quota-class-sets/default"),
            new Shown(
                Change.ACTION_EVENTS_FOR_OWNERS,
                "action-tenant",
                "GET",
                "/v2.1" + action,
                "",
                TENANT),
            get(Change.UUIDS_OF_SERVICES, "services", "/os-services"),
            get(Change.UUIDS_OF_SERVICES, "hypervisors", "/os-hypervisors"),
            get(Change.UUIDS_OF_SERVICES, "hypervisors-detail", "/os-hypervisors/detail"),
            get(Change.FLAVOR_DESCRIPTION, "flavor", "/flavors/tiny"),
            get(Change.FLAVOR_DESCRIPTION, "flavors", "/flavors"),
            get(Change.PERSONALITY_GONE, "limits", "/limits"),
            get(Change.PERSONALITY_GONE, "quota-set", "/os-quota-sets/demo"),
            get(Change.PERSONALITY_GONE, "quota-class-set", "/os-quota-class-sets/default"),
            get(Change.ACTION_PAGING, "actions", "/servers/{moving}/os-instance-actions"),
            get(
                Change.ACTION_PAGING,
                "actions-limited",
                "/servers/{moving}/os-instance-actions?limit=1"),
            get(Change.ACTION_PAGING, "action", action),
            get(Change.MIGRATION_PAGING, "migrations", "/os-migrations"),
            get(Change.MIGRATION_PAGING, "server-migrations", "/servers/{moving}/migrations"),
            get(Change.FLAVOR_EXTRA_SPECS, "flavor", "/flavors/tiny"),
            get(Change.EVENT_HOST, "action", action),
            get(Change.SERVER_GROUP_POLICY, "server-groups", "/os-server-groups?all_projects=1"),
            get(Change.STRICT, "flavor", "/flavors/tiny"),
            get(Change.STRICT, "hypervisors-with-servers", pattern),
            new Shown(
                Change.STRICT,
                "server-updated",
                "PUT",
                "/v2.1/servers/{still}",
                "{\"server\": {\"name\": \"renamed\"}}",
                ADMIN),
            get(Change.MIGRATION_USER, "migrations", "/os-migrations"),
            get(Change.MIGRATION_USER, "server-migrations", "/servers/{moving}/migrations"),
            get(Change.EVENT_DETAILS, "action", action),
            get(Change.HYPERVISOR_TRIMMED, "hypervisors-detail", "/os-hypervisors/detail"),
            new Shown(
                Change.HOSTNAME, "server-tenant", "GET", "/v2.1/servers/{moving}", "", TENANT));
    return Stream.of(
            others,
            volumes(Change.ATTACHMENT_TAGS, Change.DELETE_ON_TERMINATION, Change.ATTACHMENT_ID),
            server(
                Change.SERVER_EXTENDED_ATTRIBUTES,
                Change.SERVER_LOCKED,
                Change.SERVER_HOST_STATUS,
                Change.SERVER_DESCRIPTION,
                Change.SERVER_TAGS,
                Change.FLAVOR_EMBEDDED,
                Change.TRUSTED_CERTIFICATES,
                Change.SERVER_GROUPS_OF_SERVER,
                Change.LOCKED_REASON,
                Change.PINNED_ZONE))
        .flatMap(rows -> rows);
  }

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  private void done(Answer answer) {
    assertThat(answer.status()).as(answer.text()).isBetween(200, 204);
  }

  @BeforeEach
  void servers_hosts_and_a_migration() {
    api.reset();
    api.conductors.boots(MOVING, "demo", "host1");
    api.stores.hosts().beat("conductor", "c1");
    for (String name : new String[] {"key", "other"}) {
      PublicKey key = new PublicKey(name, "ssh", "ssh-rsa AAAA");
      KeyPairRecord _ = api.stores.keyPairs().create("admin", key, "aa:bb", -1);
    }
    UUID id = new UUID(0x4000L, 9L);
    NewGroup group =
        new NewGroup(id, "demo", "demo", "apart", Policy.ANTI_AFFINITY, Optional.of(2));
    ServerGroupRecord _ = api.stores.groups().create(group, -1);
    FlavorRecord _ = api.stores.flavors().create(Samples.OWN);
    assertThat(api.stores.flavors().grant(Samples.OWN.id(), "demo")).isTrue();
    int east = api.stores.aggregates().create(id, "east", Optional.of("east")).number();
    Aggregate _ = api.stores.aggregates().addHost(east, new HostName("host2"));
    done(api.to("/v2.1/servers/" + MOVING + "/tags").version("2.26").put("{\"tags\": [\"blue\"]}"));
    done(
        api.to("/v2.1/servers/" + MOVING + "/action")
            .version("2.73")
            .post("{\"lock\": {\"locked_reason\": \"audited\"}}"));
    volume();
    migration();
    api.time.pass(Duration.ofSeconds(20));
  }

  private void volume() {
    api.conductors.boots(STILL, "demo", "host1");
    api.agents.set((_, question, _) ->
        new Asked.Answered<>(
            new AgentAnswer.Done(
                question instanceof CheckVolume ? new VolumeThere(1 << 20, 1) : new Nothing())));
    done(
        api.to("/v1/servers/" + STILL + "/volumes")
            .post("{\"volume\":{\"uri\":\"nbd://storage/pool/v\"}}"));
    UUID volume =
        Objects.requireNonNull(api.stores.volumes().of(List.of(STILL)).get(STILL)).getFirst().id();
    api.conductors.attached(STILL, volume, 1 << 20);
  }

  private void migration() {
    api.time.pass(Duration.ofSeconds(5));
    Requested by = api.conductors.request("admin", "admin");
    request = by.request();
    NewMigration migration =
        new NewMigration(
            new MigrationId(new UUID(0x4000L, 1L)),
            MOVING,
            Optional.empty(),
            BlockMigration.AUTO,
            Optional.empty());
    var _ = api.stores.migrations().requestLiveMigration(migration, by);
    api.conductors.moves(MOVING, "host2");
    String check = "compute_check_can_live_migrate_destination";
    api.stores.actions().begin(MOVING, request, check, Optional.of(new HostName("host2")));
    api.time.pass(Duration.ofSeconds(1));
    api.stores.actions().end(MOVING, request, check, Optional.of("too little memory"));
  }

  @Test
  void that_is_honoured_shows_in_golden_files_or_in_no_field() {
    Set<Change> shown = shown().map(Shown::change).collect(Collectors.toSet());
    Set<Change> either = EnumSet.copyOf(IN_NO_FIELD);
    either.addAll(shown);
    assertThat(either)
        .isEqualTo(
            Arrays.stream(Change.values())
                .filter(change -> change.reach() == Reach.HONOURED)
                .collect(Collectors.toSet()));
  }

  @ParameterizedTest
  @MethodSource("shown")
  void shows_from_its_version_on(Shown row) throws IOException {
    int minor = row.change().minor();
    String before = check(row, "2." + (minor - 1));
    servers_hosts_and_a_migration();
    String after = check(row, "2." + minor);
    assertThat(after).as(row.toString()).isNotEqualTo(before);
  }

  /** What answers to writes look like at the newest version. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "server-made | POST | servers | {\"server\": {\"name\": \"n\", \"adminPass\": \"secret\", \"flavorRef\": \"tiny\", \"imageRef\": \"11111111-1111-4111-8111-111111111111\", \"networks\": \"none\"}}",
        "server-group-made | POST | os-server-groups | {\"server_group\": {\"name\": \"g\", \"policy\": \"affinity\"}}",
        "aggregate-made | POST | os-aggregates | {\"aggregate\": {\"name\": \"a\"}}",
        "flavor-made | POST | flavors | {\"flavor\": {\"name\": \"f\", \"id\": \"f\", \"ram\": 64, \"vcpus\": 1, \"disk\": 1}}",
        "flavor-access-added | POST | flavors/own/action | {\"addTenantAccess\": {\"tenant\": \"other\"}}",
        "flavor-access-removed | POST | flavors/own/action | {\"removeTenantAccess\": {\"tenant\": \"demo\"}}",
        "extra-specs-added | POST | flavors/tiny/os-extra_specs | {\"extra_specs\": {\"a\": \"b\"}}",
        "quota-set-updated | PUT | os-quota-sets/demo | {\"quota_set\": {\"instances\": 7}}",
        "quota-class-set-updated | PUT | os-quota-class-sets/default | {\"quota_class_set\": {\"cores\": 7}}",
        "tags-replaced | PUT | servers/{still}/tags | {\"tags\": [\"red\"]}",
        "metadata-added | POST | servers/{still}/metadata | {\"metadata\": {\"a\": \"b\"}}",
        "metadata-item-set | PUT | servers/{still}/metadata/a | {\"meta\": {\"a\": \"b\"}}"
      })
  void leaves_answers_to_writes_as_they_are(String name, String method, String path, String body)
      throws IOException {
    String _ = check(new Shown(Change.STRICT, name, method, "/v2.1/" + path, body, ADMIN), "2.96");
  }

  private String check(Shown row, String version) throws IOException {
    String path =
        row.path()
            .replace("{moving}", MOVING.toString())
            .replace("{still}", STILL.toString())
            .replace("{request}", request.value());
    TestApi.Call call = api.to(path).version(version).as(row.token());
    boolean reads = row.method().equals("GET");
    Answer answer = reads ? call.get() : call.method(row.method(), row.body());
    assertThat(answer.status()).as(path + " at " + version + answer.text()).isBetween(200, 202);
    String text = steady((reads ? answer.json() : withHead(answer)).toPrettyString()) + "\n";
    Path file = GOLDEN.resolve(row.name() + "-" + version + ".json");
    if (Boolean.getBoolean("tern.golden.write")) {
      Files.createDirectories(GOLDEN);
      Files.writeString(file, text);
    }
    assertThat(text).as(file.toString()).isEqualTo(Files.readString(file));
    return text;
  }

  private static JsonNode withHead(Answer answer) {
    ObjectNode all = JsonMapper.shared().createObjectNode();
    all.put("status", answer.status());
    all.put("Location", answer.header("Location"));
    all.set("body", answer.text().isEmpty() ? all.nullNode() : answer.json());
    return all;
  }

  /** Without what is made anew each time. */
  private String steady(String text) {
    return text.replace(api.base(), "http://api")
        .replaceAll("req-[0-9a-f-]{36}", "req-x")
        .replaceAll("00000000-0000-4000-8000-[0-9a-f]{12}", "00000000-0000-4000-8000-x");
  }
}
