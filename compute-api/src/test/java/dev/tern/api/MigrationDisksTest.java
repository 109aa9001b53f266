package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.DiskLayer;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.amqp.Asked;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
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

@DisplayName("A migration whose disks have chosen ways")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MigrationDisksTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String BASE = "b".repeat(64);

  private final List<AgentRequest> asked = new CopyOnWriteArrayList<>();
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
    asked.clear();
    api.agents.set((host, request, _) -> {
      assertThat(host).isEqualTo(new HostName("host1"));
      asked.add(request);
      return request instanceof DescribeSource
          ? new Asked.Answered<>(new AgentAnswer.Done(guest()))
          : new Asked.NoAnswer<>("only the source's disks are asked for");
    });
  }

  private static DiskFacts disk(String id, DiskKind kind, DiskLayer... layers) {
    return new DiskFacts(
        id,
        kind,
        "qcow2",
        100,
        10,
        Stream.of(layers).mapToLong(DiskLayer::allocatedBytes).sum(),
        Stream.of(layers).map(DiskLayer::sha256).findFirst(),
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.of(List.of(layers)));
  }

  private static SourceFacts guest() {
    return new SourceFacts(
        "{}",
        "QEMU",
        7_002_000,
        "q35",
        "tcg",
        1,
        128,
        List.of(
            disk("disk0", DiskKind.LOCAL, new DiskLayer(BASE, "raw", 50)),
            disk("disk1", DiskKind.LOCAL),
            disk("config", DiskKind.READ_ONLY),
            disk("volume", DiskKind.NETWORK)),
        List.of(),
        List.of(),
        false,
        Optional.empty(),
        true);
  }

  private TestApi.Answer migrate(String disks) {
    return api.to("/v1/migrations")
        .post("{\"migration\": {\"server\": \"%s\", \"disks\": %s}}".formatted(SERVER, disks));
  }

  @Test
  @Tag("S50")
  @Tag("S73")
  void keeps_and_shows_them() {
    TestApi.Answer answer = migrate("{\"disk1\": \"full\", \"disk0\": \"chain\"}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    assertThat(api.conductors.newest(SERVER).wishes().disks())
        .contains(Map.of("disk0", Way.CHAIN, "disk1", Way.FULL));
    JsonNode shown = answer.json().path("migration");
    assertThat(shown.path("disks")).hasToString("{\"disk0\":\"chain\",\"disk1\":\"full\"}");
    assertThat(shown.path("plan").isNull()).isTrue();
    assertThat(asked).hasSize(1);
  }

  @Test
  void asks_nobody_when_nothing_is_chosen() {
    TestApi.Answer answer =
        api.to("/v1/migrations").post("{\"migration\": {\"server\": \"%s\"}}".formatted(SERVER));
    assertThat(answer.status()).isEqualTo(202);
    assertThat(answer.json().path("migration").path("disks").isNull()).isTrue();
    assertThat(asked).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"vdz\": \"full\", \"disk0\": \"top\", \"disk1\": \"full\"} | no disk vdz. Its disks are disk0, disk1",
        "{\"disk0\": \"top\"} | Disk disk1 is on its host alone",
        "{} | Name it among the disks",
        "{\"disk0\": \"top\", \"disk1\": \"top\"} | Disk disk1 lies on no layer",
        "{\"disk0\": \"top\", \"disk1\": \"chain\"} | Ask for full",
        "{\"disk0\": \"top\", \"disk1\": \"full\", \"volume\": \"full\"} | Disk volume is a volume",
        "{\"disk0\": \"top\", \"disk1\": \"full\", \"config\": \"full\"} | Leave it out",
        "{\"disk0\": \"skip\"} | not one of [chain, full, top]",
        "{\"disk0\": null} | disk0",
        "{\"disk0\": 7} | disk0",
        "[\"disk0\"] | disks",
        "null | disks"
      })
  @Tag("S73")
  @Tag("S74")
  void is_refused_by_the_name_of_what_cannot_be_and_leaves_nothing(String disks, String why) {
    TestApi.Answer answer = migrate(disks);
    assertThat(answer.status()).as(answer.text()).isEqualTo(400);
    assertThat(answer.fault()).contains(why);
    assertThat(api.conductors.migrations(SERVER)).isEmpty();
    assertThat(api.stores.servers().find(SERVER).orElseThrow().task()).isEmpty();
  }

  @Test
  void is_not_accepted_when_the_host_does_not_say_what_disks_there_are() {
    api.agents.set((_, _, _) -> new Asked.NoAnswer<>("it is down"));
    assertThat(migrate("{\"disk0\": \"top\", \"disk1\": \"full\"}").status()).isEqualTo(503);
    assertThat(api.conductors.migrations(SERVER)).isEmpty();
  }

  @Test
  void of_a_server_that_cannot_move_is_refused_before_its_host_is_asked() {
    assertThat(migrate("{\"disk0\": \"top\", \"disk1\": \"full\"}").status()).isEqualTo(202);
    asked.clear();
    assertThat(migrate("{\"vdz\": \"full\"}").status()).isEqualTo(409);
    assertThat(asked).isEmpty();
  }

  @Test
  @Tag("S75")
  @Tag("S128")
  @Tag("S148")
  void shows_its_plan_and_what_was_sent_in_its_three_parts() {
    assertThat(migrate("{\"disk0\": \"chain\", \"disk1\": \"full\"}").status()).isEqualTo(202);
    api.conductors.plansDisks(SERVER);
    api.conductors.moves(SERVER, "host2");
    String path = "/v1/migrations/" + api.conductors.newest(SERVER).id();
    JsonNode shown = api.to(path).get().json().path("migration");
    JsonNode plan = shown.path("plan");
    assertThat(plan.path("bytes_to_send").asLong()).isEqualTo(60);
    assertThat(plan.path("disks").size()).isEqualTo(3);
    assertThat(plan.path("disks").path(0))
        .hasToString(
            "{\"name\":\"disk0\",\"type\":\"local\",\"copy\":\"chain\",\"format\":\"qcow2\","
                + "\"encrypted\":false,\"virtual_size_bytes\":1000,\"allocated_bytes\":10,"
                + "\"backing_file\":\"_base/%1$s\",\"bytes_to_send\":40,\"destination_file\":\"/there/disk0.qcow2\",\"layers\":["
                    .formatted("a".repeat(64))
                + "{\"sha256\":\"%s\",\"format\":\"qcow2\",\"allocated_bytes\":30,\"from\":\"source\"},"
                    .formatted("a".repeat(64))
                + "{\"sha256\":\"%s\",\"format\":\"raw\",\"allocated_bytes\":400,\"from\":\"destination\"}]}"
                    .formatted(BASE));
    JsonNode volume = plan.path("disks").path(2);
    assertThat(volume.path("copy").asString()).isEqualTo("skip (network)");
    assertThat(volume.path("backing_file").isNull()).isTrue();
    JsonNode moved = shown.path("moved");
    long disks = shown.path("disk_processed_bytes").asLong();
    assertThat(moved.path("base_bytes").asLong()).isPositive().isLessThan(disks);
    assertThat(moved.path("base_bytes").asLong() + moved.path("overlay_bytes").asLong())
        .isEqualTo(disks);
    assertThat(moved.path("memory_bytes").asLong())
        .isEqualTo(shown.path("memory_processed_bytes").asLong());
  }
}
