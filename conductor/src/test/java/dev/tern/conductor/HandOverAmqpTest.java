package dev.tern.conductor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.amqp.AmqpConfiguration;
import dev.tern.contract.amqp.AmqpSettings;
import dev.tern.contract.amqp.Answering;
import dev.tern.contract.amqp.Topology;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.local.BrokerForTests;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.Samples;
import dev.tern.store.StoreTestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.MapPropertySource;

/** Leases last ten minutes and nobody looks around for an hour: only a message wakes the other. */
@DisplayName("A migration whose conductor is told to stop")
class HandOverAmqpTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final Duration LONG = Duration.ofSeconds(60);

  private final String prefix = "handover-" + UUID.randomUUID().toString().substring(0, 8);
  private final Samples samples = new Samples(() -> DATABASE);
  private final AnnotationConfigApplicationContext others =
      new AnnotationConfigApplicationContext();
  private final List<DirectMessageListenerContainer> listening = new ArrayList<>();
  private final List<ConfigurableApplicationContext> conductors = new ArrayList<>();
  private final FakeCloud cloud = new FakeCloud();
  private final AtomicBoolean held = new AtomicBoolean(true);
  private final CountDownLatch asked = new CountDownLatch(3);

  @BeforeEach
  void scheduler_and_agents() throws Exception {
    samples.host(FakeCloud.HOME);
    samples.host(FakeCloud.AWAY);
    others
        .getEnvironment()
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                "test", Map.of("tern.amqp.uri", BrokerForTests.uri(), "tern.amqp.prefix", prefix)));
    others.register(AmqpConfiguration.class);
    others.refresh();
    AmqpSettings names = others.getBean(AmqpSettings.class);
    listen(
        others
            .getBean(Answering.class)
            .answer(
                names.schedulerQueue(),
                SchedulerRequest.class,
                SchedulerAnswer.class,
                2,
                this::select));
    agent(FakeCloud.HOME);
    agent(FakeCloud.AWAY);
  }

  @AfterEach
  void stop() {
    conductors.forEach(ConfigurableApplicationContext::close);
    listening.forEach(DirectMessageListenerContainer::stop);
    others.close();
  }

  private void listen(DirectMessageListenerContainer container) {
    listening.add(container);
    container.start();
  }

  private void agent(HostName host) {
    others.getBean(AmqpAdmin.class).declareQueue(others.getBean(Topology.class).agent(host));
    listen(
        others
            .getBean(Answering.class)
            .answer(
                others.getBean(AmqpSettings.class).agentQueue(host),
                AgentRequest.class,
                AgentAnswer.class,
                2,
                request -> answer(host, request)));
  }

  private AgentAnswer answer(HostName host, AgentRequest request) {
    if (host.equals(FakeCloud.AWAY) && held.get()) {
      asked.countDown();
      return new AgentAnswer.Working("held, on purpose");
    }
    return cloud.answer(host, request);
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

  private ConfigurableApplicationContext conductor(String name) throws Exception {
    ConfigurableApplicationContext conductor =
        ConductorApplication.application()
            .web(WebApplicationType.NONE)
            .run(
                "--spring.datasource.url=" + DATABASE.url(),
                "--spring.datasource.username=" + DATABASE.user(),
                "--spring.datasource.password=" + DATABASE.password(),
                "--spring.jmx.enabled=false",
                "--tern.amqp.uri=" + BrokerForTests.uri(),
                "--tern.amqp.prefix=" + prefix,
                "--tern.conductor.name=" + name,
                "--tern.conductor.lease=10m",
                "--tern.conductor.sweep-every=1h");
    conductors.add(conductor);
    return conductor;
  }

  @Test
  void is_taken_by_another_one_at_once_and_completes() throws Exception {
    var guest = samples.active(FakeCloud.HOME);
    ConfigurableApplicationContext first = conductor("first");
    MigrationRecord migration = samples.accepted(guest.id());
    assertThat(asked.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
    ConfigurableApplicationContext _ = conductor("second");

    first.close();
    held.set(false);

    await()
        .atMost(LONG)
        .until(() -> DATABASE.migrations().find(migration.id()).orElseThrow().status().terminal());
    assertThat(DATABASE.migrations().find(migration.id()).orElseThrow().status())
        .isEqualTo(MigrationStatus.COMPLETED);
    assertThat(DATABASE.servers().find(guest.id()).orElseThrow().host()).contains(FakeCloud.AWAY);
  }
}
