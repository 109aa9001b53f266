package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.client.Login;
import dev.tern.standalone.demo.ComputeClient;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The whole of it by a user without any rights, and what an operator does with it. */
@DisplayName("Two hosts of an ordinary user")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HostsSystemTest {
  @TempDir static Path folder;

  @SuppressWarnings("NullAway.Init")
  private static OrdinaryUser user;

  @SuppressWarnings("NullAway.Init")
  private static Map<String, String> environment;

  @SuppressWarnings("NullAway.Init")
  private static ComputeClient api;

  @BeforeAll
  static void start() throws Exception {
    user = OrdinaryUser.up(folder, "-Dtern.api.identity.token-optional=false");
    environment = Map.of("OS_CLIENT_CONFIG_FILE", folder.resolve("clouds.yaml").toString());
    api =
        new ComputeClient(user.place().api())
            .as(Login.of(environment).orElseThrow().logIn().token());
  }

  @AfterAll
  static void stop() throws Exception {
    if (user != null) {
      user.close();
    }
  }

  @Test
  @Tag("S149")
  @Tag("S91")
  @Tag("S6")
  @Tag("S8")
  @Tag("S27")
  void say_that_they_reach_each_other_both_ways_and_keep_nothing_open() throws Exception {
    JsonNode found = api.get("/v1/hosts/host-1/reachability/host-2").path("reachability");
    assertThat(found.path("reachable").asBoolean()).as("%s", found).isTrue();
    assertThat(found.path("ways").size()).isEqualTo(2);
    for (JsonNode way : found.path("ways")) {
      assertThat(way.path("tls").asBoolean()).isTrue();
      assertThat(way.path("failure").isNull()).isTrue();
    }
    JsonNode link =
        api.get("/actuator/health").path("components").path("controlLink").path("details");
    assertThat(link.path("protection").asString()).isEqualTo("loopback");
    assertThat(link.path("broker").asString()).startsWith("amqp://127.0.0.1:");
    for (String host : new String[] {"host-1", "host-2"}) {
      JsonNode shown = api.get("/v1/hosts/" + host).path("host");
      assertThat(shown.path("accelerator").path("name").asString()).isIn("kvm", "tcg");
      assertThat(shown.path("accelerator").path("reason").asString()).isNotBlank();
      assertThat(shown.path("control_link")).isEqualTo(link);
      assertThat(shown.path("kernel_nbd").asString()).isIn("loaded", "available", "absent");
      assertThat(api.get("/v1/hosts/" + host + "/exports").path("exports").size()).isZero();
      JsonNode ports = api.get("/v1/hosts/" + host + "/ports").path("ports");
      assertThat(ports.path("first").asInt()).isLessThan(ports.path("last").asInt());
      assertThat(ports.path("used").size()).isZero();
    }
    assertThatThrownBy(() -> api.get("/v1/hosts/host-1/reachability/host-1"))
        .hasMessageContaining("name two hosts");
    assertThat(api.find("/v1/hosts/nobody/ports")).isEmpty();
  }

  @Test
  void say_nothing_to_who_has_no_token() {
    assertThatThrownBy(() -> new ComputeClient(user.place().api()).get("/v2.1/servers"))
        .hasMessageContaining("was answered 401");
  }

  @Test
  @Tag("S10")
  @Tag("S19")
  @Tag("S55")
  @Tag("S4")
  void do_what_an_operator_types() throws Exception {
    TestServer server = TestServer.boot(user.place(), api);
    user.mustHaveAllToHimself(server.host());
    OperatorStory operator = new OperatorStory(environment, server);
    operator.looks();
    operator.is_refused_with_the_reason();
    operator.steers_and_ends_a_migration();
    operator.migrates_in_nova_s_words();
    user.mustHaveAllToHimself(server.host());
    operator.copies_a_disk();
    operator.verifies_a_stopped_disk();
    server.delete();
  }
}
