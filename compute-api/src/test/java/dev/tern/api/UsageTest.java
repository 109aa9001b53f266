package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

@DisplayName("The API for operators and dashboards")
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class UsageTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String USAGE = "/v2.1/os-simple-tenant-usage";
  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void reset() {
    api.reset();
  }

  @Test
  void counts_the_hours_of_servers() {
    api.conductors.boots(SERVER, "demo", "host1");
    api.time.pass(Duration.ofHours(3));
    JsonNode usage = api.to(USAGE + "/demo").as("u:demo").get().json().get("tenant_usage");
    assertThat(usage.get("total_hours").doubleValue()).isEqualTo(3.0);
    assertThat(usage.get("total_memory_mb_usage").doubleValue()).isEqualTo(3.0 * 128);
    assertThat(usage.get("total_vcpus_usage").doubleValue()).isEqualTo(3.0);
    JsonNode server = usage.at("/server_usages/0");
    assertThat(server.get("instance_id").stringValue()).isEqualTo(SERVER.toString());
    assertThat(server.get("uptime").longValue()).isEqualTo(10_800);
    assertThat(server.get("state").stringValue()).isEqualTo("active");
    JsonNode part =
        api.to(USAGE + "/demo?start=2026-08-01T13:00:00&end=2026-08-01T13:30:00.000000")
            .get()
            .json()
            .get("tenant_usage");
    assertThat(part.get("total_hours").doubleValue()).isEqualTo(0.5);
    JsonNode all = api.to(USAGE).get().json().get("tenant_usages");
    assertThat(all.size()).isEqualTo(1);
    assertThat(all.get(0).has("server_usages")).isFalse();
    assertThat(api.to(USAGE + "?detailed=1").get().text()).contains("server_usages");
    assertThat(api.to(USAGE + "/demo?limit=1").version("2.40").get().text())
        .contains("tenant_usage_links");
    assertThat(api.to(USAGE + "/demo?limit=1&marker=" + SERVER).version("2.40").get().text())
        .isEqualTo("{\"tenant_usage\":{}}");
  }

  @Test
  void tells_no_usage_of_a_server_whose_guest_never_ran() {
    var _ =
        api.stores
            .servers()
            .requestCreate(
                dev.tern.store.Samples.server("s", "demo"), api.conductors.request("u", "demo"));
    assertThat(api.to(USAGE + "/demo").get().text()).isEqualTo("{\"tenant_usage\":{}}");
  }

  @Test
  void tells_usage_to_those_it_concerns() {
    assertThat(api.to(USAGE).as("u:demo").get().status()).isEqualTo(403);
    assertThat(api.to(USAGE + "/demo").as("u:other").get().status()).isEqualTo(403);
    assertThat(api.to(USAGE + "/demo").get().text()).isEqualTo("{\"tenant_usage\":{}}");
    assertThat(api.to(USAGE + "?start=yesterday").get().fault())
        .isEqualTo("400 badRequest: Datetime is in invalid format");
    assertThat(api.to(USAGE + "?start=2026-08-02T00:00:00&end=2026-08-01T00:00:00").get().fault())
        .isEqualTo(
            "400 badRequest: Invalid start time. The start time cannot occur after the end time.");
  }

  @Test
  void removes_a_service_that_nothing_needs() {
    UUID service =
        api.stores
            .hosts()
            .find(new HostName("host1"), Duration.ofMinutes(1))
            .orElseThrow()
            .serviceUuid();
    api.conductors.boots(SERVER, "demo", "host1");
    String path = "/v2.1/os-services/";
    assertThat(api.to(path + service).version("2.53").delete().fault())
        .isEqualTo(
            "409 conflictingRequest: Unable to delete compute service that is hosting instances. Migrate or delete the instances first.");
    int number =
        api.stores
            .hosts()
            .find(new HostName("host2"), Duration.ofMinutes(1))
            .orElseThrow()
            .number();
    assertThat(api.to(path + number).as("u:demo").delete().status()).isEqualTo(403);
    assertThat(api.to(path + number).delete().status()).isEqualTo(204);
    assertThat(api.to(path + number).delete().status()).isEqualTo(404);
    assertThat(api.to(path + "host2").delete().status()).isEqualTo(400);
    assertThat(api.to("/v2.1/os-services").get().text()).doesNotContain("host2");
    assertThat(api.to("/v2.1/os-hypervisors").get().text()).doesNotContain("host2");
  }

  @ParameterizedTest
  @CsvSource({
    "os-security-groups, security_groups",
    "os-floating-ips, floating_ips",
    "os-floating-ip-pools, floating_ip_pools",
    "os-networks, networks",
    "os-tenant-networks, networks"
  })
  void has_no_networks_up_to_2_35(String path, String key) {
    assertThat(api.to("/v2.1/" + path).version("2.35").get().text())
        .isEqualTo("{\"%s\":[]}".formatted(key));
    assertThat(api.to("/v2.1/" + path).version("2.36").get().status()).isEqualTo(404);
  }

  @Test
  void says_what_nova_has_no_more() {
    assertThat(api.to("/v2.1/os-cells").get().fault())
        .isEqualTo(
            "410 computeFault: This resource is no longer available. No forwarding address is given.");
    assertThat(api.to("/v2.1/os-fping").get().status()).isEqualTo(410);
    assertThat(api.to("/v2.1/os-fping").version("2.36").get().status()).isEqualTo(404);
    api.conductors.boots(SERVER, "demo", "host1");
    assertThat(api.to("/v2.1/servers/" + SERVER + "/os-security-groups").get().text())
        .isEqualTo("{\"security_groups\":[]}");
  }
}
