package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.move.DiskPlace;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A migration that overrides what is the host's own")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MigrationOverridesTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");

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
    api.agents.set((_, request, _) ->
        request instanceof DescribeSource
            ? new Asked.Answered<>(new AgentAnswer.Done(guest()))
            : new Asked.NoAnswer<>("only the source's disks are asked for"));
  }

  private static DiskFacts disk(String id, DiskKind kind) {
    return new DiskFacts(
        id,
        kind,
        "qcow2",
        100,
        10,
        0,
        Optional.empty(),
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.of(List.of()));
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
            disk("disk0", DiskKind.LOCAL),
            disk("disk1", DiskKind.LOCAL),
            disk("config", DiskKind.READ_ONLY),
            disk("volume", DiskKind.NETWORK)),
        List.of(),
        List.of(),
        false,
        Optional.empty(),
        true);
  }

  private TestApi.Answer migrate(String overrides) {
    return api.to("/v1/migrations")
        .post(
            "{\"migration\": {\"server\": \"%s\", \"overrides\": %s}}"
                .formatted(SERVER, overrides));
  }

  @Test
  @Tag("S65")
  void keeps_and_shows_it() {
    TestApi.Answer answer =
        migrate(
            "{\"disks\": {\"disk1\": {\"name\": \"other\"}, \"disk0\": {\"storage\": \"fast\", \"name\": null}}}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    assertThat(api.conductors.newest(SERVER).wishes().places())
        .isEqualTo(
            Map.of(
                "disk0",
                new DiskPlace(Optional.of("fast"), Optional.empty()),
                "disk1",
                new DiskPlace(Optional.empty(), Optional.of("other"))));
    String shown =
        "{\"disks\":{\"disk0\":{\"storage\":\"fast\",\"name\":null},"
            + "\"disk1\":{\"storage\":null,\"name\":\"other\"}}}";
    assertThat(answer.json().path("migration").path("overrides")).hasToString(shown);
    String path = "/v1/migrations/" + api.conductors.newest(SERVER).id();
    assertThat(api.to(path).get().json().path("migration").path("overrides")).hasToString(shown);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"disks\": {}}"})
  void is_one_that_overrides_nothing_when_it_names_nothing(String overrides) {
    TestApi.Answer answer = migrate(overrides);
    assertThat(answer.status()).isEqualTo(202);
    assertThat(answer.json().path("migration").path("overrides").isNull()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"machine_type\": \"pc\"} | machine_type. Value: \"pc\". It cannot be overridden. The guest sees it",
        "{\"cpu_model\": \"max\"} | cpu_model",
        "{\"vcpus\": 2} | vcpus. Value: 2. It cannot be overridden. The guest sees it",
        "{\"memory_mib\": 256} | memory_mib",
        "{\"mac_address\": \"52:54:00:00:00:01\"} | mac_address",
        "{\"firmware\": \"uefi\"} | firmware",
        "{\"serial\": \"1\"} | serial",
        "{\"uuid\": \"1\"} | uuid",
        "{\"kernel\": \"k\"} | kernel",
        "{\"nics\": {}} | The guest sees the card and its MAC",
        "{\"console\": {\"listen\": \"0.0.0.0\"}} | nothing listens for it",
        "{\"volumes\": {}} | Detach the volume and attach the other instead",
        "{\"disks\": {\"disk0\": {\"virtual_size_bytes\": 1}}} | disks.disk0.virtual_size_bytes. Value: 1. It cannot be overridden. The guest sees it",
        "{\"disks\": {\"disk0\": {\"address\": \"04.0\"}}} | disks.disk0.address",
        "{\"disks\": {\"disk0\": {\"serial\": \"x\"}}} | disks.disk0.serial",
        "{\"disks\": {\"disk0\": {\"format\": \"raw\"}}} | A disk keeps its format on the way",
        "{\"disks\": {\"disk0\": {\"encrypted\": false}}} | disks.disk0.encrypted",
        "{\"graphics\": {}} | graphics. Value: {}. There is no such part. What can be overridden is disks.DISK.storage and disks.DISK.name",
        "{\"disks\": {\"disk0\": {\"path\": \"/x\"}}} | disks.disk0.path. Value: \"/x\". There is no such part",
        "{\"disks\": {\"disk0\": {}}} | disks.disk0.name. Value: null. Nothing is overridden",
        "{\"disks\": {\"disk0\": {\"storage\": \"/mnt/x\"}}} | disks.disk0.storage. Value: \"/mnt/x\". It is no name of a storage",
        "{\"disks\": {\"disk0\": {\"storage\": \"..\"}}} | tern.agent.storages.NAME",
        "{\"disks\": {\"disk0\": {\"storage\": 7}}} | disks.disk0.storage",
        "{\"disks\": {\"disk0\": {\"name\": \"../x\"}}} | disks.disk0.name. Value: \"../x\". A file's name has 1 to 32",
        "{\"disks\": {\"disk0\": {\"name\": \"x.qcow2\"}}} | no ending",
        "{\"disks\": {\"vdz\": {\"name\": \"x\"}}} | no disk vdz. Its disks are disk0, disk1",
        "{\"disks\": {\"config\": {\"name\": \"x\"}}} | Disk config is read-only",
        "{\"disks\": {\"volume\": {\"storage\": \"fast\"}}} | Disk volume is a volume",
        "{\"disks\": {\"disk0\": {\"name\": \"x\"}, \"disk1\": {\"name\": \"x\", \"storage\": \"fast\"}}} | would be the file x.qcow2, and so would another",
        "{\"disks\": {\"disk0\": \"fast\"}} | disk0",
        "{\"disks\": []} | disks",
        "[] | overrides",
        "null | overrides"
      })
  @Tag("S65")
  void is_refused_by_the_name_of_what_cannot_be_and_leaves_nothing(String overrides, String why) {
    TestApi.Answer answer = migrate(overrides);
    assertThat(answer.status()).as(answer.text()).isEqualTo(400);
    assertThat(answer.fault()).contains(why);
    assertThat(api.conductors.migrations(SERVER)).isEmpty();
    assertThat(api.stores.servers().find(SERVER).orElseThrow().task()).isEmpty();
  }
}
