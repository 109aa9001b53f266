package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.ActionStore.ActionRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

@DisplayName("The life of a server in the API")
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LifeTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String PATH = "/v2.1/servers/" + SERVER;
  private static final String IN_PAUSED =
      "409 conflictingRequest: Cannot '%s' instance " + SERVER + " while it is in vm_state paused";

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
  void server() {
    api.reset();
    api.conductors.boots(SERVER, "demo", "host1");
  }

  private TestApi.Answer act(String token, String version, String body) {
    return api.to(PATH + "/action").as(token).version(version).post(body);
  }

  private TestApi.Answer act(String body) {
    return act("u:demo", "2.1", body);
  }

  private ServerRecord found() {
    return api.stores.servers().find(SERVER).orElseThrow();
  }

  private JsonNode shown(String version) {
    return api.to(PATH).version(version).get().json().get("server");
  }

  private List<String> actions() {
    return api.stores.actions().list(SERVER).stream().map(ActionRecord::action).toList();
  }

  // ---- the guest

  @Test
  void is_paused_and_unpaused() {
    TestApi.Answer accepted = act("{\"pause\": {}}");
    assertThat(accepted.status()).isEqualTo(202);
    assertThat(accepted.text()).isEmpty();
    assertThat(shown("2.1").get("OS-EXT-STS:task_state").stringValue()).isEqualTo("pausing");
    assertThat(act("{\"pause\": null}").fault())
        .isEqualTo(
            "409 conflictingRequest: Cannot 'pause' instance %s while it is in task_state pausing",
            SERVER);
    api.conductors.pauses(SERVER);
    assertThat(shown("2.1").get("status").stringValue()).isEqualTo("PAUSED");
    assertThat(shown("2.1").get("OS-EXT-STS:power_state").intValue()).isEqualTo(3);
    assertThat(shown("2.1").has("progress")).isFalse();
    assertThat(act("{\"pause\": null}").fault()).isEqualTo(IN_PAUSED.formatted("pause"));
    assertThat(act("{\"os-stop\": null}").fault()).isEqualTo(IN_PAUSED.formatted("stop"));
    assertThat(act("{\"reboot\": {\"type\": \"SOFT\"}}").fault())
        .isEqualTo(IN_PAUSED.formatted("reboot"));
    assertThat(act("{\"unpause\": null}").status()).isEqualTo(202);
    assertThat(found().task()).contains(TaskState.UNPAUSING);
    assertThat(actions()).containsExactly("unpause", "pause", "create");
  }

  @Test
  void is_live_migrated_while_it_is_paused_and_is_left_alone_meanwhile() {
    assertThat(act("{\"pause\": null}").status()).isEqualTo(202);
    api.conductors.pauses(SERVER);
    String move = "{\"os-migrateLive\": {\"host\": \"host2\", \"block_migration\": \"auto\"}}";
    assertThat(act("admin", "2.34", move).status()).isEqualTo(202);
    assertThat(shown("2.1").get("status").stringValue()).isEqualTo("MIGRATING");
    assertThat(shown("2.1").get("OS-EXT-STS:vm_state").stringValue()).isEqualTo("paused");
    for (String body :
        List.of(
            "{\"unpause\": null}",
            "{\"reboot\": {\"type\": \"HARD\"}}",
            "{\"os-resetState\": {\"state\": \"error\"}}")) {
      assertThat(act("admin", "2.1", body).fault())
          .startsWith("409 conflictingRequest: Cannot '")
          .endsWith("while it is in task_state migrating");
    }
    assertThat(act("{\"lock\": null}").status()).isEqualTo(202);
    assertThat(api.to(PATH).as("u:demo").put("{\"server\": {\"name\": \"n\"}}").status())
        .isEqualTo(200);
    assertThat(found().vmState()).isEqualTo(VmState.PAUSED);
  }

  @ParameterizedTest
  @CsvSource({"soft, REBOOT, rebooting", "Hard, HARD_REBOOT, rebooting_hard"})
  void is_rebooted(String type, String status, String task) {
    assertThat(act("{\"reboot\": {\"type\": \"%s\"}}".formatted(type)).status()).isEqualTo(202);
    assertThat(shown("2.1").get("status").stringValue()).isEqualTo(status);
    assertThat(shown("2.1").get("OS-EXT-STS:task_state").stringValue()).isEqualTo(task);
    for (String each : List.of("REBOOT", "HARD_REBOOT", "ACTIVE")) {
      assertThat(
              api.to("/v2.1/servers?all_tenants=1&status=" + each)
                  .get()
                  .json()
                  .get("servers")
                  .size())
          .as(each)
          .isEqualTo(each.equals(status) ? 1 : 0);
    }
    assertThat(actions()).startsWith("reboot");
  }

  @Test
  void is_rebooted_hard_whatever_it_is() {
    assertThat(act("{\"pause\": null}").status()).isEqualTo(202);
    api.conductors.pauses(SERVER);
    assertThat(act("{\"reboot\": {\"type\": \"HARD\"}}").status()).isEqualTo(202);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"reboot\": null}",
        "{\"reboot\": {}}",
        "{\"reboot\": {\"type\": \"warm\"}}",
        "{\"reboot\": {\"type\": \"SOFT\", \"x\": 1}}",
        "{\"os-resetState\": {\"state\": \"paused\"}}",
        "{\"os-resetState\": null}"
      })
  void refuses_bodies_that_say_nothing(String body) {
    assertThat(act("admin", "2.1", body).status()).isEqualTo(400);
    assertThat(found().task()).isEmpty();
  }

  @Test
  void is_suspended_and_resumed() {
    String in = "409 conflictingRequest: Cannot '%s' instance " + SERVER + " while it is in %s";
    assertThat(act("{\"resume\": null}").fault())
        .isEqualTo(in.formatted("resume", "vm_state active"));
    assertThat(act("other:other", "2.1", "{\"suspend\": null}").status()).isEqualTo(404);
    assertThat(act("{\"suspend\": null}").status()).isEqualTo(202);
    assertThat(shown("2.1").get("status").stringValue()).isEqualTo("ACTIVE");
    assertThat(shown("2.1").get("OS-EXT-STS:task_state").stringValue()).isEqualTo("suspending");
    assertThat(act("{\"suspend\": null}").fault())
        .isEqualTo(in.formatted("suspend", "task_state suspending"));
    api.conductors.suspends(SERVER);
    assertThat(shown("2.1").get("status").stringValue()).isEqualTo("SUSPENDED");
    assertThat(shown("2.1").get("OS-EXT-STS:vm_state").stringValue()).isEqualTo("suspended");
    assertThat(shown("2.1").get("OS-EXT-STS:power_state").intValue()).isEqualTo(4);
    assertThat(shown("2.1").has("progress")).isFalse();
    assertThat(
            api.to("/v2.1/servers?all_tenants=1&status=suspended")
                .get()
                .json()
                .get("servers")
                .size())
        .isEqualTo(1);
    assertThat(act("{\"resume\": null}").status()).isEqualTo(202);
    assertThat(shown("2.1").get("OS-EXT-STS:task_state").stringValue()).isEqualTo("resuming");
    assertThat(shown("2.1").get("status").stringValue()).isEqualTo("SUSPENDED");
    assertThat(actions()).containsExactly("resume", "suspend", "create");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "suspend | {\"suspend\": null}",
        "pause | {\"pause\": null}",
        "unpause | {\"unpause\": null}",
        "stop | {\"os-stop\": null}",
        "start | {\"os-start\": null}",
        "reboot | {\"reboot\": {\"type\": \"SOFT\"}}",
        "migrate | {\"migrate\": null}",
        "resize | {\"resize\": {\"flavorRef\": \"tiny\"}}",
        "createImage | {\"createImage\": {\"name\": \"i\"}}",
        "os-migrateLive | {\"os-migrateLive\": {\"host\": \"host2\", \"block_migration\": \"auto\"}}"
      })
  void that_is_suspended_does_nothing_else(String action, String body) {
    assertThat(act("{\"suspend\": null}").status()).isEqualTo(202);
    api.conductors.suspends(SERVER);
    assertThat(act("admin", "2.34", body).fault())
        .isEqualTo(
            "409 conflictingRequest: Cannot '%s' instance %s while it is in vm_state suspended",
            action, SERVER);
    assertThat(found().vmState()).isEqualTo(VmState.SUSPENDED);
    assertThat(act("{\"reboot\": {\"type\": \"HARD\"}}").status()).isEqualTo(202);
  }

  // ---- locks

  @Test
  void is_locked_for_everybody_but_administrators() {
    assertThat(act("u:demo", "2.73", "{\"lock\": {\"locked_reason\": \"audit\"}}").status())
        .isEqualTo(202);
    assertThat(shown("2.9").get("locked").booleanValue()).isTrue();
    assertThat(shown("2.9").has("locked_reason")).isFalse();
    assertThat(shown("2.73").get("locked_reason").stringValue()).isEqualTo("audit");
    String locked = "409 conflictingRequest: Instance " + SERVER + " is locked";
    for (String body :
        List.of("{\"os-stop\": null}", "{\"pause\": null}", "{\"reboot\": {\"type\": \"HARD\"}}")) {
      assertThat(act(body).fault()).isEqualTo(locked);
    }
    assertThat(api.to(PATH).as("u:demo").delete().fault()).isEqualTo(locked);
    assertThat(
            api.to(PATH + "/metadata").as("u:demo").post("{\"metadata\": {\"a\": \"b\"}}").fault())
        .isEqualTo(locked);
    assertThat(api.to("/v2.1/servers?locked=true").as("u:demo").version("2.73").get().text())
        .contains(SERVER.toString());
    assertThat(act("admin", "2.1", "{\"pause\": null}").status()).isEqualTo(202);
    assertThat(act("{\"unlock\": null}").status()).isEqualTo(202);
    assertThat(shown("2.73").get("locked").booleanValue()).isFalse();
    assertThat(shown("2.73").get("locked_reason").isNull()).isTrue();
    assertThat(actions()).containsExactly("unlock", "pause", "lock", "create");
  }

  @Test
  void locked_by_an_administrator_is_not_unlocked_by_its_owner() {
    assertThat(act("admin", "2.1", "{\"lock\": null}").status()).isEqualTo(202);
    assertThat(act("{\"unlock\": null}").fault())
        .startsWith("403 forbidden: Policy doesn't allow os_compute_api:os-lock-server:unlock");
    assertThat(act("admin", "2.1", "{\"unlock\": null}").status()).isEqualTo(202);
    assertThat(found().lock()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2.73 | {\"lock\": {\"locked_reason\": \"\"}} | 400",
        "2.73 | {\"lock\": {\"reason\": \"x\"}} | 400",
        "2.73 | {\"lock\": {}} | 202",
        "2.72 | {\"lock\": {\"locked_reason\": \"x\"}} | 202"
      })
  void reads_a_lock_as_its_version_has_it(String version, String body, int status) {
    assertThat(act("u:demo", version, body).status()).isEqualTo(status);
    assertThat(found().lock().flatMap(dev.tern.store.ServerLock::reason)).isEmpty();
  }

  // ---- states

  @Test
  void is_what_an_administrator_says_while_nothing_is_done_to_it() {
    assertThat(act("{\"os-resetState\": {\"state\": \"error\"}}").status()).isEqualTo(403);
    assertThat(act("admin", "2.1", "{\"os-resetState\": {\"state\": \"error\"}}").status())
        .isEqualTo(202);
    assertThat(found().vmState()).isEqualTo(VmState.ERROR);
    assertThat(act("admin", "2.1", "{\"os-resetState\": {\"state\": \"active\"}}").status())
        .isEqualTo(202);
    assertThat(found().vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(act("{\"pause\": null}").status()).isEqualTo(202);
    assertThat(act("admin", "2.1", "{\"os-resetState\": {\"state\": \"active\"}}").fault())
        .isEqualTo(
            "409 conflictingRequest: Cannot 'resetState' instance %s while it is in task_state pausing",
            SERVER);
    assertThat(actions()).containsExactly("pause", "resetState", "resetState", "create");
  }

  // ---- what its owner writes on it

  @Test
  void is_renamed_and_described() {
    TestApi.Answer answer =
        api.to(PATH)
            .as("u:demo")
            .version("2.90")
            .put(
                "{\"server\": {\"name\": \"new\", \"description\": null, \"accessIPv4\": \"10.0.0.1\","
                    + " \"accessIPv6\": \"fe80::1\", \"OS-DCF:diskConfig\": \"MANUAL\", \"hostname\": \"n1\"}}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    JsonNode server = answer.json().get("server");
    assertThat(server)
        .isEqualTo(api.to(PATH).as("u:demo").version("2.90").get().json().get("server"));
    assertThat(server.get("name").stringValue()).isEqualTo("new");
    assertThat(server.get("description").isNull()).isTrue();
    assertThat(server.get("accessIPv4").stringValue()).isEqualTo("10.0.0.1");
    assertThat(server.get("accessIPv6").stringValue()).isEqualTo("fe80::1");
    assertThat(server.get("OS-DCF:diskConfig").stringValue()).isEqualTo("MANUAL");
    assertThat(server.get("OS-EXT-SRV-ATTR:hostname").stringValue()).isEqualTo("n1");
    JsonNode old = api.to(PATH).put("{\"server\": {}}").json().get("server");
    assertThat(old.propertyNames())
        .contains("name", "OS-DCF:diskConfig", "progress")
        .noneMatch(name -> name.startsWith("OS-EXT") || name.equals("key_name"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2.1 | {\"name\": \"\"} | 400",
        "2.1 | {\"name\": \" x\"} | 400",
        "2.1 | {\"description\": \"x\"} | 400",
        "2.1 | {\"accessIPv4\": \"300.0.0.1\"} | 400",
        "2.1 | {\"accessIPv6\": \"example.com\"} | 400",
        "2.1 | {\"OS-DCF:diskConfig\": \"auto\"} | 400",
        "2.89 | {\"hostname\": \"x\"} | 400",
        "2.90 | {\"hostname\": \"a.b\"} | 400",
        "2.94 | {\"hostname\": \"a.b\"} | 200"
      })
  void refuses_what_cannot_be_written_on_it(String version, String fields, int status) {
    assertThat(
            api.to(PATH)
                .as("u:demo")
                .version(version)
                .put("{\"server\": %s}".formatted(fields))
                .status())
        .isEqualTo(status);
  }

  @Test
  void keeps_metadata() {
    String path = PATH + "/metadata";
    assertThat(api.to(path).as("u:demo").post("{\"metadata\": {\"a\": \"1\"}}").text())
        .isEqualTo("{\"metadata\":{\"a\":\"1\",\"role\":\"web\"}}");
    assertThat(api.to(path + "/a").as("u:demo").put("{\"meta\": {\"a\": \"2\"}}").text())
        .isEqualTo("{\"meta\":{\"a\":\"2\"}}");
    assertThat(api.to(path + "/a").get().text()).isEqualTo("{\"meta\":{\"a\":\"2\"}}");
    assertThat(api.to(path + "/b").put("{\"meta\": {\"a\": \"2\"}}").fault())
        .isEqualTo("400 badRequest: Request body and URI mismatch");
    assertThat(api.to(path + "/b").get().fault())
        .isEqualTo("404 itemNotFound: Metadata item was not found");
    assertThat(api.to(path + "/b").delete().status()).isEqualTo(404);
    assertThat(api.to(path + "/a").as("u:demo").delete().status()).isEqualTo(204);
    assertThat(api.to(path).put("{\"metadata\": {\"c\": \"3\"}}").status()).isEqualTo(200);
    assertThat(found().metadata()).isEqualTo(Map.of("c", "3"));
    assertThat(api.to(path).put("{\"metadata\": {\"c/d\": \"3\"}}").status()).isEqualTo(400);
    assertThat(api.to(path).put("{\"metadata\": {\"c\": 3}}").status()).isEqualTo(400);
    List<String> many = new ArrayList<>();
    for (int i = 0; i < 128; i++) {
      many.add("\"k%d\": \"v\"".formatted(i));
    }
    assertThat(api.to(path).post("{\"metadata\": {%s}}".formatted(String.join(",", many))).fault())
        .isEqualTo("403 forbidden: Maximum number of metadata items exceeds 128");
    assertThat(found().metadata()).isEqualTo(Map.of("c", "3"));
    api.conductors.isAskedFor(new ServerId(new UUID(7, 1)), "demo");
    assertThat(
            api.to("/v2.1/servers/" + new UUID(7, 1) + "/metadata")
                .post("{\"metadata\": {}}")
                .fault())
        .contains("Cannot 'update metadata' instance", "vm_state building");
  }

  @Test
  void keeps_tags_and_is_found_by_them() {
    String path = PATH + "/tags";
    assertThat(api.to(path).version("2.25").get().status()).isEqualTo(404);
    TestApi.Answer added = api.to(path + "/blue").version("2.26").put("");
    assertThat(added.status()).isEqualTo(201);
    assertThat(added.header("Location")).endsWith(PATH + "/tags/blue");
    assertThat(api.to(path + "/blue").version("2.26").put("").status()).isEqualTo(204);
    assertThat(api.to(path + "/blue").version("2.26").get().status()).isEqualTo(204);
    assertThat(api.to(path + "/red").version("2.26").get().fault())
        .isEqualTo("404 itemNotFound: Server %s has no tag 'red'", SERVER);
    assertThat(api.to(path + "/a,b").version("2.26").put("").status()).isEqualTo(400);
    assertThat(api.to(path).version("2.26").put("{\"tags\": [\"red\", \"green\"]}").text())
        .isEqualTo("{\"tags\":[\"green\",\"red\"]}");
    assertThat(api.to(path).version("2.26").put("{\"tags\": [\"a/b\"]}").status()).isEqualTo(400);
    assertThat(api.to(path).version("2.26").put("{}").status()).isEqualTo(400);
    assertThat(shown("2.26").get("tags").toString()).isEqualTo("[\"green\",\"red\"]");
    assertThat(found().labels().tags()).containsExactly("green", "red");
    for (String query :
        List.of(
            "tags=red,green",
            "tags-any=red,x",
            "not-tags=red,x",
            "not-tags-any=x",
            "tags=red&tags=green")) {
      assertThat(listed(query)).as(query).isOne();
    }
    for (String query : List.of("tags=red,x", "tags-any=x", "not-tags=red", "not-tags-any=x,red")) {
      assertThat(listed(query)).as(query).isZero();
    }
    assertThat(api.to(path + "/red").version("2.26").delete().status()).isEqualTo(204);
    assertThat(api.to(path).version("2.26").delete().status()).isEqualTo(204);
    assertThat(found().labels().tags()).isEmpty();
  }

  private int listed(String query) {
    TestApi.Answer answer = api.to("/v2.1/servers?all_tenants=1&" + query).version("2.26").get();
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json().get("servers").size();
  }

  // ---- made

  @Test
  void is_made_in_a_zone_and_found_there() {
    String made =
        api.to("/v2.1/os-aggregates")
            .post("{\"aggregate\": {\"name\": \"a\", \"availability_zone\": \"east\"}}")
            .json()
            .at("/aggregate/id")
            .toString();
    String create =
        "{\"server\": {\"name\": \"n\", \"flavorRef\": \"tiny\", \"imageRef\": \"%s\", \"availability_zone\": \"%s\"}}";
    String east = create.formatted(Samples.IMAGE, "east");
    assertThat(api.to("/v2.1/servers").post(east).fault())
        .isEqualTo("400 badRequest: The requested availability zone is not available");
    assertThat(
            api.to("/v2.1/os-aggregates/" + made + "/action")
                .post("{\"add_host\": {\"host\": \"host2\"}}")
                .status())
        .isEqualTo(200);
    TestApi.Answer accepted = api.to("/v2.1/servers").post(east);
    assertThat(accepted.status()).as(accepted.text()).isEqualTo(202);
    ServerId id = ServerId.parse(accepted.json().at("/server/id").stringValue());
    assertThat(api.stores.servers().find(id).orElseThrow().availabilityZone()).contains("east");
    TestApi.Answer node =
        api.to("/v2.1/servers").post(create.formatted(Samples.IMAGE, "east::host2"));
    assertThat(node.status()).as(node.text()).isEqualTo(202);
    api.conductors.boots(new ServerId(new UUID(7, 2)), "demo", "host2");
    String path = "/v2.1/servers?all_tenants=1&availability_zone=";
    assertThat(api.to(path + "east").get().text()).contains(new UUID(7, 2).toString());
    assertThat(api.to(path + "east").get().text()).doesNotContain(SERVER.toString());
    assertThat(api.to(path + "nova").get().text()).contains(SERVER.toString());
  }

  @Test
  void several_are_made_by_one_request_under_one_reservation() {
    String body =
        "{\"server\": {\"name\": \"n\", \"flavorRef\": \"tiny\", \"imageRef\": \"%s\", \"networks\": \"none\","
            .formatted(Samples.IMAGE);
    TestApi.Answer made =
        api.to("/v2.1/servers")
            .version("2.52")
            .post(
                body
                    + " \"min_count\": 2, \"max_count\": 3, \"return_reservation_id\": true, \"tags\": [\"t\"],"
                    + " \"accessIPv4\": \"10.0.0.9\", \"OS-DCF:diskConfig\": \"MANUAL\"}}");
    assertThat(made.status()).as(made.text()).isEqualTo(202);
    String reservation = made.json().get("reservation_id").stringValue();
    assertThat(reservation).matches("r-[0-9a-f]{8}");
    JsonNode servers =
        api.to(
                "/v2.1/servers/detail?reservation_id="
                    + reservation
                    + "&sort_key=display_name&sort_dir=asc")
            .version("2.52")
            .get()
            .json()
            .get("servers");
    assertThat(servers.size()).isEqualTo(3);
    for (int i = 0; i < 3; i++) {
      JsonNode server = servers.get(i);
      assertThat(server.get("name").stringValue()).isEqualTo("n-" + (i + 1));
      assertThat(server.get("OS-EXT-SRV-ATTR:launch_index").intValue()).isEqualTo(i);
      assertThat(server.get("OS-EXT-SRV-ATTR:reservation_id").stringValue()).isEqualTo(reservation);
      assertThat(server.get("tags").get(0).stringValue()).isEqualTo("t");
      assertThat(server.get("accessIPv4").stringValue()).isEqualTo("10.0.0.9");
      assertThat(server.get("OS-DCF:diskConfig").stringValue()).isEqualTo("MANUAL");
    }
    assertThat(api.to("/v2.1/servers").version("2.51").post(body + " \"tags\": []}}").status())
        .isEqualTo(400);
  }
}
