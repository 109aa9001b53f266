package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tern.api.HorizonPages.Call;
import dev.tern.api.HorizonPages.Fields;
import dev.tern.api.HorizonPages.Page;
import dev.tern.api.identity.PasswordHash;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentResult.ConsoleOutput;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.KeyPairStore.KeyPairRecord;
import dev.tern.store.KeyPairStore.PublicKey;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.ServerGroupStore.NewGroup;
import dev.tern.store.ServerGroupStore.Policy;
import dev.tern.store.ServerGroupStore.ServerGroupRecord;
import dev.tern.store.ServerStore.NewServer;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.StoreTestDatabase;
import dev.tern.store.VolumeStore.VolumeRecord;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Every request that Horizon was seen to make, in its order, by who logged in as it does. */
@DisplayName("Horizon")
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HorizonStoreTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final HostName SOURCE = new HostName("host1");
  private static final HostName DESTINATION = new HostName("host2");
  private static final String SUBMITTED = "admin, live migration asked for";
  private static final String PROJECT = "5ea5ea5ea5ea5ea5ea5ea5ea5ea5ea5e";
  private static final JsonMapper JSON = new JsonMapper();

  private final Samples conductor = new Samples(() -> DATABASE);
  private StoreApi api;
  private JsonNode session;
  private String token;
  private ServerId server;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException {
    Path users = folder.resolve("users.yaml");
    Files.writeString(
        users,
        """
        projects:
          - {name: admin, id: %s}
        users:
          - name: admin
            password: %s
            projects: {admin: [admin]}
        """
            .formatted(
                PROJECT, PasswordHash.of("secret", PasswordHash.RANDOM, new SecureRandom())));
    api =
        new StoreApi(
            DATABASE,
            "--tern.api.image-directory=" + folder.resolve("images"),
            "--tern.api.auth=embedded",
            "--tern.api.identity.users-file=" + users);
    api.agents.set(
        (_, _, _) -> new Asked.Answered<>(new AgentAnswer.Done(new ConsoleOutput("login: \n"))));
    conductor.host(SOURCE);
    conductor.host(DESTINATION);
    logIn();
    NewGroup group =
        new NewGroup(
            UUID.randomUUID(), PROJECT, user(), "apart", Policy.ANTI_AFFINITY, Optional.empty());
    ServerGroupRecord _ = DATABASE.groups().create(group, -1);
    PublicKey key = new PublicKey("key", "ssh", "ssh-rsa AAAA");
    KeyPairRecord _ = DATABASE.keyPairs().create(user(), key, "aa:bb", -1);
    var _ = DATABASE.aggregates().create(UUID.randomUUID(), "rack", Optional.of("east"));
    var _ = DATABASE.aggregates().addHost(DATABASE.aggregates().list().getFirst().number(), SOURCE);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  /** The newest of all: the first that a list shows, and the last that usage does. */
  @BeforeEach
  void aServerWithAVolume() {
    NewServer wanted = Samples.server("guest", PROJECT);
    ServerRecord made = DATABASE.servers().requestCreate(wanted, Samples.request());
    server = made.id();
    Lease boot = conductor.lease(server);
    DATABASE.servers().placed(boot, server, SOURCE, conductor.claim(server, SOURCE));
    DATABASE.servers().running(boot, server);
    UUID volume = UUID.randomUUID();
    VolumeRef there =
        new VolumeRef(volume, new VolumeAddress("storage", 10_809, volume.toString()));
    VolumeRecord _ = DATABASE.volumes().requestAttach(server, there, Samples.request());
    DATABASE.volumes().attached(conductor.lease(server), volume, 1 << 20);
  }

  private void logIn() {
    HttpResponse<String> answer =
        api.send(
            api.to("/identity/v3/auth/tokens")
                .header("Content-Type", "application/json")
                .POST(
                    HttpRequest.BodyPublishers.ofString(
                        """
                        {"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "admin",
                          "domain": {"name": "Default"}, "password": "secret"}}},
                          "scope": {"project": {"name": "admin", "domain": {"name": "Default"}}}}}
                        """)));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    session = JSON.readTree(answer.body()).path("token");
    token = answer.headers().firstValue("X-Subject-Token").orElseThrow();
  }

  private String user() {
    return session.path("user").path("id").stringValue();
  }

  private String filled(String text) {
    LocalDate today = LocalDate.now(ZoneOffset.UTC);
    return text.replace("{server}", server.toString())
        .replace("{project}", PROJECT)
        .replace("{start}", today.minusDays(1) + "T00:00:00")
        .replace("{end}", today + "T23:59:59");
  }

  /** The headers are novaclient's: below 2.27 it knows one name only. */
  private HttpResponse<String> answer(Call call) {
    HttpRequest.Builder request =
        api.to(filled(call.path()))
            .header("X-Auth-Token", token)
            .header("Accept", "application/json");
    call.version()
        .ifPresent(version -> {
          request.header("X-OpenStack-Nova-API-Version", version);
          if (Integer.parseInt(version.substring(2)) >= 27) {
            request.header("OpenStack-API-Version", "compute " + version);
          }
        });
    call.body()
        .ifPresentOrElse(
            body ->
                request
                    .header("Content-Type", "application/json")
                    .method(call.method(), HttpRequest.BodyPublishers.ofString(body)),
            () -> request.method(call.method(), HttpRequest.BodyPublishers.noBody()));
    return api.send(request);
  }

  private ObjectNode drawn(Page page) {
    ObjectNode answers = JSON.createObjectNode();
    for (Call call : page.calls()) {
      HttpResponse<String> answer = answer(call);
      assertThat(answer.statusCode()).as(call + " " + answer.body()).isEqualTo(call.status());
      JsonNode body = JSON.readTree(answer.body().isEmpty() ? "null" : answer.body());
      call.read().forEach(fields -> assertRead(fields, body));
      answers.set(call.path().replaceAll("\\?.*", ""), body);
    }
    return answers;
  }

  private static void assertRead(Fields fields, JsonNode body) {
    JsonNode at = body;
    for (String step : fields.place()) {
      at = at.isArray() ? at.path(Integer.parseInt(step)) : at.path(step);
    }
    for (String name : fields.names()) {
      String plain = name.replace("?", "");
      assertThat(at.has(plain)).as("%s of %s", name, at).isTrue();
      if (plain.equals(name)) {
        assertThat(at.get(plain).isNull()).as("%s of %s", name, at).isFalse();
      }
    }
  }

  /** Draws a page; where it asks for a migration, a conductor is there. */
  private JsonNode drawn(String name) {
    Page page =
        HorizonPages.all().stream()
            .filter(each -> each.name().equals(name))
            .findFirst()
            .orElseThrow();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CompletableFuture<JsonNode> drawn = CompletableFuture.supplyAsync(() -> drawn(page), threads);
      if (name.equals(SUBMITTED)) {
        checks();
      }
      return drawn.join();
    }
  }

  static List<String> pages() {
    return HorizonPages.all().stream().map(Page::name).toList();
  }

  @ParameterizedTest
  @MethodSource("pages")
  void draws_its_page(String page) {
    assertThat(drawn(page)).isNotEmpty();
  }

  /** What a conductor does: below 2.34 the form is answered when the checks are over. */
  private void checks() {
    await("the migration is accepted")
        .atMost(Duration.ofSeconds(20))
        .until(() -> !migrations().isEmpty());
    Lease lease = conductor.lease(server);
    DATABASE
        .migrations()
        .planned(
            lease,
            migrations().getFirst().id(),
            DESTINATION,
            conductor.claim(server, DESTINATION),
            1000);
  }

  private List<MigrationRecord> migrations() {
    return DATABASE
        .migrations()
        .list(
            new MigrationQuery(
                Optional.of(server),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                1));
  }

  @Test
  @Tag("S13")
  void sees_the_server_migrating_once_the_form_is_submitted() {
    JsonNode page = drawn(SUBMITTED);
    JsonNode listed = page.path("/v2.1/servers/detail").path("servers").path(0);
    assertThat(listed.path("id").stringValue()).isEqualTo(server.toString());
    assertThat(listed.path("status").stringValue()).isEqualTo("MIGRATING");
    assertThat(listed.path("OS-EXT-STS:task_state").stringValue()).isEqualTo("migrating");
    JsonNode shown = page.path("/v2.1/servers/{server}").path("server");
    assertThat(shown.path("status").stringValue()).isEqualTo("MIGRATING");
    assertThat(migrations().getFirst().requestedHost()).contains(DESTINATION);
  }

  @Test
  void shows_what_hosts_have_and_use() {
    JsonNode page = drawn("admin, hypervisors");
    JsonNode host = page.path("/v2.1/os-hypervisors/detail").path("hypervisors").path(0);
    assertThat(host.path("hypervisor_hostname").stringValue()).isEqualTo("host1");
    assertThat(host.path("hypervisor_type").stringValue()).isEqualTo("QEMU");
    assertThat(host.path("vcpus").intValue()).isEqualTo(8);
    assertThat(host.path("vcpus_used").intValue()).isPositive();
    assertThat(host.path("running_vms").intValue()).isPositive();
    JsonNode service = page.path("/v2.1/os-services").path("services").path(0);
    assertThat(service.path("host").stringValue()).isEqualTo("host1");
    assertThat(service.path("zone").stringValue()).isEqualTo("east");
    assertThat(service.path("status").stringValue()).isEqualTo("enabled");
    assertThat(service.path("state").stringValue()).isEqualTo("up");
  }

  @Test
  void shows_the_log_the_volume_and_what_was_done() {
    String path = "/v2.1/servers/{server}";
    assertThat(
            drawn("project, log of one instance")
                .path(path + "/action")
                .path("output")
                .stringValue())
        .isEqualTo("login: \n");
    JsonNode page = drawn("project, actions of one instance");
    assertThat(
            page.path(path + "/os-instance-actions")
                .path("instanceActions")
                .path(0)
                .path("action")
                .stringValue())
        .isEqualTo("attach_volume");
    assertThat(
            page.path(path + "/os-volume_attachments")
                .path("volumeAttachments")
                .path(0)
                .path("serverId")
                .stringValue())
        .isEqualTo(server.toString());
    assertThat(page.path(path).path("server").path("status").stringValue()).isEqualTo("ACTIVE");
  }

  @Test
  void finds_the_compute_and_the_image_service_in_the_catalog() {
    assertThat(session.path("catalog").valueStream().map(each -> each.path("type").stringValue()))
        .contains("compute", "image", "identity");
  }
}
