package dev.tern.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tern.contract.amqp.AmqpSettings;
import dev.tern.contract.amqp.Answering;
import dev.tern.contract.conductor.ConductorMessage;
import dev.tern.local.BrokerForTests;
import dev.tern.store.StoreTestDatabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The application as it ships, over a real database and a real broker. */
@DisplayName("A dead letter at a real broker")
class DeadLettersAmqpTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final UUID SAGA = UUID.fromString("11111111-1111-4111-8111-111111111111");
  private static final String FROM_THE_FUTURE =
      "{\"version\":99,\"kind\":\"ConductorMessage\",\"message\":{\"type\":\"WakeSaga\",\"streamKey\":\"HUSH\"}}";

  private final HttpClient client = HttpClient.newHttpClient();
  private final String prefix = "test-" + UUID.randomUUID();
  private @Nullable ConfigurableApplicationContext running;

  @TempDir Path images;

  private ConfigurableApplicationContext api() throws Exception {
    ConfigurableApplicationContext known = running;
    if (known == null) {
      known =
          ApiApplication.application()
              .run(
                  "--server.port=0",
                  "--tern.api.image-directory=" + images,
                  "--tern.amqp.uri=" + BrokerForTests.uri(),
                  "--tern.amqp.prefix=" + prefix,
                  "--spring.datasource.url=" + DATABASE.url(),
                  "--spring.datasource.username=" + DATABASE.user(),
                  "--spring.datasource.password=" + DATABASE.password());
      running = known;
    }
    return known;
  }

  private void stop() {
    Objects.requireNonNull(running).close();
    running = null;
  }

  @AfterEach
  void leave_nothing() throws Exception {
    RabbitAdmin admin = api().getBean(RabbitAdmin.class);
    AmqpSettings names = api().getBean(AmqpSettings.class);
    for (String queue :
        new String[] {
          names.conductorQueue(),
          names.schedulerQueue(),
          names.reports(),
          names.progress(),
          names.deadQueue()
        }) {
      admin.deleteQueue(queue);
    }
    admin.deleteExchange(names.reports());
    admin.deleteExchange(names.progress());
    stop();
  }

  private HttpResponse<String> call(String method, String path) throws Exception {
    String port = api().getEnvironment().getProperty("local.server.port");
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofSeconds(30))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private JsonNode letters() throws Exception {
    return new JsonMapper().readTree(call("GET", "/v1/dead-letters").body()).get("dead_letters");
  }

  private JsonNode theOnly() throws Exception {
    await().atMost(Duration.ofSeconds(30)).until(() -> letters().size() == 1);
    return letters().get(0);
  }

  /** As a conductor does. */
  private DirectMessageListenerContainer work(Consumer<ConductorMessage> handler) throws Exception {
    AmqpSettings names = api().getBean(AmqpSettings.class);
    DirectMessageListenerContainer container =
        api()
            .getBean(Answering.class)
            .work(names.conductorQueue(), ConductorMessage.class, 1, handler);
    container.start();
    return container;
  }

  private void send(String body) throws Exception {
    AmqpSettings names = api().getBean(AmqpSettings.class);
    api()
        .getBean(RabbitTemplate.class)
        .send("", names.conductorQueue(), new Message(body.getBytes(UTF_8)));
  }

  @Test
  void is_shown_also_after_a_restart_and_discarded() throws Exception {
    DirectMessageListenerContainer conductor = work(_ -> {});
    send(FROM_THE_FUTURE);
    JsonNode letter = theOnly();
    assertThat(letter.get("reason").stringValue()).isEqualTo("NEWER_VERSION");
    assertThat(letter.get("type").stringValue()).isEqualTo("ConductorMessage.WakeSaga");
    assertThat(letter.get("queue").stringValue()).isEqualTo(prefix + ".conductor");
    assertThat(letter.get("body").stringValue())
        .contains("\"version\":99")
        .contains("***")
        .doesNotContain("HUSH");
    assertThat(call("GET", "/actuator/prometheus").body())
        .contains("tern_messages_dead_total{queue=\"conductor\",reason=\"NEWER_VERSION\"} 1.0")
        .contains("tern_dead_letters 1.0");
    conductor.stop();
    stop();
    assertThat(theOnly()).isEqualTo(letter);
    String one = "/v1/dead-letters/" + letter.get("id").stringValue();
    assertThat(call("DELETE", one).statusCode()).isEqualTo(204);
    assertThat(letters().size()).isZero();
  }

  @Test
  void is_handled_when_it_is_sent_again_after_its_cause_was_mended() throws Exception {
    DirectMessageListenerContainer broken =
        work(_ -> {
          throw new IllegalStateException("broken on purpose");
        });
    send(
        "{\"version\":1,\"kind\":\"ConductorMessage\",\"message\":{\"type\":\"WakeSaga\",\"saga\":\"%s\"}}"
            .formatted(SAGA));
    JsonNode letter = theOnly();
    assertThat(letter.get("reason").stringValue()).isEqualTo("DELIVERY_LIMIT");
    assertThat(letter.get("attempts").intValue()).isGreaterThan(1);
    broken.stop();
    BlockingQueue<ConductorMessage> done = new LinkedBlockingQueue<>();
    DirectMessageListenerContainer mended = work(done::add);
    String one = "/v1/dead-letters/" + letter.get("id").stringValue();
    assertThat(call("POST", one + "/resend").statusCode()).isEqualTo(202);
    assertThat(done.poll(30, TimeUnit.SECONDS)).isEqualTo(new ConductorMessage.WakeSaga(SAGA));
    assertThat(letters().size()).isZero();
    mended.stop();
  }

  @Test
  void is_kept_when_nobody_has_its_queue_any_more() throws Exception {
    DirectMessageListenerContainer conductor = work(_ -> {});
    send("rm -rf");
    JsonNode letter = theOnly();
    conductor.stop();
    RabbitAdmin admin = api().getBean(RabbitAdmin.class);
    admin.deleteQueue(prefix + ".conductor");
    String one = "/v1/dead-letters/" + letter.get("id").stringValue();
    HttpResponse<String> refused = call("POST", one + "/resend");
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
    assertThat(theOnly()).isEqualTo(letter);
    assertThat(call("DELETE", one).statusCode()).isEqualTo(204);
  }
}
