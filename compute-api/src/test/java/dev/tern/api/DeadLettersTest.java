package dev.tern.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.dead.DeadLetter;
import dev.tern.store.DeadLetterStore.KeptLetter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@DisplayName("Dead letters")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DeadLettersTest {
  private static final String LETTERS = "/v1/dead-letters";
  private static final String WAKE =
      "{\"version\":1,\"kind\":\"ConductorMessage\",\"message\":{\"type\":\"WakeSaga\"}}";

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
  void none() {
    api.reset();
    api.broker.clear();
  }

  private UUID dead(String queue, String body, Map<String, String> headers, long bytes) {
    boolean _ =
        api.stores
            .deadLetters()
            .keep(
                new DeadLetter(
                    (UUID.randomUUID() + "" + UUID.randomUUID()).replace("-", ""),
                    queue,
                    queue,
                    Optional.of("ConductorMessage.WakeSaga"),
                    "DELIVERY_LIMIT",
                    "The broker put it away: delivery_limit.",
                    11,
                    headers,
                    body.getBytes(UTF_8),
                    bytes,
                    Instant.parse("2026-01-01T11:00:00Z")));
    return api.stores.deadLetters().list(Optional.empty(), 1).getFirst().id();
  }

  private UUID dead() {
    return dead("tern.conductor", WAKE, Map.of("x-death", "[]"), WAKE.length());
  }

  private JsonNode shown(UUID id) {
    return api.to(LETTERS + "/" + id).get().json().get("dead_letter");
  }

  @Test
  void say_what_they_are_and_why() {
    UUID id = dead();
    JsonNode letter = shown(id);
    assertThat(letter.get("queue").stringValue()).isEqualTo("tern.conductor");
    assertThat(letter.get("routing_key").stringValue()).isEqualTo("tern.conductor");
    assertThat(letter.get("type").stringValue()).isEqualTo("ConductorMessage.WakeSaga");
    assertThat(letter.get("reason").stringValue()).isEqualTo("DELIVERY_LIMIT");
    assertThat(letter.get("why").stringValue()).contains("delivery_limit");
    assertThat(letter.get("attempts").intValue()).isEqualTo(11);
    assertThat(letter.get("headers").get("x-death").stringValue()).isEqualTo("[]");
    assertThat(letter.get("body").stringValue()).isEqualTo(WAKE);
    assertThat(letter.get("body_bytes").longValue()).isEqualTo(WAKE.length());
    assertThat(letter.get("died_at").stringValue()).startsWith("2026-01-01T11:00:00");
    assertThat(letter.get("found_at").stringValue()).isNotEmpty();
    assertThat(letter.get("resendable").booleanValue()).isTrue();
    assertThat(api.to(LETTERS).get().json().get("dead_letters").get(0)).isEqualTo(letter);
  }

  @Test
  void are_listed_page_by_page() {
    UUID first = dead();
    UUID second = dead();
    JsonNode page = api.to(LETTERS + "?limit=1").get().json();
    assertThat(page.at("/dead_letters/0/id").stringValue()).isEqualTo(second.toString());
    String next = page.at("/dead_letters_links/0/href").stringValue();
    assertThat(next).endsWith("?limit=1&marker=" + second);
    assertThat(
            api.to(LETTERS + "?limit=1&marker=" + second)
                .get()
                .json()
                .at("/dead_letters/0/id")
                .stringValue())
        .isEqualTo(first.toString());
    assertThat(api.to(LETTERS + "?marker=nobody").get().status()).isEqualTo(400);
    assertThat(api.to(LETTERS + "?marker=" + new UUID(1, 1)).get().status()).isEqualTo(400);
    assertThat(api.to(LETTERS + "?color=red").get().status()).isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":{\"streamKey\":\"HUSH\"},\"b\":1}",
        "{\"secrets\":{\"disk0\":\"HUSH\",\"disk1\":\"HUSH\"}}",
        "{\"pass_phrase\" : 1, \"adminPassword\" : \"HU\\\"HUSH\"}",
        "{\"tokens\":[\"HUSH\",\"HUSH\"]}",
        "{\"keys\":{\"a\":{\"b\":[\"HUSH\"],\"c\":\"}\"},\"d\":\"HUSH\"},\"e\":1}",
        "{\"userData\":\"HUSH",
        "{\"psk\":{\"x\":\"HUSH\"",
        "password=HUSH",
        "amqp://guest:HUSH@host/",
        "{\"uri\":\"amqp://guest:HUSH@host/\"}"
      })
  void do_not_show_secrets(String body) {
    UUID id = dead("tern.conductor", body, Map.of("X-Auth-Token", "HUSH"), body.length());
    assertThat(api.to(LETTERS + "/" + id).get().text()).contains("***").doesNotContain("HUSH");
    assertThat(api.to(LETTERS).get().text()).doesNotContain("HUSH");
  }

  @Test
  void are_shown_in_part_when_they_are_long() {
    UUID id = dead("tern.conductor", "x".repeat(100_000), Map.of(), 100_000);
    JsonNode letter = shown(id);
    assertThat(letter.get("body").stringValue()).hasSize(16_384);
    assertThat(letter.get("body_is_whole").booleanValue()).isFalse();
    assertThat(letter.get("body_bytes").longValue()).isEqualTo(100_000);
    assertThat(letter.get("resendable").booleanValue()).isTrue();
  }

  @Test
  void are_sent_again_whole_and_then_forgotten() {
    String body = "{\"secret\":\"" + "x".repeat(20_000) + "\"}";
    UUID id = dead("tern.conductor", body, Map.of(), body.length());
    api.broker.accepting.set(false);
    assertThat(api.to(LETTERS + "/" + id + "/resend").post("").fault())
        .startsWith("503 serviceUnavailable: Dead letter " + id + " was not sent again");
    assertThat(api.stores.deadLetters().find(id)).isPresent();
    api.broker.accepting.set(true);
    assertThat(api.to(LETTERS + "/" + id + "/resend").post("").status()).isEqualTo(202);
    assertThat(api.broker.sent).hasSize(1);
    DeadLetter sent = api.broker.sent.getFirst();
    assertThat(new String(sent.body(), UTF_8)).isEqualTo(body);
    assertThat(sent.queue()).isEqualTo("tern.conductor");
    assertThat(api.stores.deadLetters().find(id)).isEmpty();
    assertThat(api.to(LETTERS + "/" + id + "/resend").post("").status()).isEqualTo(404);
  }

  @Test
  void are_kept_when_they_cannot_be_sent_again() {
    UUID strangers = dead("accounting", "{}", Map.of(), 2);
    UUID tooLong = dead("tern.conductor", "{}", Map.of(), 5 << 20);
    for (UUID id : new UUID[] {strangers, tooLong}) {
      assertThat(shown(id).get("resendable").booleanValue()).isFalse();
      assertThat(api.to(LETTERS + "/" + id + "/resend").post("").fault())
          .startsWith("409 conflictingRequest: Dead letter " + id + " cannot be sent again");
      assertThat(api.stores.deadLetters().find(id)).map(KeptLetter::id).contains(id);
    }
    assertThat(api.broker.sent).isEmpty();
  }

  @Test
  void are_discarded_by_hand() {
    UUID id = dead();
    assertThat(api.to(LETTERS + "/" + id).delete().status()).isEqualTo(204);
    assertThat(api.to(LETTERS + "/" + id).delete().status()).isEqualTo(404);
    assertThat(api.to(LETTERS + "/" + id).get().status()).isEqualTo(404);
    assertThat(api.to(LETTERS + "/nobody").delete().status()).isEqualTo(404);
    assertThat(api.broker.sent).isEmpty();
  }

  @Test
  void are_for_administrators() {
    UUID id = dead();
    String one = LETTERS + "/" + id;
    assertThat(api.to(LETTERS).as("manager:demo").get().status()).isEqualTo(403);
    assertThat(api.to(one).as("manager:demo").get().status()).isEqualTo(403);
    assertThat(api.to(one).as("manager:demo").delete().status()).isEqualTo(403);
    assertThat(api.to(one + "/resend").as("manager:demo").post("").status()).isEqualTo(403);
    assertThat(api.stores.deadLetters().count()).isEqualTo(1);
  }
}
