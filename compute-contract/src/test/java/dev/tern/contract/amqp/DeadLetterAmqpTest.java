package dev.tern.contract.amqp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.Pause;
import dev.tern.contract.conductor.ConductorMessage;
import dev.tern.contract.dead.DeadLetter;
import dev.tern.local.BrokerForTests;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.MapPropertySource;

@DisplayName("A dead letter")
class DeadLetterAmqpTest {
  private static final UUID SAGA = UUID.fromString("11111111-1111-4111-8111-111111111111");

  private final BlockingQueue<DeadLetter> found = new LinkedBlockingQueue<>();
  private final BlockingQueue<ConductorMessage> done = new LinkedBlockingQueue<>();
  private final List<Duration> rests = new CopyOnWriteArrayList<>();
  private final List<DirectMessageListenerContainer> started = new ArrayList<>();
  private final AnnotationConfigApplicationContext context =
      new AnnotationConfigApplicationContext();

  @BeforeEach
  void connect() throws Exception {
    context
        .getEnvironment()
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                "test",
                Map.of(
                    "tern.amqp.uri",
                    BrokerForTests.uri(),
                    "tern.amqp.prefix",
                    "test-" + UUID.randomUUID())));
    context.registerBean(Pause.class, () -> rests::add);
    context.register(AmqpConfiguration.class);
    context.refresh();
    context.getBean(RabbitAdmin.class).initialize();
  }

  @AfterEach
  void leave_nothing() {
    started.forEach(DirectMessageListenerContainer::stop);
    RabbitAdmin admin = context.getBean(RabbitAdmin.class);
    for (String queue :
        List.of(
            names().conductorQueue(),
            names().schedulerQueue(),
            names().reports(),
            names().progress(),
            names().deadQueue())) {
      admin.deleteQueue(queue);
    }
    admin.deleteExchange(names().reports());
    admin.deleteExchange(names().progress());
    context.close();
  }

  private AmqpSettings names() {
    return context.getBean(AmqpSettings.class);
  }

  private DeadLetterQueue letters() {
    return context.getBean(DeadLetterQueue.class);
  }

  private DirectMessageListenerContainer start(DirectMessageListenerContainer container) {
    started.add(container);
    container.start();
    return container;
  }

  private DirectMessageListenerContainer work(Consumer<ConductorMessage> handler) {
    return start(
        context
            .getBean(Answering.class)
            .work(names().conductorQueue(), ConductorMessage.class, 1, handler));
  }

  private void send(String body) {
    context
        .getBean(RabbitTemplate.class)
        .send("", names().conductorQueue(), new Message(body.getBytes(UTF_8)));
  }

  private DeadLetter next() throws InterruptedException {
    return Objects.requireNonNull(found.poll(30, TimeUnit.SECONDS), "no letter came");
  }

  private long waiting(String queue) {
    return Objects.requireNonNull(context.getBean(RabbitAdmin.class).getQueueInfo(queue))
        .getMessageCount();
  }

  private static String wire(int version, String type, String more) {
    return "{\"version\":%d,\"kind\":\"ConductorMessage\",\"message\":{\"type\":\"%s\",\"saga\":\"%s\"%s}}"
        .formatted(version, type, SAGA, more);
  }

  @Test
  void tells_where_it_died_and_why() throws Exception {
    work(done::add);
    start(letters().collect(found::add));
    Instant before = Instant.now().minusMillis(1);
    Map<String, String> bad =
        Map.of(
            "rm -rf",
            "NOT_JSON",
            wire(99, "WakeSaga", ""),
            "NEWER_VERSION",
            wire(1, "SleepSaga", ""),
            "UNKNOWN_TYPE",
            "{\"version\":1,\"kind\":\"ConductorMessage\",\"message\":{\"type\":\"WakeSaga\"}}",
            "INVALID_CONTENT");
    for (Map.Entry<String, String> each : bad.entrySet()) {
      send(each.getKey());
      DeadLetter letter = next();
      assertThat(letter.body()).asString(UTF_8).isEqualTo(each.getKey());
      assertThat(letter.reason()).isEqualTo(each.getValue());
      assertThat(letter.why()).startsWith(each.getValue() + ": ");
      assertThat(letter.queue()).isEqualTo(names().conductorQueue());
      assertThat(letter.routingKey()).isEqualTo(names().conductorQueue());
      assertThat(letter.attempts()).isEqualTo(1);
      assertThat(letter.diedAt()).isBetween(before, Instant.now().plusMillis(1));
      assertThat(letter.whole()).isTrue();
      assertThat(letters().reachable(letter)).isTrue();
    }
    assertThat(done).isEmpty();
  }

  @Test
  void is_not_made_of_a_message_with_more_fields_than_are_known() throws Exception {
    work(done::add);
    send(wire(1, "WakeSaga", ",\"colour\":\"red\""));
    assertThat(done.poll(30, TimeUnit.SECONDS)).isEqualTo(new ConductorMessage.WakeSaga(SAGA));
    assertThat(waiting(names().deadQueue())).isZero();
  }

  @Test
  void is_made_of_work_that_failed_too_often_and_is_done_when_sent_again() throws Exception {
    AtomicInteger tries = new AtomicInteger();
    DirectMessageListenerContainer broken =
        work(_ -> {
          tries.incrementAndGet();
          throw new IllegalStateException("broken on purpose");
        });
    start(letters().collect(found::add));
    context.getBean(ConductorQueue.class).publish(new ConductorMessage.WakeSaga(SAGA));
    DeadLetter letter = next();
    broken.stop();
    assertThat(letter.type()).isEqualTo(Optional.of("ConductorMessage.WakeSaga"));
    assertThat(letter.reason()).isEqualTo("DELIVERY_LIMIT");
    assertThat(letter.attempts()).isEqualTo(tries.get()).isGreaterThan(1);
    assertThat(rests).as("a pause after each try").hasSize(tries.get());
    for (int n = 0; n < rests.size(); n++) {
      long longest = Math.min(20L << n, 1_000);
      assertThat(rests.get(n).toMillis()).isBetween(longest / 2, longest);
    }
    assertThat(letter.queue()).isEqualTo(names().conductorQueue());

    work(done::add);
    letters().resend(letter);
    letters().resend(letter);
    ConductorMessage again = new ConductorMessage.WakeSaga(SAGA);
    assertThat(done.poll(30, TimeUnit.SECONDS)).isEqualTo(again);
    assertThat(done.poll(30, TimeUnit.SECONDS)).isEqualTo(again);
    assertThat(found).isEmpty();
  }

  @Test
  void stays_at_the_broker_until_it_is_kept() throws Exception {
    work(done::add);
    AtomicInteger tries = new AtomicInteger();
    start(
        letters()
            .collect(letter -> {
              if (tries.incrementAndGet() < 3) {
                throw new IllegalStateException("no database, on purpose");
              }
              found.add(letter);
            }));
    send("[]");
    assertThat(next().reason()).isEqualTo("NO_ENVELOPE");
    assertThat(tries).hasValue(3);
  }

  @Test
  void that_comes_twice_has_one_digest_and_another_one_like_it_has_another() throws Exception {
    work(done::add);
    AtomicInteger tries = new AtomicInteger();
    start(
        letters()
            .collect(letter -> {
              found.add(letter);
              if (tries.incrementAndGet() == 1) {
                throw new IllegalStateException("died before the broker heard, on purpose");
              }
            }));
    send("[]");
    String first = next().digest();
    assertThat(next().digest()).isEqualTo(first);
    send("[]");
    assertThat(next().digest()).isNotEqualTo(first);
  }

  @Test
  void is_not_sent_where_nobody_is() throws Exception {
    DeadLetter nowhere = letter(names().prefix() + ".agent.gone", new byte[] {1}, 1);
    assertThat(letters().reachable(nowhere)).isTrue();
    assertThatThrownBy(() -> letters().resend(nowhere)).isInstanceOf(Undelivered.class);
    for (DeadLetter bad :
        List.of(
            letter("accounting", new byte[] {1}, 1),
            letter(names().deadQueue(), new byte[] {1}, 1),
            letter(names().conductorQueue(), new byte[] {1}, 2))) {
      assertThatThrownBy(() -> letters().resend(bad)).isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(waiting(names().conductorQueue())).isZero();
  }

  private static DeadLetter letter(String queue, byte[] body, long bytes) {
    return new DeadLetter(
        "a".repeat(64),
        queue,
        queue,
        Optional.empty(),
        "OTHER",
        "why",
        1,
        Map.of(),
        body,
        bytes,
        Instant.EPOCH.plus(Duration.ofDays(1)));
  }
}
