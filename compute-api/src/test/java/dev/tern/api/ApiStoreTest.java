package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.ServerId;
import dev.tern.contract.host.Forecast;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.StoreTestDatabase;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The application as it ships, over a real database and without a broker: what it promises stays in
 * the outbox.
 */
@DisplayName("The API over a real database")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApiStoreTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final HostName SOURCE = new HostName("host1");
  private static final HostName DESTINATION = new HostName("host2");
  private static final JsonMapper JSON = new JsonMapper();

  private final Samples conductor = new Samples(() -> DATABASE);
  private final HttpClient client = HttpClient.newHttpClient();
  private ConfigurableApplicationContext api;

  @BeforeAll
  void start(@TempDir Path images) {
    api =
        ApiApplication.application()
            .run(
                "--server.port=0",
                "--tern.api.image-directory=" + images,
                "--tern.amqp.uri=amqp://nobody:nothing@127.0.0.1:9",
                "--spring.datasource.url=" + DATABASE.url(),
                "--spring.datasource.username=" + DATABASE.user(),
                "--spring.datasource.password=" + DATABASE.password());
    conductor.host(SOURCE);
    conductor.host(DESTINATION);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  private HttpResponse<String> call(String method, String path, String version, String body) {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create(
                    "http://127.0.0.1:"
                        + api.getEnvironment().getProperty("local.server.port")
                        + path))
            .header("OpenStack-API-Version", "compute " + version)
            .header(
                "Content-Type",
                path.endsWith("/file") ? "application/octet-stream" : "application/json")
            .timeout(Duration.ofSeconds(30))
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private JsonNode get(String path, String version) {
    HttpResponse<String> answer = call("GET", path, version, "");
    assertThat(answer.statusCode()).as(path + answer.body()).isEqualTo(200);
    return JSON.readTree(answer.body());
  }

  private String imageId() {
    String id =
        JSON.readTree(
                call(
                        "POST",
                        "/image/v2/images",
                        "2.1",
                        "{\"name\": \"disk\", \"disk_format\": \"raw\", \"container_format\": \"bare\"}")
                    .body())
            .get("id")
            .stringValue();
    assertThat(call("PUT", "/image/v2/images/" + id + "/file", "2.1", "bytes").statusCode())
        .isEqualTo(204);
    return id;
  }

  private ServerId created() {
    HttpResponse<String> answer =
        call(
            "POST",
            "/v2.1/servers",
            "2.96",
            "{\"server\": {\"name\": \"guest\", \"flavorRef\": \"t\", \"imageRef\": \"%s\", \"networks\": \"none\", \"metadata\": {\"a\": \"b\"}}}"
                .formatted(imageId()));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
    return ServerId.parse(JSON.readTree(answer.body()).get("server").get("id").stringValue());
  }

  private ServerId active() {
    ServerId id = created();
    Lease lease = conductor.lease(id);
    DATABASE.servers().placed(lease, id, SOURCE, conductor.claim(id, SOURCE));
    DATABASE.servers().running(lease, id);
    return id;
  }

  private int migrate(ServerId id, String version, String host) {
    return call(
            "POST",
            "/v2.1/servers/" + id + "/action",
            version,
            "{\"os-migrateLive\": {\"host\": %s, \"block_migration\": \"auto\"}}".formatted(host))
        .statusCode();
  }

  @Test
  @Tag("S12")
  void lists_the_flavors_hosts_services_and_zones_there_are() {
    assertThat(get("/v2.1/flavors", "2.1").get("flavors").size()).isEqualTo(6);
    assertThat(get("/v2.1/flavors/detail", "2.61").get("flavors").get(0).has("extra_specs"))
        .isTrue();
    JsonNode hypervisors = get("/v2.1/os-hypervisors/detail", "2.53").get("hypervisors");
    assertThat(hypervisors.size()).isEqualTo(2);
    String uuid = hypervisors.get(0).get("id").stringValue();
    assertThat(
            get("/v2.1/os-hypervisors/" + uuid, "2.88")
                .get("hypervisor")
                .get("hypervisor_hostname")
                .stringValue())
        .isEqualTo("host1");
    assertThat(get("/v2.1/os-hypervisors/statistics", "2.1").toString()).contains("\"count\":2");
    String service = hypervisors.get(1).get("service").get("id").stringValue();
    assertThat(
            call("PUT", "/v2.1/os-services/" + service, "2.53", "{\"status\": \"disabled\"}")
                .body())
        .contains("\"disabled\"");
    assertThat(
            call("PUT", "/v2.1/os-services/" + service, "2.53", "{\"forced_down\": true}").body())
        .contains("\"down\"");
    call(
        "PUT",
        "/v2.1/os-services/" + service,
        "2.53",
        "{\"status\": \"enabled\", \"forced_down\": false}");
    assertThat(get("/v2.1/os-services?binary=nova-compute", "2.1").get("services").size())
        .isEqualTo(2);
    assertThat(get("/v2.1/os-availability-zone/detail", "2.1").toString()).contains("host2");
    assertThat(get("/v2.1/limits", "2.1").toString()).contains("totalInstancesUsed");
  }

  @Test
  @Tag("S13")
  void moves_a_server_and_shows_every_byte_of_it() {
    ServerId id = active();
    String server = "/v2.1/servers/" + id;
    assertThat(get(server, "2.1").get("server").get("status").stringValue()).isEqualTo("ACTIVE");
    assertThat(get("/v2.1/servers/detail?all_tenants=1&host=host1&name=gue", "2.1").toString())
        .contains(id.toString());
    assertThat(migrate(id, "2.34", "\"host2\"")).isEqualTo(202);
    assertThat(get(server, "2.1").get("server").get("status").stringValue()).isEqualTo("MIGRATING");
    MigrationRecord accepted = migration(id);
    Lease lease = conductor.lease(id);
    ClaimId claim = conductor.claim(id, DESTINATION);
    DATABASE.migrations().planned(lease, accepted.id(), DESTINATION, claim, 1000);
    DATABASE.migrations().foreseen(lease, accepted.id(), Forecast.unknown("too early"));
    DATABASE.migrations().entered(lease, accepted.id(), MigrationStatus.RUNNING, Phase.PERFORM);
    DATABASE.migrations().progress(Samples.progress(accepted.id(), 100, 60, 1000, 900));
    JsonNode shown = get(server + "/migrations", "2.80").get("migrations").get(0);
    assertThat(shown.get("disk_processed_bytes").longValue()).isEqualTo(900);
    assertThat(shown.get("memory_remaining_bytes").longValue()).isEqualTo(40);
    assertThat(shown.get("dest_compute").stringValue()).isEqualTo("host2");
    String number = server + "/migrations/" + accepted.number();
    assertThat(get(number, "2.23").get("migration").get("status").stringValue())
        .isEqualTo("running");
    assertThat(call("DELETE", number, "2.24", "").statusCode()).isEqualTo(202);
    assertThat(get(server, "2.1").get("server").get("progress").intValue()).isEqualTo(87);
    showsHowFarItIs(accepted);
    DATABASE.migrations().ownerChanged(lease, accepted.id(), Samples.PAUSE);
    DATABASE.migrations().completed(lease, accepted.id());
    assertThat(get(server, "2.1").get("server").get("OS-EXT-SRV-ATTR:host").stringValue())
        .isEqualTo("host2");
    JsonNode report = get("/v1/migrations/" + accepted.id(), "2.1").get("migration");
    assertThat(report.get("pause_millis").longValue()).isEqualTo(123);
    assertThat(report.get("status").stringValue()).isEqualTo("completed");
    assertThat(report.get("progress").get("percent").doubleValue()).isEqualTo(100.0);
    JsonNode pause = report.get("pause");
    assertThat(pause.get("total_millis").doubleValue()).isEqualTo(123.0);
    assertThat(pause.get("stop_millis").doubleValue()).isEqualTo(3.0);
    assertThat(pause.get("mirror_drain_millis").doubleValue()).isEqualTo(20.0);
    assertThat(pause.get("device_state_millis").doubleValue()).isEqualTo(90.0);
    assertThat(pause.get("start_millis").doubleValue()).isEqualTo(10.0);
    assertThat(pause.get("unknown").isNull()).isTrue();
    JsonNode foreseen = report.get("foreseen");
    assertThat(foreseen.get("at_plan").get("unknown").stringValue()).isEqualTo("too early");
    assertThat(foreseen.get("before_switchover").get("total_seconds").get("expected").doubleValue())
        .isGreaterThanOrEqualTo(2.0);
    assertThat(foreseen.get("before_switchover").get("pause_millis").doubleValue()).isEqualTo(30.0);
    assertThat(report.get("measured").get("pause_millis").doubleValue()).isEqualTo(123.0);
    assertThat(report.get("measured").get("total_seconds").isNumber()).isTrue();
    assertThat(report.get("measured").get("slowdown_percent").doubleValue()).isZero();
    assertThat(get("/v2.1/os-migrations?instance_uuid=" + id, "2.59").get("migrations").size())
        .isEqualTo(1);
    JsonNode actions = get(server + "/os-instance-actions", "2.84").get("instanceActions");
    assertThat(actions.toString())
        .contains("live-migration")
        .contains("live_migration_cancel")
        .contains("create");
    String request = actions.get(0).get("request_id").stringValue();
    assertThat(get(server + "/os-instance-actions/" + request, "2.84").has("instanceAction"))
        .isTrue();
    assertThat(DATABASE.outbox().waiting()).isPositive();
  }

  private static MigrationRecord migration(ServerId server) {
    return DATABASE
        .migrations()
        .list(
            new dev.tern.store.MigrationStore.MigrationQuery(
                Optional.of(server),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                10))
        .getFirst();
  }

  @Test
  @Tag("S114")
  void lets_one_of_many_requests_win() {
    ServerId id = active();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Integer> statuses =
          IntStream.range(0, 8)
              .mapToObj(
                  i -> CompletableFuture.supplyAsync(() -> migrate(id, "2.34", "null"), threads))
              .toList()
              .stream()
              .map(CompletableFuture::join)
              .sorted()
              .toList();
      assertThat(statuses).containsExactly(202, 409, 409, 409, 409, 409, 409, 409);
    }
  }

  @Test
  @Tag("S112")
  void answers_a_failed_check_below_2_34() {
    ServerId id = active();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CompletableFuture<HttpResponse<String>> answer =
          CompletableFuture.supplyAsync(
              () ->
                  call(
                      "POST",
                      "/v2.1/servers/" + id + "/action",
                      "2.30",
                      "{\"os-migrateLive\": {\"host\": null, \"block_migration\": \"auto\"}}"),
              threads);
      await("the request is accepted")
          .atMost(Duration.ofSeconds(20))
          .until(() -> !get("/v2.1/servers/" + id, "2.1").toString().contains("\"ACTIVE\""));
      Lease lease = conductor.lease(id);
      DATABASE
          .migrations()
          .rolledBack(
              lease,
              migration(id).id(),
              MigrationStatus.ERROR,
              new dev.tern.contract.Failure(
                  dev.tern.contract.ErrorCode.NO_VALID_HOST, "No valid host was found."));
      assertThat(answer.join().body())
          .isEqualTo("{\"badRequest\":{\"code\":400,\"message\":\"No valid host was found.\"}}");
    }
    assertThat(get("/v2.1/servers/" + id, "2.1").get("server").get("status").stringValue())
        .isEqualTo("ACTIVE");
  }

  @Test
  void stops_starts_and_deletes_a_server() {
    ServerId id = active();
    String server = "/v2.1/servers/" + id;
    assertThat(call("POST", server + "/action", "2.1", "{\"os-stop\": null}").statusCode())
        .isEqualTo(202);
    DATABASE.servers().stopped(conductor.lease(id), id);
    assertThat(get(server, "2.1").get("server").get("status").stringValue()).isEqualTo("SHUTOFF");
    assertThat(call("POST", server + "/action", "2.1", "{\"os-stop\": null}").statusCode())
        .isEqualTo(409);
    assertThat(call("POST", server + "/action", "2.1", "{\"os-start\": null}").statusCode())
        .isEqualTo(202);
    DATABASE.servers().running(conductor.lease(id), id);
    assertThat(call("DELETE", server, "2.1", "").statusCode()).isEqualTo(204);
    DATABASE.servers().deleted(conductor.lease(id), id);
    assertThat(call("GET", server, "2.1", "").statusCode()).isEqualTo(404);
    assertThat(get(server + "/os-instance-actions", "2.21").get("instanceActions").size())
        .isEqualTo(4);
    assertThat(get("/v2.1/servers?all_tenants=1&deleted=True", "2.1").toString())
        .contains(id.toString());
  }

  @Test
  void pages_through_servers_in_order() {
    for (int i = 0; i < 3; i++) {
      created();
    }
    JsonNode first = get("/v2.1/servers?limit=2&sort_key=name&sort_dir=asc", "2.1");
    assertThat(first.get("servers").size()).isEqualTo(2);
    String next =
        URI.create(first.get("servers_links").get(0).get("href").stringValue()).getRawQuery();
    JsonNode second = get("/v2.1/servers?" + next, "2.1");
    assertThat(second.get("servers").toString())
        .doesNotContain(first.get("servers").get(1).get("id").stringValue());
  }

  private void showsHowFarItIs(MigrationRecord running) {
    JsonNode shown = get("/v1/migrations/" + running.id(), "2.1").get("migration");
    assertThat(shown.get("pause").isNull()).isTrue();
    JsonNode progress = shown.get("progress");
    assertThat(progress.get("percent").doubleValue()).isEqualTo(87.2);
    assertThat(progress.get("disks").get(0).get("disk").stringValue()).isEqualTo("disk0");
    assertThat(progress.get("disks").get(0).get("offset_bytes").longValue()).isEqualTo(960);
    assertThat(progress.get("disks").get(0).get("ready").booleanValue()).isFalse();
    assertThat(progress.get("memory").get("passes").longValue()).isEqualTo(2);
    assertThat(progress.get("memory").get("dirty_bytes_per_second").longValue()).isEqualTo(4);
    assertThat(progress.get("left_seconds").get("low").doubleValue()).isEqualTo(1.0);
    assertThat(progress.get("left_seconds").get("expected").doubleValue()).isEqualTo(2.0);
    assertThat(progress.get("left_seconds").get("high").doubleValue()).isEqualTo(962.0);
    assertThat(progress.get("left_unknown").isNull()).isTrue();
    assertThat(progress.get("pause_millis").doubleValue()).isEqualTo(30.0);
  }
}
