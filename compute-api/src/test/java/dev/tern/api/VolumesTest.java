package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.TestApi.Answer;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.CheckVolume;
import dev.tern.contract.agent.AgentResult.VolumeThere;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.VolumeStore.VolumeRecord;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
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
import tools.jackson.databind.JsonNode;

@DisplayName("The volumes of a server")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VolumesTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String VOLUMES = "/v1/servers/" + SERVER + "/volumes";
  private static final String NOVA = "/v2.1/servers/" + SERVER + "/os-volume_attachments";
  private static final String GOOD = "{\"volume\":{\"uri\":\"nbd://storage/pool/v\"}}";
  private static final AgentAnswer THERE = new AgentAnswer.Done(new VolumeThere(1 << 20, 1));

  private final AtomicReference<AgentAnswer> agent = new AtomicReference<>(THERE);
  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
    api.agents.set((_, request, _) -> new Asked.Answered<>(answer(request)));
  }

  private AgentAnswer answer(AgentRequest request) {
    if (!(request instanceof CheckVolume)) {
      throw new IllegalStateException("the API does not ask this: " + request);
    }
    return java.util.Objects.requireNonNull(agent.get());
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void server() {
    api.reset();
    agent.set(THERE);
    api.conductors.boots(SERVER, "demo", "host1");
  }

  private List<VolumeRecord> all() {
    return api.stores.volumes().of(List.of(SERVER)).getOrDefault(SERVER, List.of());
  }

  private String attached() {
    Answer accepted = api.to(VOLUMES).post(GOOD);
    assertThat(accepted.status()).isEqualTo(202);
    api.conductors.attached(SERVER, all().getFirst().id(), 1 << 20);
    return accepted.json().path("volume").path("id").stringValue();
  }

  private static int status(Answer answer, String word) {
    assertThat(answer.json().toString()).contains(word);
    return answer.status();
  }

  @Test
  @Tag("S34")
  @Tag("S35")
  void come_and_go_by_request() {
    String id = attached();
    JsonNode shown = api.to(VOLUMES + "/" + id).get().json().path("volume");
    assertThat(shown.path("status").stringValue()).isEqualTo("attached");
    assertThat(shown.path("uri").stringValue()).isEqualTo("nbd://storage:10809/pool/v");
    assertThat(shown.path("bytes").longValue()).isEqualTo(1 << 20);
    assertThat(api.to(VOLUMES).get().json().path("volumes")).containsExactly(shown);
    JsonNode tenants = api.to(VOLUMES).as("demo").get().json().path("volumes").path(0);
    assertThat(tenants.has("uri")).isFalse();

    Answer leaving = api.to(VOLUMES + "/" + id).delete();
    assertThat(status(leaving, "detaching")).isEqualTo(202);
    assertThat(status(api.to(VOLUMES + "/" + id).delete(), "detaching-volume")).isEqualTo(409);
    assertThat(api.to("/v2.1/servers/" + SERVER).get().json().toString())
        .contains("detaching-volume");
  }

  @ParameterizedTest
  @Tag("S24")
  @CsvSource({
    "2.1, 'device id serverId volumeId'",
    "2.70, 'device id serverId tag volumeId'",
    "2.79, 'delete_on_termination device id serverId tag volumeId'",
    "2.89, 'attachment_id bdm_uuid delete_on_termination device serverId tag volumeId'"
  })
  void are_shown_to_novas_clients_in_each_versions_form(String version, String fields) {
    String id = attached();
    JsonNode list = api.to(NOVA).version(version).get().json().path("volumeAttachments");
    assertThat(list).hasSize(1);
    assertThat(list.path(0).propertyNames().stream().sorted().toList())
        .isEqualTo(List.of(fields.split(" ")));
    assertThat(list.path(0).path("volumeId").stringValue()).isEqualTo(id);
    assertThat(api.to(NOVA + "/" + id).version(version).get().json().path("volumeAttachment"))
        .isEqualTo(list.path(0));
    for (String path : List.of("/v2.1/servers/detail?all_tenants=1", "/v2.1/servers/" + SERVER)) {
      assertThat(
              api.to(path)
                  .version(version)
                  .get()
                  .json()
                  .findValue("os-extended-volumes:volumes_attached")
                  .toString())
          .contains(id);
    }
    assertThat(api.to(NOVA + "/" + UUID.randomUUID()).version(version).get().status())
        .isEqualTo(404);
  }

  @ParameterizedTest
  @Tag("S34")
  @ValueSource(
      strings = {
        "{\"volume\":{\"uri\":\"nbd+unix:///v?socket=/run/qmp\"}}",
        "{\"volume\":{\"uri\":\"file:///etc/passwd\"}}",
        "{\"volume\":{\"uri\":\"nbd://storage/v,file.driver=file\"}}",
        "{\"volume\":{\"uri\":\"\"}}",
        "{\"volume\":{\"uri\":7}}",
        "{\"volume\":{}}",
        "{\"volume\":{\"uri\":\"nbd://storage/v\",\"port\":1}}",
        "{\"volume\":null}",
        "{}"
      })
  void are_named_by_an_address_and_nothing_else(String body) {
    assertThat(api.to(VOLUMES).post(body).status()).isEqualTo(400);
    assertThat(all()).isEmpty();
  }

  @Test
  @Tag("S34")
  void are_for_administrators_to_name() {
    assertThat(api.to(VOLUMES).as("demo").post(GOOD).status()).isEqualTo(403);
    String id = attached();
    assertThat(api.to(VOLUMES + "/" + id).as("demo").delete().status()).isEqualTo(403);
    assertThat(all()).hasSize(1);
  }

  @Test
  @Tag("S34")
  void are_refused_with_what_the_host_says() {
    for (ErrorCode code : List.of(ErrorCode.VOLUME_UNREACHABLE, ErrorCode.NO_FREE_PORT)) {
      agent.set(new AgentAnswer.Refused(new Failure(code, "because of it")));
      assertThat(status(api.to(VOLUMES).post(GOOD), "because of it")).isEqualTo(409);
    }
    agent.set(new AgentAnswer.Refused(new Failure(ErrorCode.VOLUME_UNACCEPTABLE, "loopback")));
    assertThat(status(api.to(VOLUMES).post(GOOD), "loopback")).isEqualTo(400);
    assertThat(all()).isEmpty();
  }

  @Test
  @Tag("S34")
  @Tag("S35")
  void belong_to_one_server_that_is_there_and_at_rest() {
    assertThat(api.to("/v1/servers/" + UUID.randomUUID() + "/volumes").post(GOOD).status())
        .isEqualTo(404);
    String id = attached();
    assertThat(status(api.to(VOLUMES).post(GOOD), "attached to a server already")).isEqualTo(409);
    assertThat(api.to(VOLUMES + "/nonsense").delete().status()).isEqualTo(404);
    assertThat(status(api.to(VOLUMES + "/" + UUID.randomUUID()).delete(), "is not attached to"))
        .isEqualTo(404);
    ServerId other = new ServerId(UUID.randomUUID());
    api.conductors.boots(other, "demo", "host1");
    assertThat(api.to("/v1/servers/" + other + "/volumes/" + id).delete().status()).isEqualTo(404);
    assertThat(api.to("/v2.1/servers/" + SERVER + "/action").post("{\"os-stop\":null}").status())
        .isEqualTo(202);
    assertThat(status(api.to(VOLUMES + "/" + id).delete(), "powering-off")).isEqualTo(409);
    assertThat(
            status(
                api.to(VOLUMES).post("{\"volume\":{\"uri\":\"nbd://storage/w\"}}"), "powering-off"))
        .isEqualTo(409);
    assertThat(all()).hasSize(1);
  }
}
