package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.ChainReport;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.agent.AgentResult.DiskDigest;
import dev.tern.contract.agent.AgentResult.DiskReport;
import dev.tern.contract.agent.AgentResult.LayerFacts;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.NbdExport;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.DiskCopyStore.CopyRecord;
import dev.tern.store.DiskCopyStore.Wish;
import dev.tern.store.ImageStore.ImageRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
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

@DisplayName("The disks of a server")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DisksTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String DISKS = "/v1/servers/" + SERVER + "/disks";
  private static final String COPY = DISKS + "/disk0/copy";
  private static final Function<AgentRequest, Asked<AgentAnswer>> ANSWERS = DisksTest::answer;

  private volatile Function<AgentRequest, Asked<AgentAnswer>> agent = ANSWERS;
  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
    api.agents.set((_, request, _) -> agent.apply(request));
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void server() {
    api.reset();
    agent = ANSWERS;
    api.conductors.boots(SERVER, "demo", "host1");
  }

  private List<CopyRecord> asked() {
    return api.stores.copies().list(SERVER, "disk0", 100);
  }

  private CopyRecord newest() {
    return asked().getFirst();
  }

  private static Asked<AgentAnswer> answer(AgentRequest request) {
    return switch ((AgentRequest.OfDisks) request) {
      case AgentRequest.DescribeDisks _ ->
          done(
              new DiskReport(
                  List.of(
                      new Disk(
                          "disk0",
                          Optional.of("disk0"),
                          "/data/instances/disk0.qcow2",
                          Optional.of("fast"),
                          "qcow2",
                          "writeback",
                          Optional.of("/machine/peripheral/dev-disk0"),
                          1 << 30,
                          1 << 20))));
      case AgentRequest.DescribeChain _ ->
          done(
              new ChainReport(
                  "disk0",
                  List.of(
                      new LayerFacts(
                          "/data/top",
                          "qcow2",
                          Optional.empty(),
                          9,
                          8,
                          7,
                          Optional.of("1.1"),
                          true,
                          false),
                      new LayerFacts(
                          "/data/_base/a",
                          "raw",
                          Optional.of("a".repeat(64)),
                          9,
                          8,
                          7,
                          Optional.empty(),
                          false,
                          false))));
      case AgentRequest.DigestDisk _ -> done(new DiskDigest("b".repeat(64), 9));
      case AgentRequest.CheckCopy _ -> done(new Nothing());
      default -> throw new IllegalStateException("the API does not ask this: " + request);
    };
  }

  private static Asked<AgentAnswer> done(dev.tern.contract.agent.AgentResult result) {
    return new Asked.Answered<>(new AgentAnswer.Done(result));
  }

  private static Asked<AgentAnswer> refused(ErrorCode code, String why) {
    return new Asked.Answered<>(new AgentAnswer.Refused(new Failure(code, why)));
  }

  @Test
  @Tag("S36")
  @Tag("S51")
  @Tag("S52")
  void show_paths_of_the_host_to_administrators_only() {
    String all = api.to(DISKS).as("admin").get().text();
    assertThat(all).contains("/data/instances/disk0.qcow2").contains("\"storage\":\"fast\"");
    String tenant = api.to(DISKS).as("user:demo").get().text();
    assertThat(tenant)
        .contains("\"node\":\"disk0\"")
        .contains("\"cache\":\"writeback\"")
        .doesNotContain("/data")
        .doesNotContain("fast");
    assertThat(api.to(DISKS + "/disk0/chain").as("admin").get().text())
        .contains("/data/_base/a")
        .contains("\"lazy_refcounts\":true");
    assertThat(api.to(DISKS + "/disk0/chain").as("user:demo").get().text())
        .contains("a".repeat(64))
        .doesNotContain("/data");
    assertThat(api.to(DISKS).as("user:other").get().status()).isEqualTo(404);
  }

  @Test
  @Tag("S4")
  void have_a_digest_or_say_what_to_do_first() {
    assertThat(api.to(DISKS + "/disk0/digest").get().text()).contains("b".repeat(64));
    agent = _ -> refused(ErrorCode.DISK_IN_USE, "Stop the server first.");
    assertThat(api.to(DISKS + "/disk0/digest").get().fault())
        .isEqualTo("409 conflictingRequest: Stop the server first.");
    agent = _ -> new Asked.Answered<>(new AgentAnswer.Working("reading"));
    TestApi.Answer still = api.to(DISKS + "/disk0/digest").get();
    assertThat(still.status()).isEqualTo(202);
    assertThat(still.json().path("digest").path("digest").isNull()).isTrue();
  }

  @Test
  @Tag("S61")
  void are_copied_when_their_host_could() {
    TestApi.Answer accepted =
        api.to(COPY)
            .post(
                "{\"storage\":\"fast\",\"name\":\"n\",\"mode\":\"shallow\",\"then\":\"wait\","
                    + "\"bandwidth\":12345678901,\"delete_old\":true}");
    assertThat(accepted.status()).isEqualTo(202);
    CopyRecord asked = newest();
    assertThat(asked.order().shallow()).isTrue();
    assertThat(asked.order().keepOld()).isFalse();
    assertThat(asked.bytesPerSecond()).isEqualTo(12_345_678_901L);
    assertThat(asked.wish()).isEmpty();
    String one = COPY + "/" + asked.id();
    api.conductors.copies(asked, "/secret/path");
    assertThat(api.to(one).as("admin").get().text()).contains("/secret/path");
    assertThat(api.to(one).as("user:demo").get().text()).doesNotContain("/secret/path");
    assertThat(api.to(COPY).get().json().path("copies")).hasSize(1);
    assertThat(api.to(one).method("PATCH", "{\"bandwidth\":null}").status()).isEqualTo(200);
    assertThat(api.to(one + "/pivot").post("{}").status()).isEqualTo(202);
    assertThat(newest().wish()).contains(Wish.PIVOT);
    api.conductors.finishes(asked);
    assertThat(api.to(one + "/cancel").post("{}").status()).isEqualTo(409);
    assertThat(api.to(one + "/explode").post("{}").status()).isEqualTo(404);
  }

  @Test
  @Tag("S59")
  void are_copied_resumably_to_their_end_only() {
    String body = "{\"name\":\"backup\",\"resumable\":true}";
    TestApi.Answer accepted = api.to(COPY).post(body);
    assertThat(accepted.status()).isEqualTo(202);
    assertThat(accepted.json().path("copy").path("resumable").asBoolean()).isTrue();
    assertThat(newest().wish()).contains(Wish.FINISH);
    assertThat(newest().order().resumable()).isTrue();
    assertThat(api.to(COPY + "/" + newest().id() + "/pivot").post("{}").fault())
        .startsWith("409 conflictingRequest")
        .contains("does not follow it");
    assertThat(newest().wish()).contains(Wish.FINISH);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nbd://Backup:10810/pool/a%20b", "nbd:backup:10810:exportname=pool/a b"})
  @Tag("S3")
  @Tag("S30")
  @Tag("S31")
  void are_copied_to_the_same_foreign_export_whichever_way_it_is_written(String target) {
    String body = "{\"target\":\"%s\",\"then\":\"wait\"}".formatted(target);
    assertThat(api.to(COPY).post(body).status()).isEqualTo(202);
    CopyRecord asked = newest();
    assertThat(asked.order().export()).contains(new NbdExport("backup", 10_810, "pool/a b"));
    String one = COPY + "/" + asked.id();
    assertThat(api.to(one).as("admin").get().text())
        .contains("\"target\":\"nbd://backup:10810/pool/a%20b\"");
    assertThat(api.to(one).as("user:demo").get().text()).doesNotContain("backup");
    assertThat(api.to(one + "/pivot").post("{}").fault())
        .startsWith("400 badRequest")
        .contains("finish");
    assertThat(newest().wish()).isEmpty();
    assertThat(api.to(one + "/finish").post("{}").status()).isEqualTo(202);
    api.conductors.finishes(asked);
    assertThat(api.to(COPY).post("{\"target\":\"%s\"}".formatted(target)).status()).isEqualTo(202);
    assertThat(asked()).anyMatch(copy -> copy.wish().equals(Optional.of(Wish.FINISH)));
  }

  @Test
  @Tag("S3")
  void are_not_copied_over_a_volume_of_whoever() {
    ServerId other = ServerId.parse("33333333-3333-4333-8333-333333333333");
    api.conductors.boots(other, "demo", "host2");
    VolumeRef volume = new VolumeRef(UUID.randomUUID(), new VolumeAddress("storage", 10_809, "v"));
    api.stores.volumes().requestAttach(other, volume, api.conductors.request("admin", "admin"));
    assertThat(api.to(COPY).post("{\"target\":\"nbd:storage:10809:exportname=v\"}").fault())
        .startsWith("409 conflictingRequest")
        .contains("nbd://storage:10809/v");
    assertThat(asked()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"resumable\":true,\"name\":\"b\",\"then\":\"pivot\"}",
        "{\"resumable\":true,\"name\":\"b\",\"then\":\"wait\"}",
        "{\"resumable\":1}",
        "{\"mode\":\"half\"}",
        "{\"then\":\"never\"}",
        "{\"bandwidth\":0}",
        "{\"bandwidth\":-1}",
        "{\"bandwidth\":\"fast\"}",
        "{\"bandwidth\":1e400}",
        "{\"overwrite\":\"perhaps\"}",
        "{\"storage\":\"\"}",
        "{\"unknown\":1}",
        "{\"target\":\"/etc/passwd\"}",
        "{\"target\":\"nbds://backup/v\"}",
        "{\"target\":\"nbd:unix:/run/qmp\"}",
        "{\"target\":\"nbd://backup/v\",\"then\":\"pivot\"}",
        "{\"target\":\"nbd://backup/v\",\"mode\":\"shallow\"}",
        "{\"target\":\"nbd://backup/v\",\"format\":\"qcow2\"}",
        "{\"target\":\"nbd://backup/v\",\"storage\":\"fast\"}",
        "{\"target\":\"nbd://backup/v\",\"overwrite\":true}",
        "{\"target\":\"nbd://backup/v\",\"resumable\":true}",
        "{\"target\":7}",
        "[]"
      })
  void are_not_copied_on_a_bad_body(String body) {
    assertThat(api.to(COPY).post(body).status()).isEqualTo(400);
    assertThat(asked()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "DISK_NOT_FOUND, 404",
    "DISK_FILE_EXISTS, 409",
    "DISK_BUSY, 409",
    "STORAGE_NOT_FOUND, 400",
    "IMAGE_UNACCEPTABLE, 400",
    "HOST_DISK_FULL, 503"
  })
  @Tag("S42")
  void are_not_copied_when_their_host_refuses(ErrorCode code, int status) {
    agent = _ -> refused(code, "because");
    TestApi.Answer answer = api.to(COPY).post("{}");
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.text()).contains("because");
    assertThat(asked()).isEmpty();
  }

  @Test
  void are_not_copied_for_tenants_or_while_the_host_is_silent() {
    assertThat(api.to(COPY).as("user:demo").post("{}").status()).isEqualTo(403);
    agent = _ -> new Asked.NoAnswer<>("nobody listens to agent.host1");
    TestApi.Answer silent = api.to(COPY).post("{}");
    assertThat(silent.status()).isEqualTo(503);
    assertThat(silent.text()).doesNotContain("host1");
    assertThat(asked()).isEmpty();
  }

  @Test
  void are_frozen_by_name() {
    assertThat(api.to(DISKS + "/disk0/snapshot").post("{}").status()).isEqualTo(202);
    api.conductors.finishes(newest());
    assertThat(api.to(DISKS + "/disk9/snapshot").post("{}").fault())
        .startsWith("404 itemNotFound")
        .contains("disk9")
        .contains("disk0");
  }

  @Test
  @Tag("S60")
  void become_an_image_whose_id_is_told_as_the_version_wants() {
    String action = "/v2.1/servers/" + SERVER + "/action";
    String body = "{\"createImage\":{\"name\":\"snap\",\"metadata\":{\"colour\":\"blue\"}}}";
    TestApi.Answer old = api.to(action).version("2.1").post(body);
    assertThat(old.status()).isEqualTo(202);
    assertThat(old.text()).isEmpty();
    ImageRecord image = api.stores.images().find(newest().image().orElseThrow()).orElseThrow();
    assertThat(old.header("Location")).endsWith("/image/v2/images/" + image.id());
    assertThat(image.properties())
        .containsEntry("instance_uuid", SERVER.toString())
        .containsEntry("image_type", "snapshot")
        .containsEntry("colour", "blue")
        .containsKey("base_image_ref");
    api.conductors.finishes(newest());
    api.time.pass(Duration.ofSeconds(1));
    TestApi.Answer now = api.to(action).version("2.45").post(body);
    assertThat(now.json().path("image_id").asString())
        .isEqualTo(newest().image().orElseThrow().toString());
    assertThat(api.to(action).version("2.45").post("{\"createImage\":{}}").status()).isEqualTo(400);
    assertThat(
            api.to(action)
                .version("2.45")
                .post("{\"createImage\":{\"name\":\"x\",\"metadata\":{\"a\":1}}}")
                .status())
        .isEqualTo(400);
  }

  @Test
  @Tag("S143")
  void become_no_image_when_their_host_refuses_and_one_later_when_it_is_silent() {
    String action = "/v2.1/servers/" + SERVER + "/action";
    String body = "{\"createImage\":{\"name\":\"snap\"}}";
    agent = _ -> refused(ErrorCode.INVALID_INPUT, "Disk disk0 is encrypted.");
    assertThat(api.to(action).version("2.45").post(body).fault())
        .isEqualTo("400 badRequest: Disk disk0 is encrypted.");
    assertThat(asked()).isEmpty();
    agent = _ -> new Asked.NoAnswer<>("nobody listens to agent.host1");
    assertThat(api.to(action).version("2.45").post(body).status()).isEqualTo(202);
    assertThat(newest().order().use()).contains(AgentRequest.CopyUse.IMAGE);
  }
}
