package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.ServerStore.ConfigWish;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

@DisplayName("The servers' API")
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ServersTest {
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

  private TestApi.Answer create(String version, String fields) {
    return api.to("/v2.1/servers")
        .version(version)
        .post(
            "{\"server\": {\"name\": \"Web Server\", \"flavorRef\": \"tiny\", \"imageRef\": \"%s\"%s}}"
                .formatted(Samples.IMAGE, fields));
  }

  private static ServerId idIn(TestApi.Answer answer) {
    return ServerId.parse(answer.json().get("server").get("id").stringValue());
  }

  @Test
  void makes_a_server_and_says_where_it_is() {
    TestApi.Answer answer =
        create(
            "2.19",
            ",\"metadata\": {\"a\": \"b\"}, \"description\": \"d\", \"min_count\": 1, \"max_count\": 1");
    assertThat(answer.status()).isEqualTo(202);
    ServerId id = idIn(answer);
    assertThat(answer.header("Location")).isEqualTo(api.base() + "/v2.1/servers/" + id);
    var server = api.stores.servers().find(id).orElseThrow();
    assertThat(server.vmState()).isEqualTo(VmState.BUILDING);
    assertThat(server.hostname()).isEqualTo("web-server");
    assertThat(server.metadata()).isEqualTo(Map.of("a", "b"));
    assertThat(server.description()).contains("d");
    assertThat(server.network()).isTrue();
    var shown = api.to("/v2.1/servers/" + id).get().json().get("server");
    assertThat(shown.get("status").stringValue()).isEqualTo("BUILD");
    assertThat(shown.get("OS-EXT-STS:task_state").stringValue()).isEqualTo("scheduling");
    var actions = api.to("/v2.1/servers/" + id + "/os-instance-actions").get().json();
    assertThat(actions.get("instanceActions").get(0).get("request_id").stringValue())
        .isEqualTo(answer.header("X-Compute-Request-Id"));
  }

  @ParameterizedTest
  @CsvSource({
    "2.1, '', true",
    "2.1, ',\"networks\": []', false",
    "2.37, ',\"networks\": \"auto\"', true",
    "2.37, ',\"networks\": \"none\"', false",
    "2.37, ',\"networks\": []', false"
  })
  void gives_a_network_card_or_none(String version, String field, boolean network) {
    assertThat(api.stores.servers().find(idIn(create(version, field))).orElseThrow().network())
        .isEqualTo(network);
  }

  @ParameterizedTest
  @CsvSource({
    "2.1, ',\"availability_zone\": \"nova\"', , nova",
    "2.1, ',\"availability_zone\": \"nova:host2\"', host2, ",
    "2.1, ',\"availability_zone\": \"nova:host2:host2\"', host2, ",
    "2.74, ',\"networks\": \"none\", \"host\": \"host2\"', host2, ",
    "2.74, ',\"networks\": \"none\", \"hypervisor_hostname\": \"host2\"', host2, "
  })
  void sends_a_server_where_an_admin_says(String version, String field, String host, String zone) {
    var server = api.stores.servers().find(idIn(create(version, field))).orElseThrow();
    assertThat(server.requestedHost().map(HostName::value)).isEqualTo(Optional.ofNullable(host));
    assertThat(server.availabilityZone()).isEqualTo(Optional.ofNullable(zone));
  }

  @ParameterizedTest
  @CsvSource({
    "'', ''",
    "',\"config_drive\": false', ''",
    "',\"config_drive\": \"\"', ''",
    "',\"config_drive\": null', ''",
    "',\"config_drive\": true', True",
    "',\"config_drive\": \"yes\"', True",
    "',\"user_data\": \"I2Nsb3VkLWNvbmZpZwo=\"', True",
    "',\"user_data\": \"I2Nsb3VkLWNvbmZpZwo=\", \"config_drive\": false', True"
  })
  @Tag("S146")
  void gives_a_config_drive_or_none(String field, String shown) {
    ServerId id = idIn(create("2.1", field));
    assertThat(api.to("/v2.1/servers/" + id).get().json().at("/server/config_drive").stringValue())
        .isEqualTo(shown);
    assertThat(api.stores.servers().find(id).orElseThrow().config().drive())
        .isEqualTo(shown.equals("True"));
    for (boolean wanted : List.of(true, false)) {
      assertThat(api.to("/v2.1/servers?config_drive=" + wanted).get().json().get("servers").size())
          .as("listed with config_drive=%s", wanted)
          .isEqualTo(wanted == shown.equals("True") ? 1 : 0);
    }
  }

  /** A password of one's own has no other way into the guest, so it brings the drive along. */
  @Test
  void answers_the_administrator_s_password_and_keeps_it_for_the_config_drive_only() {
    TestApi.Answer named = create("2.1", ",\"adminPass\": \"kittiwake\"");
    assertThat(named.json().at("/server/adminPass").stringValue()).isEqualTo("kittiwake");
    assertThat(config(named).drive()).isTrue();
    assertThat(config(named).adminPass()).contains("kittiwake");
    assertThat(config(named)).as("in a log").asString().doesNotContain("kittiwake");
    TestApi.Answer unnamed = create("2.96", ",\"networks\": \"none\"");
    assertThat(unnamed.json().at("/server/adminPass").stringValue()).hasSize(12);
    assertThat(config(unnamed).drive()).isFalse();
    assertThat(config(unnamed).adminPass()).isEmpty();
    TestApi.Answer drive = create("2.1", ",\"config_drive\": true, \"adminPass\": \"\"");
    String made = drive.json().at("/server/adminPass").stringValue();
    assertThat(made).hasSize(12).isNotEqualTo(unnamed.json().at("/server/adminPass").stringValue());
    assertThat(config(drive).adminPass()).contains(made);
    for (TestApi.Answer each : List.of(named, drive)) {
      String shown = api.to("/v2.1/servers/" + idIn(each)).get().text();
      assertThat(shown).doesNotContain("kittiwake", made, "adminPass");
    }
  }

  private ConfigWish config(TestApi.Answer made) {
    return api.stores.servers().find(idIn(made)).orElseThrow().config();
  }

  @Test
  void makes_several_servers_with_numbered_names() {
    assertThat(create("2.1", ",\"min_count\": 3").status()).isEqualTo(202);
    List<String> names = new ArrayList<>();
    api.to("/v2.1/servers?all_tenants=1")
        .get()
        .json()
        .get("servers")
        .forEach(server -> names.add(server.get("name").stringValue()));
    assertThat(names).containsExactlyInAnyOrder("Web Server-1", "Web Server-2", "Web Server-3");
  }

  @Test
  void boots_a_kernel_of_its_image() {
    ImageId kernel = new ImageId(new UUID(1, 1));
    ImageId ramdisk = new ImageId(new UUID(1, 2));
    ImageId disk = new ImageId(new UUID(1, 3));
    api.conductors.image(kernel, "aki", Map.of());
    api.conductors.image(ramdisk, "ari", Map.of());
    api.conductors.image(
        disk,
        "raw",
        Map.of(
            "kernel_id", kernel.toString(),
            "ramdisk_id", ramdisk.toString(),
            "os_command_line", "console=ttyS0"));
    var answer =
        api.to("/v2.1/servers")
            .post(
                "{\"server\": {\"name\": \"k\", \"flavorRef\": \"2\", \"imageRef\": \"%s\"}}"
                    .formatted(disk));
    assertThat(answer.status()).isEqualTo(202);
    var shown = api.to("/v2.1/servers/" + idIn(answer)).version("2.3").get().json().get("server");
    assertThat(shown.get("OS-EXT-SRV-ATTR:kernel_id").stringValue()).isEqualTo(kernel.toString());
  }

  @Test
  void refuses_a_flavor_smaller_than_the_image() {
    ImageId big = new ImageId(new UUID(1, 4));
    api.conductors.image(big, "qcow2", Map.of(), 2L << 30);
    assertThat(
            api.to("/v2.1/servers")
                .post(
                    "{\"server\": {\"name\": \"k\", \"flavorRef\": \"tiny\", \"imageRef\": \"%s\"}}"
                        .formatted(big))
                .fault())
        .isEqualTo(
            "400 badRequest: Flavor's disk is too small for requested image. Flavor disk is 1073741824 bytes, image is 2147483648 bytes.");
  }

  @Test
  void starts_stops_and_deletes() {
    ServerId id = new ServerId(new UUID(2, 1));
    api.conductors.boots(id, "demo", "host1");
    String path = "/v2.1/servers/" + id;
    TestApi.Answer stopped = api.to(path + "/action").as("u:demo").post("{\"os-stop\": null}");
    assertThat(stopped.status()).isEqualTo(202);
    assertThat(stopped.text()).isEmpty();
    assertThat(api.stores.servers().find(id).orElseThrow().task()).contains(TaskState.POWERING_OFF);
    api.conductors.stops(id);
    assertThat(api.to(path + "/action").as("u:demo").post("{\"os-start\": {}}").status())
        .isEqualTo(202);
    api.conductors.stops(id);
    assertThat(api.to(path).as("u:demo").delete().status()).isEqualTo(204);
    assertThat(api.stores.servers().find(id).orElseThrow().task()).contains(TaskState.DELETING);
    api.conductors.deletes(id);
    assertThat(api.to(path).get().status()).isEqualTo(404);
    assertThat(api.to(path + "/os-instance-actions").version("2.20").get().status()).isEqualTo(404);
    assertThat(api.to(path + "/os-instance-actions").version("2.21").get().status()).isEqualTo(200);
  }

  @Test
  void lists_page_by_page() {
    for (int i = 1; i <= 5; i++) {
      api.conductors.boots(new ServerId(new UUID(3, i)), "demo", "host1");
    }
    List<String> seen = new ArrayList<>();
    String path = "/v2.1/servers?limit=2&sort_key=uuid&sort_dir=asc";
    while (!path.isEmpty()) {
      var page = api.to(path).as("u:demo").get().json();
      page.get("servers").forEach(server -> seen.add(server.get("id").stringValue()));
      path =
          page.has("servers_links")
              ? page.get("servers_links").get(0).get("href").stringValue().replace(api.base(), "")
              : "";
    }
    assertThat(seen).hasSize(5).doesNotHaveDuplicates().isSorted();
  }

  @ParameterizedTest
  @CsvSource({
    "'', 1",
    "all_tenants=1, 2",
    "all_tenants=1&host=host2, 1",
    "all_tenants=1&status=ACTIVE, 2",
    "all_tenants=1&status=SHUTOFF, 0",
    "all_tenants=1&status=MIGRATING, 0",
    "all_tenants=1&status=VERIFY_RESIZE, 0",
    "all_tenants=1&status=ACTIVE&status=ERROR, 2",
    "all_tenants=True&name=%5Ewe, 2",
    "all_tenants=True&name=b$, 2",
    "all_tenants=1&project_id=demo, 1",
    "all_tenants=1&locked=true, 0",
    "all_tenants=1&locked=false, 2",
    "all_tenants=1&ip=10.0.0.1, 0",
    "all_tenants=1&flavor=tiny, 2",
    "all_tenants=1&deleted=False, 2",
    "all_tenants=1&uuid=00000000-0000-0004-0000-000000000001, 1",
    "all_tenants=1&changes-since=2027-01-01T00:00:00Z, 0",
    "all_tenants=True&limit=21&sort_dir=desc&sort_dir=desc&sort_dir=desc&sort_key=created_at&sort_key=display_name&sort_key=uuid, 2"
  })
  void lists_what_is_asked_for(String query, int count) {
    api.conductors.boots(new ServerId(new UUID(4, 1)), "demo", "host1");
    api.conductors.boots(new ServerId(new UUID(4, 2)), "admin", "host2");
    TestApi.Answer answer = api.to("/v2.1/servers/detail?" + query).version("2.42").get();
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.json().get("servers").size()).isEqualTo(count);
  }

  @Test
  void lists_what_changed_also_what_is_deleted() {
    ServerId lives = new ServerId(new UUID(4, 1));
    ServerId dies = new ServerId(new UUID(4, 2));
    api.conductors.boots(lives, "demo", "host1");
    api.conductors.boots(dies, "demo", "host1");
    assertThat(api.to("/v2.1/servers/" + dies).as("u:demo").delete().status()).isEqualTo(204);
    api.conductors.deletes(dies);
    String since = "/v2.1/servers?changes-since=2000-01-01T00:00:00Z";
    assertThat(api.to(since).as("u:demo").get().text()).contains(lives.toString(), dies.toString());
    assertThat(api.to("/v2.1/servers?all_tenants=1&deleted=true").get().text())
        .contains(dies.toString())
        .doesNotContain(lives.toString());
    assertThat(
            api.to("/v2.1/servers?all_tenants=1&status=DELETED&status=ACTIVE")
                .get()
                .json()
                .get("servers")
                .size())
        .isEqualTo(2);
    for (String query : List.of("_x=1", "metadata=1", "sort_key=memory")) {
      assertThat(api.to("/v2.1/servers?" + query).get().status()).as(query).isEqualTo(400);
    }
  }

  @Test
  void lists_all_projects_to_admins_only() {
    assertThat(api.to("/v2.1/servers?all_tenants=1").as("u:demo").get().status()).isEqualTo(403);
  }

  @ParameterizedTest
  @CsvSource({"2.1", "2.11"})
  void disables_enables_and_forces_down_services(String version) {
    String path = "/v2.1/os-services/";
    String host = "{\"host\": \"host1\", \"binary\": \"nova-compute\"";
    assertThat(
            api.to(path + "disable-log-reason")
                .version(version)
                .put(host + ", \"disabled_reason\": \"broken fan\"}")
                .text())
        .contains("\"status\":\"disabled\"");
    assertThat(api.to(path + "enable").version(version).put(host + "}").status()).isEqualTo(200);
    assertThat(
            api.to(path + "force-down")
                .version(version)
                .put(host + ", \"forced_down\": true}")
                .status())
        .isEqualTo(version.equals("2.1") ? 404 : 200);
    assertThat(api.to(path + "sideways").version(version).put(host + "}").status()).isEqualTo(404);
    assertThat(
            api.to(path + "enable")
                .put("{\"host\": \"gone\", \"binary\": \"nova-compute\"}")
                .status())
        .isEqualTo(404);
    assertThat(
            api.to(path + "enable").put("{\"host\": \"host1\", \"binary\": \"nova-fax\"}").status())
        .isEqualTo(400);
  }

  @Test
  void updates_services_by_uuid_from_2_53_on() {
    String path = "/v2.1/os-services/" + host1().serviceUuid();
    var answer =
        api.to(path).version("2.53").put("{\"status\": \"disabled\", \"disabled_reason\": \"x\"}");
    assertThat(answer.json().get("service").get("disabled_reason").stringValue()).isEqualTo("x");
    assertThat(api.to(path).version("2.53").put("{\"forced_down\": true}").text())
        .contains("\"state\":\"down\"");
    assertThat(api.to(path).version("2.53").put("{}").status()).isEqualTo(400);
    assertThat(
            api.to(path)
                .version("2.53")
                .put("{\"status\": \"enabled\", \"disabled_reason\": \"x\"}")
                .status())
        .isEqualTo(400);
    assertThat(
            api.to("/v2.1/os-services/1").version("2.53").put("{\"status\": \"enabled\"}").status())
        .isEqualTo(400);
    assertThat(
            api.to("/v2.1/os-services/" + new UUID(9, 9))
                .version("2.53")
                .put("{\"status\": \"enabled\"}")
                .status())
        .isEqualTo(404);
  }

  private HostRecord host1() {
    return api.stores.hosts().find(new HostName("host1"), Duration.ofMinutes(1)).orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({
    "/v2.1/os-hypervisors/NUMBER, 2.1, 200",
    "/v2.1/os-hypervisors/999999, 2.1, 404",
    "/v2.1/os-hypervisors/one, 2.1, 404",
    "/v2.1/os-hypervisors/NUMBER, 2.53, 400",
    "/v2.1/os-hypervisors/UUID, 2.53, 200",
    "/v2.1/os-hypervisors/00000000-0000-1000-0000-000000000009, 2.53, 404",
    "/v2.1/os-hypervisors/nothing/search, 2.1, 404",
    "/v2.1/os-hypervisors?hypervisor_hostname_pattern=nothing, 2.53, 404",
    "/v2.1/os-hypervisors?hypervisor_hostname_pattern=host&limit=1, 2.53, 400"
  })
  void finds_hypervisors_by_the_id_of_the_version(String path, String version, int status) {
    String real =
        path.replace("NUMBER", Integer.toString(host1().number()))
            .replace("UUID", host1().uuid().toString());
    assertThat(api.to(real).version(version).get().status()).isEqualTo(status);
  }

  @Test
  void shows_hosts_to_admins_only() {
    for (String path :
        List.of("os-hypervisors", "os-services", "os-aggregates", "os-availability-zone/detail")) {
      assertThat(api.to("/v2.1/" + path).as("u:demo").get().status()).isEqualTo(403);
      assertThat(api.to("/v2.1/" + path).get().status()).isEqualTo(200);
    }
  }

  @Test
  void takes_clients_without_authentication_for_admins() {
    assertThat(api.to("/v2.1/os-services").get().status()).isEqualTo(200);
    assertThat(api.to("/v2.1/os-services").as("notused").get().status()).isEqualTo(200);
    assertThat(api.to("/v2.1/os-services").as("admin:any").get().status()).isEqualTo(200);
    assertThat(api.to("/v2.1/os-services").as("notused:admin").get().status()).isEqualTo(403);
  }

  @Test
  void answers_health_and_metrics() {
    assertThat(api.to("/actuator/health").get().json().get("status").stringValue()).isEqualTo("UP");
    assertThat(api.to("/actuator/prometheus").header("Accept", "text/plain").get().text())
        .contains("jvm_memory_used_bytes");
  }
}
