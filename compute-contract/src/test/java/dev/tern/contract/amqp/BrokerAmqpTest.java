package dev.tern.contract.amqp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.amqp.Asked.Answered;
import dev.tern.contract.amqp.Asked.NoAnswer;
import dev.tern.contract.conductor.ConductorMessage;
import dev.tern.contract.conductor.Outbox;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.host.MoveDetail;
import dev.tern.local.BrokerForTests;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.MapPropertySource;

@DisplayName("Through a real broker")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class BrokerAmqpTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final HostName HOST = new HostName("host-1");
  private static final ServerId SERVER = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01");
  private static final AgentRequest REQUEST =
      new AgentRequest.StartServer(
          new AgentRequest.Header(RequestId.of(SERVER.value()), SERVER, 1, Optional.empty()));

  private final MeterRegistry metrics = new SimpleMeterRegistry();
  private AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();

  @BeforeEach
  void connect() throws Exception {
    String uri = BrokerForTests.uri();
    context
        .getEnvironment()
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                "test",
                Map.of("tern.amqp.uri", uri, "tern.amqp.prefix", "test-" + UUID.randomUUID())));
    context.registerBean(MeterRegistry.class, () -> metrics);
    context.register(AmqpConfiguration.class);
    context.refresh();
  }

  @AfterEach
  void leaveNothing() {
    if (context.isActive()) {
      RabbitAdmin admin = context.getBean(RabbitAdmin.class);
      AmqpSettings names = names();
      for (String queue :
          List.of(
              names.conductorQueue(),
              names.schedulerQueue(),
              names.agentQueue(HOST),
              names.reports(),
              names.progress(),
              names.deadQueue())) {
        admin.deleteQueue(queue);
      }
      admin.deleteExchange(names.reports());
      admin.deleteExchange(names.progress());
    }
    context.close();
  }

  @Test
  void a_question_is_answered() throws Exception {
    listenAsAgent(_ -> new AgentAnswer.Working("booting"));
    assertThat(ask(LONG)).isEqualTo(new Answered<>(new AgentAnswer.Working("booting")));
  }

  @Test
  void many_questions_at_once_each_get_their_own_answer() throws Exception {
    CountDownLatch allThere = new CountDownLatch(200);
    listenAsAgent(request -> {
      allThere.countDown();
      awaitLatch(allThere);
      return new AgentAnswer.Working(Long.toString(request.header().epoch()));
    });
    AgentClient client = context.getBean(AgentClient.class);
    AtomicInteger right = new AtomicInteger();
    List<Thread> askers =
        java.util.stream.LongStream.range(0, 200)
            .mapToObj(n ->
                Thread.startVirtualThread(() -> {
                  AgentRequest mine =
                      new AgentRequest.StartServer(
                          new AgentRequest.Header(
                              RequestId.of(SERVER.value()), SERVER, n, Optional.empty()));
                  try {
                    if (client
                        .ask(HOST, mine, LONG)
                        .equals(new Answered<>(new AgentAnswer.Working(Long.toString(n))))) {
                      right.incrementAndGet();
                    }
                  } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                  }
                }))
            .toList();
    for (Thread asker : askers) {
      asker.join();
    }
    assertThat(right).hasValue(200);
  }

  @Test
  void a_question_to_a_host_without_an_agent_has_no_answer_at_once() throws Exception {
    long before = System.nanoTime();
    assertThat(ask(Duration.ofSeconds(60))).isInstanceOf(NoAnswer.class);
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(LONG);
  }

  @Test
  void a_question_nobody_answers_in_time_has_no_answer_and_leaves_the_queue() throws Exception {
    declareAgentQueue();
    assertThat(ask(Duration.ofMillis(200)))
        .isEqualTo(new NoAnswer<>("no answer within PT0.2S", Asked.Cause.SILENT));
    RabbitTemplate template = context.getBean(RabbitTemplate.class);
    assertThat(template.receive(names().agentQueue(HOST), 1_000)).isNull();
  }

  @Test
  void a_question_whose_handler_fails_has_no_answer_at_once() throws Exception {
    listenAsAgent(_ -> {
      throw new IllegalStateException("broken on purpose");
    });
    assertThat(ask(Duration.ofSeconds(60)))
        .isEqualTo(
            new NoAnswer<>(
                "the question was refused: the handler failed: IllegalStateException",
                Asked.Cause.NOT_UNDERSTOOD));
  }

  @Test
  void a_question_is_answered_again_after_the_connection_broke() throws Exception {
    listenAsAgent(_ -> new AgentAnswer.Working("here"));
    assertThat(ask(LONG)).isInstanceOf(Answered.class);
    context.getBean(CachingConnectionFactory.class).resetConnection();
    Asked<AgentAnswer> asked = ask(LONG);
    for (int i = 0; i < 50 && asked instanceof NoAnswer; i++) {
      asked = ask(Duration.ofMillis(500));
    }
    assertThat(asked).isInstanceOf(Answered.class);
  }

  @Test
  void garbage_is_parked_with_its_reason_and_counted() throws Exception {
    listenAsAgent(_ -> new AgentAnswer.Working("never"));
    context
        .getBean(RabbitTemplate.class)
        .send("", names().agentQueue(HOST), new Message("rm -rf".getBytes(UTF_8)));
    Message parked = theDeadOne();
    assertThat(parked.getBody()).asString().isEqualTo("rm -rf");
    assertThat(parked.getMessageProperties().getHeaders())
        .containsEntry("x-tern-queue", names().agentQueue(HOST))
        .containsEntry("x-tern-reason", "NOT_JSON: not JSON");
    // It is counted when the broker has confirmed it, which a reader of the queue can be ahead of.
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> assertThat(metrics.find("tern.messages.malformed").counters()).hasSize(1));
  }

  @Test
  void work_that_fails_is_done_again_and_then_put_with_the_dead() throws Exception {
    AtomicInteger tries = new AtomicInteger();
    UUID saga = UUID.randomUUID();
    start(
        context
            .getBean(Answering.class)
            .work(
                names().conductorQueue(),
                ConductorMessage.class,
                2,
                _ -> {
                  tries.incrementAndGet();
                  throw new IllegalStateException("broken on purpose");
                }));
    context.getBean(ConductorQueue.class).publish(new ConductorMessage.WakeSaga(saga));
    Message dead = theDeadOne();
    assertThat((Object) Wire.read(ConductorMessage.class, dead.getBody()))
        .isEqualTo(new ConductorMessage.WakeSaga(saga));
    assertThat(tries).hasValueGreaterThan(1);
  }

  @Test
  void a_message_to_no_queue_is_not_delivered() {
    ConductorQueue queue = context.getBean(ConductorQueue.class);
    assertThatThrownBy(() -> queue.publish("", "nowhere", new byte[] {1}))
        .isInstanceOf(Undelivered.class);
  }

  @Test
  void the_outbox_learns_which_messages_arrived() throws Exception {
    ConductorQueue queue = context.getBean(ConductorQueue.class);
    String body = queue.body(new ConductorMessage.WakeSaga(SERVER.value()));
    assertThat(
            queue.publish(
                List.of(
                    new Outbox.Entry(1, queue.exchange(), queue.routingKey(), "WakeSaga", body),
                    new Outbox.Entry(2, "", "nowhere", "WakeSaga", body),
                    new Outbox.Entry(3, queue.exchange(), queue.routingKey(), "WakeSaga", body)),
                LONG))
        .containsExactly(1L, 3L);
  }

  @Test
  void progress_reaches_who_listens() throws Exception {
    BlockingQueue<MigrationProgress> heard = new LinkedBlockingQueue<>();
    start(
        context
            .getBean(Answering.class)
            .hear(names().progress(), MigrationProgress.class, 1, heard::add));
    MigrationProgress progress = progress();
    assertThat(context.getBean(ProgressPublisher.class).publish(progress)).isTrue();
    assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo(progress);
  }

  private static MigrationProgress progress() {
    MoveDetail detail =
        new MoveDetail(
            Instant.EPOCH,
            List.of(new MoveDetail.DiskProgress("disk0", 2, 3, 0, false)),
            new MoveDetail.MemoryPace(1, 5, 4, 0),
            Forecast.unknown("too early"),
            Duration.ZERO,
            Optional.empty());
    return new MigrationProgress(new MigrationId(SERVER.value()), 6, 5, 4, 3, 2, 1, 777, detail);
  }

  @Test
  void everything_may_be_declared_twice() {
    RabbitAdmin admin = context.getBean(RabbitAdmin.class);
    admin.initialize();
    admin.initialize();
    assertThat(admin.getQueueProperties(names().conductorQueue())).isNotNull();
  }

  @Test
  void a_broker_that_is_away_loses_reports_and_answers_nothing_but_breaks_nobody()
      throws Exception {
    CachingConnectionFactory nowhere = new CachingConnectionFactory("127.0.0.1", 1);
    AmqpSettings names = names();
    try (Ask ask = new Ask(nowhere)) {
      assertThat(new AgentClient(ask, names).ask(HOST, REQUEST, LONG))
          .isInstanceOfSatisfying(
              NoAnswer.class, none -> assertThat(none.cause()).isEqualTo(Asked.Cause.NO_BROKER));
    }
    assertThat(new ProgressPublisher(new RabbitTemplate(nowhere), names).publish(progress()))
        .isFalse();
    nowhere.destroy();
  }

  @Test
  void a_refusal_is_an_answer() throws Exception {
    AgentAnswer refusal =
        new AgentAnswer.Refused(new Failure(ErrorCode.STALE_EPOCH, "Epoch 1 has passed."));
    listenAsAgent(_ -> refusal);
    assertThat(ask(LONG)).isEqualTo(new Answered<>(refusal));
  }

  private Message theDeadOne() {
    return Objects.requireNonNull(
        context.getBean(RabbitTemplate.class).receive(names().deadQueue(), 20_000),
        "nothing was parked");
  }

  private Asked<AgentAnswer> ask(Duration deadline) throws InterruptedException {
    return context.getBean(AgentClient.class).ask(HOST, REQUEST, deadline);
  }

  private void listenAsAgent(java.util.function.Function<AgentRequest, AgentAnswer> handler) {
    declareAgentQueue();
    start(
        context
            .getBean(Answering.class)
            .answer(names().agentQueue(HOST), AgentRequest.class, AgentAnswer.class, 256, handler));
  }

  private void declareAgentQueue() {
    context.getBean(RabbitAdmin.class).declareQueue(context.getBean(Topology.class).agent(HOST));
  }

  /** Stopped with the context. */
  private void start(DirectMessageListenerContainer container) {
    context.addApplicationListener(event -> {
      if (event instanceof org.springframework.context.event.ContextClosedEvent) {
        container.stop();
      }
    });
    container.start();
  }

  private AmqpSettings names() {
    return context.getBean(AmqpSettings.class);
  }

  private static void awaitLatch(@Nullable CountDownLatch latch) {
    try {
      assertThat(latch != null && latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
