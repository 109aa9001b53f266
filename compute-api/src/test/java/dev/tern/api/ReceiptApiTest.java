package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.ServerId;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.contract.host.ReceiptEntry.End;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

@DisplayName("A receipt over REST")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("S166")
class ReceiptApiTest {
  private static final ServerId SERVER = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01");

  private TestApi api;
  private final Map<HostName, Receipt> hosts = new ConcurrentHashMap<>();

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void a_migration_under_way() {
    api.reset();
    hosts.clear();
    api.answering.set(this::answer);
    api.conductors.boots(SERVER, "admin", "host1");
    assertThat(
            api.to("/v1/migrations")
                .post("{\"migration\": {\"server\": \"%s\"}}".formatted(SERVER))
                .status())
        .isEqualTo(202);
    api.conductors.moves(SERVER, "host2");
  }

  private Asked<HostAnswer> answer(HostName host, HostQuestion question, Duration deadline) {
    Receipt told = hosts.get(host);
    return told == null || !(question instanceof HostQuestion.TellReceipt)
        ? new Asked.NoAnswer<>("nobody listens to " + host)
        : new Asked.Answered<>(told);
  }

  private static Receipt told(long revision, Optional<End> end) {
    return new Receipt(
        revision,
        List.of(
            new ReceiptEntry(
                1,
                ReceiptEntry.Kind.PORT,
                "49152",
                Instant.EPOCH,
                Optional.of(Instant.EPOCH),
                end,
                end.map(_ -> Instant.EPOCH))),
        Optional.empty());
  }

  private JsonNode receipt() {
    TestApi.Answer answer =
        api.to("/v1/migrations/" + api.conductors.newest(SERVER).id() + "/receipt").get();
    assertThat(answer.status()).isEqualTo(200);
    return answer.json().path("receipt");
  }

  private static JsonNode of(JsonNode list, String key, String value) {
    for (JsonNode one : list) {
      if (one.path(key).asString().equals(value)) {
        return one;
      }
    }
    throw new AssertionError("no %s %s in %s".formatted(key, value, list));
  }

  @Test
  void shows_what_hosts_say_now_and_the_claim() {
    hosts.put(new HostName("host1"), new Receipt(0, List.of(), Optional.empty()));
    hosts.put(new HostName("host2"), told(3, Optional.empty()));
    JsonNode receipt = receipt();
    assertThat(receipt.path("settled").asBoolean()).isFalse();
    JsonNode port = of(receipt.path("objects"), "kind", "port");
    assertThat(port.path("host").asString()).isEqualTo("host2");
    assertThat(port.path("state").asString()).isEqualTo("open");
    assertThat(port.path("made_at").asString()).isEqualTo("1970-01-01T00:00:00.000000");
    assertThat(port.path("ended_at").isNull()).isTrue();
    assertThat(of(receipt.path("objects"), "kind", "claim").path("state").asString())
        .isEqualTo("open");
  }

  @Test
  void of_a_host_that_is_silent_shows_what_it_told_last() {
    hosts.put(new HostName("host1"), new Receipt(0, List.of(), Optional.empty()));
    hosts.put(new HostName("host2"), told(3, Optional.empty()));
    JsonNode _ = receipt();
    hosts.remove(new HostName("host2"));
    api.conductors.takesBack(
        SERVER, MigrationStatus.FAILED, new Failure(ErrorCode.HYPERVISOR_FAILED, "broken"));
    JsonNode receipt = receipt();
    assertThat(receipt.path("settled").asBoolean()).isFalse();
    assertThat(of(receipt.path("hosts"), "host", "host2").path("answers").asBoolean()).isFalse();
    assertThat(of(receipt.path("objects"), "kind", "port").path("state").asString())
        .isEqualTo("open");
    JsonNode claim = of(receipt.path("objects"), "kind", "claim");
    assertThat(claim.path("state").asString()).isEqualTo("removed");
    assertThat(claim.path("ended_at").isNull()).isFalse();
  }

  @Test
  void that_is_settled_is_read_without_its_hosts() {
    hosts.put(new HostName("host1"), told(3, Optional.of(End.REMOVED)));
    hosts.put(new HostName("host2"), told(4, Optional.of(End.KEPT)));
    api.conductors.completes(SERVER);
    JsonNode first = receipt();
    assertThat(first.path("settled").asBoolean()).isTrue();
    hosts.clear();
    JsonNode again = receipt();
    assertThat(again.path("settled").asBoolean()).isTrue();
    assertThat(again.path("objects")).isEqualTo(first.path("objects"));
    assertThat(of(again.path("objects"), "kind", "claim").path("state").asString())
        .isEqualTo("kept");
  }

  @Test
  void says_when_a_host_cannot_read_its_own() {
    hosts.put(new HostName("host1"), new Receipt(0, List.of(), Optional.of("damaged at byte 7")));
    hosts.put(new HostName("host2"), told(4, Optional.of(End.REMOVED)));
    api.conductors.completes(SERVER);
    JsonNode receipt = receipt();
    assertThat(receipt.path("settled").asBoolean()).isFalse();
    assertThat(of(receipt.path("hosts"), "host", "host1").path("damaged").asString())
        .isEqualTo("damaged at byte 7");
  }

  @Test
  void of_no_migration_is_not_found_and_is_for_administrators() {
    assertThat(api.to("/v1/migrations/7/receipt").get().status()).isEqualTo(404);
    assertThat(
            api.to("/v1/migrations/" + api.conductors.newest(SERVER).id() + "/receipt")
                .as("user:project")
                .get()
                .status())
        .isEqualTo(403);
  }
}
