package dev.tern.conductor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.amqp.AmqpConfiguration;
import dev.tern.contract.amqp.AmqpSettings;
import dev.tern.contract.amqp.Answering;
import dev.tern.contract.amqp.ReportPublisher;
import dev.tern.contract.amqp.Topology;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.local.BrokerForTests;
import dev.tern.store.ActionStore.EventRecord;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.StoreTestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.TopicExchange;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.MapPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("A conductor between a real broker and a real database")
class ConductorAmqpTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final String PREFIX = "conductor-" + UUID.randomUUID().toString().substring(0, 8);
  private static final Duration LONG = Duration.ofSeconds(60);

  private static @Nullable ConfigurableApplicationContext conductor;
  private static @Nullable AnnotationConfigApplicationContext others;

  private static final String TOLD = PREFIX + ".told";

  private static final Samples SAMPLES = new Samples(() -> DATABASE);

  /** Made before the conductor runs, which would boot it. */
  private static @Nullable ServerRecord server;

  @BeforeAll
  static void start() throws Exception {
    SAMPLES.host(FakeCloud.HOME);
    SAMPLES.host(FakeCloud.AWAY);
    server = SAMPLES.active(FakeCloud.HOME);
    others = new AnnotationConfigApplicationContext();
    others
        .getEnvironment()
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                "test", Map.of("tern.amqp.uri", BrokerForTests.uri(), "tern.amqp.prefix", PREFIX)));
    others.register(AmqpConfiguration.class);
    others.refresh();
    listen();
    conductor =
        ConductorApplication.application()
            .web(WebApplicationType.NONE)
            .run(
                "--spring.datasource.url=" + DATABASE.url(),
                "--spring.datasource.username=" + DATABASE.user(),
                "--spring.datasource.password=" + DATABASE.password(),
                "--spring.jmx.enabled=false",
                "--tern.amqp.uri=" + BrokerForTests.uri(),
                "--tern.amqp.prefix=" + PREFIX,
                "--tern.notifications.exchange=" + PREFIX + ".nova",
                "--tern.conductor.sweep-every=1h");
  }

  /** As a consumer of Nova's notifications does. */
  private static void listen() {
    AmqpAdmin admin = others().getBean(AmqpAdmin.class);
    TopicExchange exchange = new TopicExchange(PREFIX + ".nova", true, false);
    Queue queue = new Queue(TOLD, false, false, false);
    admin.declareExchange(exchange);
    admin.declareQueue(queue);
    admin.declareBinding(
        BindingBuilder.bind(queue).to(exchange).with("versioned_notifications.info"));
  }

  @AfterAll
  static void stop() {
    if (conductor != null) {
      conductor.close();
    }
    if (others != null) {
      others().getBean(AmqpAdmin.class).deleteQueue(TOLD);
      others().getBean(AmqpAdmin.class).deleteExchange(PREFIX + ".nova");
      others.close();
    }
  }

  private static AnnotationConfigApplicationContext others() {
    return Objects.requireNonNull(others);
  }

  @Test
  void takes_reports_in_and_says_that_it_is_there() {
    HostName host = new HostName("reported");
    ReportPublisher reports = others().getBean(ReportPublisher.class);

    await()
        .atMost(LONG)
        .until(() -> {
          reports.publish(Samples.report(host, 1, 1));
          return DATABASE.hosts().find(host, LONG).isPresent();
        });

    assertThat(DATABASE.hosts().beats(LONG))
        .extracting(beat -> beat.binary())
        .contains("nova-conductor");
  }

  @Test
  void migrates_a_guest_when_it_is_woken() {
    ServerId guest = Objects.requireNonNull(server).id();
    FakeCloud cloud = new FakeCloud();
    Answering answering = others().getBean(Answering.class);
    AmqpSettings names = others().getBean(AmqpSettings.class);
    DirectMessageListenerContainer scheduler =
        answering.answer(
            names.schedulerQueue(), SchedulerRequest.class, SchedulerAnswer.class, 2, this::select);
    DirectMessageListenerContainer home = agent(cloud, FakeCloud.HOME);
    DirectMessageListenerContainer away = agent(cloud, FakeCloud.AWAY);
    try {
      scheduler.start();
      home.start();
      away.start();
      MigrationRecord accepted = SAMPLES.accepted(guest);

      await().atMost(LONG).until(() -> now(accepted).status().terminal());

      assertThat(now(accepted).status()).isEqualTo(MigrationStatus.COMPLETED);
      assertThat(now(accepted).pause()).contains(Duration.ofMillis(13));
      ServerRecord moved = DATABASE.servers().find(guest).orElseThrow();
      assertThat(moved.host()).contains(FakeCloud.AWAY);
      assertThat(moved.task()).isEmpty();
      assertThat(DATABASE.claims().of(guest))
          .extracting(ClaimRecord::host)
          .containsExactly(FakeCloud.AWAY);
      assertThat(DATABASE.actions().list(guest).getFirst().events())
          .extracting(EventRecord::result)
          .containsOnly(Optional.of("Success"));
      assertThat(toldUntil("instance.live_migration_post.end", guest))
          .filteredOn(event -> !event.equals("instance.update"))
          .containsExactly(
              "instance.create.start",
              "instance.create.end",
              "instance.live_migration_pre.start",
              "instance.live_migration_pre.end",
              "instance.live_migration_post_dest.start",
              "instance.live_migration_post.start",
              "instance.live_migration_post_dest.end",
              "instance.live_migration_post.end");
    } finally {
      scheduler.stop();
      home.stop();
      away.stop();
    }
  }

  /** The types of the notifications of that server, in the order in which they come. */
  private static List<String> toldUntil(String last, ServerId server) {
    List<String> told = new ArrayList<>();
    while (!told.contains(last)) {
      Message message =
          Objects.requireNonNull(
              others().getBean(RabbitTemplate.class).receive(TOLD, LONG.toMillis()),
              () -> "no more after " + told);
      JsonNode envelope = JsonMapper.shared().readTree(message.getBody());
      assertThat(envelope.path("oslo.version").asString()).isEqualTo("2.0");
      JsonNode notification =
          JsonMapper.shared().readTree(envelope.path("oslo.message").asString());
      if (notification
          .path("payload")
          .path("nova_object.data")
          .path("uuid")
          .asString()
          .equals(server.toString())) {
        told.add(notification.path("event_type").asString());
      }
    }
    return told;
  }

  private static MigrationRecord now(MigrationRecord migration) {
    return DATABASE.migrations().find(migration.id()).orElseThrow();
  }

  private DirectMessageListenerContainer agent(FakeCloud cloud, HostName host) {
    Topology topology = others().getBean(Topology.class);
    others().getBean(AmqpAdmin.class).declareQueue(topology.agent(host));
    return others()
        .getBean(Answering.class)
        .answer(
            others().getBean(AmqpSettings.class).agentQueue(host),
            AgentRequest.class,
            AgentAnswer.class,
            2,
            request -> cloud.answer(host, request));
  }

  private SchedulerAnswer select(SchedulerRequest request) {
    return switch (request) {
      case SelectHost wanted -> {
        ClaimRecord claim =
            DATABASE
                .claims()
                .claim(
                    wanted.claim(),
                    wanted.server(),
                    FakeCloud.AWAY,
                    wanted.resources(),
                    Samples.PLENTY)
                .orElseThrow();
        yield new SchedulerAnswer.Selected(claim.host(), claim.id());
      }
      case SchedulerRequest.PlanHosts _ -> throw new AssertionError("plans nothing");
    };
  }
}
