package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.Export;
import dev.tern.contract.host.HostAnswer.Exports;
import dev.tern.contract.host.HostAnswer.PortInUse;
import dev.tern.contract.host.HostAnswer.Ports;
import dev.tern.contract.host.HostAnswer.ProbeEnded;
import dev.tern.contract.host.HostAnswer.ProbeOffered;
import dev.tern.contract.host.HostAnswer.ProbeOpen;
import dev.tern.contract.host.HostAnswer.ProbeRan;
import dev.tern.contract.host.HostQuestion;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
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
import tools.jackson.databind.JsonNode;

@DisplayName("What the API tells of hosts")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostsTest {
  private static final ServerId SERVER = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01");

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

  /** Two agents that keep to the order of a probe, and refuse whatever is out of it. */
  private static final class Agents {
    private final Set<String> open = ConcurrentHashMap.newKeySet();
    private final Set<HostName> closed = ConcurrentHashMap.newKeySet();

    Asked<HostAnswer> answer(HostName host, HostQuestion question, Duration deadline) {
      return new Asked.Answered<>(
          switch (question) {
            case HostQuestion.ListExports _ -> new Exports(List.of(export()));
            case HostQuestion.ListPorts _ ->
                new Ports(
                    "127.0.1.1",
                    49_152,
                    49_215,
                    List.of(
                        new PortInUse(49_152, Optional.of(SERVER), "disks"),
                        new PortInUse(49_160, Optional.empty(), "unknown")));
            case HostQuestion.OfferProbe(UUID probe) -> {
              open.add(host + " " + probe);
              yield new ProbeOffered("recipe of " + probe, Optional.of("half of " + host));
            }
            case HostQuestion.OpenProbe(UUID probe, String recipe, var peer) -> {
              if (!recipe.equals("recipe of " + probe) || peer.isEmpty()) {
                yield refused("no such probe");
              }
              open.add(host + " " + probe);
              yield new ProbeOpen("127.0.1.2", 1, 2, Map.of("disk0", "e"), Optional.of("half"));
            }
            case HostQuestion.RunProbe(UUID probe, var target) ->
                !open.contains(host + " " + probe)
                    ? refused("not offered")
                    : closed.contains(host)
                        ? refused(
                            "The exports at %s cannot be reached.".formatted(target.address()))
                        : new ProbeRan(true, Duration.ofMillis(40), Duration.ofMillis(60));
            case HostQuestion.EndProbe(UUID probe) -> {
              open.remove(host + " " + probe);
              yield new ProbeEnded();
            }
            case HostQuestion.TellReceipt _,
                HostQuestion.ForgetReceipt _,
                HostQuestion.TakeStock _,
                HostQuestion.WatchWrites _,
                HostQuestion.CheckArrival _ ->
                refused("no receipts here");
          });
    }

    private static HostAnswer refused(String why) {
      return new HostAnswer.Refused(new Failure(ErrorCode.HYPERVISOR_FAILED, why));
    }

    private static Export export() {
      return new Export(
          SERVER,
          "disk0",
          "0d6d",
          "127.0.1.1",
          49_152,
          true,
          1 << 20,
          List.of("flush"),
          List.of("base:allocation"),
          1);
    }
  }

  private Agents agents() {
    Agents agents = new Agents();
    api.answering.set(agents::answer);
    return agents;
  }

  @Test
  @Tag("S6")
  @Tag("S7")
  @Tag("S8")
  void is_what_it_is_made_of_as_it_said_last_whether_it_answers_or_not() {
    JsonNode host = api.to("/v1/hosts/host1").get().json().path("host");
    assertThat(host.toString())
        .isEqualTo(
            "{\"host\":\"host1\",\"state\":\"up\",\"hypervisor\":{\"type\":\"QEMU\",\"version\":\"7.2.19\"},"
                + "\"accelerator\":{\"name\":\"tcg\",\"reason\":\"no kvm\"},"
                + "\"machine_types\":[\"pc-q35-7.2\"],\"cpu_models\":[\"qemu64\"],\"missing_features\":[],"
                + "\"migration_address\":\"127.0.0.1\",\"insecure\":false,\"kernel_nbd\":\"unknown\","
                + "\"control_link\":null,\"drain\":null}");
  }

  @Test
  @Tag("S29")
  void has_each_export_as_a_client_sees_it() {
    agents();
    JsonNode export = api.to("/v1/hosts/host1/exports").get().json().path("exports").path(0);
    assertThat(export.toString())
        .isEqualTo(
            "{\"server\":\"0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01\",\"disk\":\"disk0\",\"name\":\"0d6d\","
                + "\"address\":\"127.0.1.1\",\"port\":49152,\"tls\":true,\"size_bytes\":1048576,"
                + "\"clients\":1,\"flags\":[\"flush\"],\"contexts\":[\"base:allocation\"]}");
  }

  @Test
  @Tag("S91")
  @Tag("S26")
  void has_the_range_of_ports_and_who_uses_them() {
    agents();
    JsonNode ports = api.to("/v1/hosts/host1/ports").get().json().path("ports");
    assertThat(ports.toString())
        .isEqualTo(
            "{\"address\":\"127.0.1.1\",\"first\":49152,\"last\":49215,\"used\":["
                + "{\"port\":49152,\"server\":\"0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01\",\"purpose\":\"disks\"},"
                + "{\"port\":49160,\"server\":null,\"purpose\":\"unknown\"}]}");
  }

  @Test
  @Tag("S149")
  void says_of_two_hosts_whether_guests_could_move_each_way() {
    Agents agents = agents();
    JsonNode found = api.to("/v1/hosts/host1/reachability/host2").get().json().path("reachability");
    assertThat(found.path("reachable").booleanValue()).isTrue();
    assertThat(found.path("ways").path(1).path("from").stringValue()).isEqualTo("host2");
    assertThat(found.path("ways").path(1).path("disk_millis").intValue()).isEqualTo(40);
    assertThat(agents.open).as("probes left").isEmpty();
  }

  @Test
  @Tag("S149")
  void says_which_way_is_closed_and_why_and_leaves_no_probe() {
    Agents agents = agents();
    agents.closed.add(new HostName("host2"));
    JsonNode found = api.to("/v1/hosts/host1/reachability/host2").get().json().path("reachability");
    assertThat(found.path("reachable").booleanValue()).isFalse();
    assertThat(found.path("ways").path(0).path("reachable").booleanValue()).isTrue();
    assertThat(found.path("ways").path(1).path("failure").path("message").stringValue())
        .isEqualTo("The exports at 127.0.1.2 cannot be reached.");
    assertThat(agents.open).as("probes left").isEmpty();
  }

  @Test
  void that_do_not_answer_is_unavailable_not_a_failure() {
    assertThat(api.to("/v1/hosts/host1/ports").get().fault())
        .startsWith("503 ")
        .contains("The agent of host host1 gives no answer: nobody listens to host1");
    JsonNode found = api.to("/v1/hosts/host1/reachability/host2").get().json().path("reachability");
    assertThat(found.path("reachable").booleanValue()).isFalse();
    assertThat(found.path("ways").path(0).path("failure").path("message").stringValue())
        .contains("gives no answer");
  }

  @Test
  void is_for_administrators_and_about_hosts_there_are() {
    agents();
    for (String path : List.of("", "/exports", "/ports", "/reachability/host2")) {
      assertThat(api.to("/v1/hosts/host1" + path).as("user:project").get().status()).isEqualTo(403);
      assertThat(api.to("/v1/hosts/nobody" + path).get().fault())
          .isEqualTo("404 itemNotFound: Compute host nobody could not be found.");
    }
    assertThat(api.to("/v1/hosts/host1/reachability/nobody").get().status()).isEqualTo(404);
    assertThat(api.to("/v1/hosts/host1/reachability/host1").get().fault())
        .isEqualTo("400 badRequest: Host host1 cannot be probed against itself; name two hosts.");
    assertThat(api.to("/v1/hosts/..%2f..%2fetc/ports").get().status()).isBetween(400, 404);
  }
}
