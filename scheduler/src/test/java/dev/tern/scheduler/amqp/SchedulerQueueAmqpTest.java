package dev.tern.scheduler.amqp;

import static dev.tern.scheduler.Asking.boot;
import static dev.tern.scheduler.Asking.migration;
import static dev.tern.scheduler.SampleHost.host;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.amqp.AmqpConfiguration;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.amqp.Asked.Answered;
import dev.tern.contract.amqp.Asked.NoAnswer;
import dev.tern.contract.amqp.SchedulerClient;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerAnswer.NoHost;
import dev.tern.contract.scheduler.SchedulerAnswer.Planned;
import dev.tern.contract.scheduler.SchedulerAnswer.Selected;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.local.BrokerForTests;
import dev.tern.scheduler.Asking;
import dev.tern.scheduler.FakeCloud;
import dev.tern.scheduler.OwnNames;
import dev.tern.scheduler.Questions;
import dev.tern.scheduler.Scheduler;
import dev.tern.scheduler.SchedulerSettings;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.PlacementRules;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;

@DisplayName("A scheduler behind a real broker")
class SchedulerQueueAmqpTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Ratios RATIOS = new Ratios(1, 512, 16, 1);

  private final List<AnnotationConfigApplicationContext> running = new ArrayList<>();
  private final OwnNames names = OwnNames.random();

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(SchedulerSettings.class)
  static class Settings {}

  @AfterEach
  void stopSchedulers() {
    names.remove(running);
    running.forEach(AnnotationConfigApplicationContext::close);
  }

  /** One process, as far as the broker can tell. */
  private SchedulerClient startScheduler(Scheduler scheduler) throws IOException {
    AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    running.add(context);
    context
        .getEnvironment()
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                "test",
                Map.of("tern.amqp.uri", BrokerForTests.uri(), "tern.amqp.prefix", names.prefix())));
    context.register(AmqpConfiguration.class, Settings.class, SchedulerQueue.class);
    context.registerBean(
        Questions.class, () -> new Questions(scheduler, new SimpleMeterRegistry()));
    context.refresh();
    return context.getBean(SchedulerClient.class);
  }

  private static Scheduler over(FakeCloud cloud) {
    return new Scheduler(cloud, cloud, RATIOS, _ -> PlacementRules.NONE, 20);
  }

  @Test
  void answers_with_the_host_and_again_with_the_same() throws Exception {
    SchedulerClient client = startScheduler(over(new FakeCloud(host(1), host(2), host(3))));
    Answered<SchedulerAnswer> host2 =
        new Answered<>(new Selected(new HostName("host-2"), migration().question().claim()));
    assertThat(client.ask(migration().question(), LONG)).isEqualTo(host2);
    assertThat(client.ask(migration().question(), LONG)).isEqualTo(host2);
  }

  @Test
  void plans_without_claiming() throws Exception {
    FakeCloud cloud = new FakeCloud(host(1), host(2), host(3));
    SchedulerClient client = startScheduler(over(cloud));
    PlanHosts question =
        new PlanHosts(
            migration().question().request(),
            List.of(migration().question().wanted()),
            List.of(),
            List.of(),
            List.of(),
            10);
    assertThat(client.ask(question, LONG))
        .isEqualTo(new Answered<>(over(cloud).plan(question)))
        .extracting(answer -> ((Planned) ((Answered<?>) answer).answer()).decisions().size())
        .isEqualTo(1);
    assertThat(cloud.of(migration().question().server())).isEmpty();
  }

  @Test
  @Tag("S105")
  void answers_with_every_reason_when_no_host_will_do() throws Exception {
    SchedulerClient client =
        startScheduler(over(new FakeCloud(host(1), host(2).down(), host(3).lacks("x"))));
    assertThat(client.ask(migration().question(), LONG))
        .isInstanceOfSatisfying(
            Answered.class,
            answered ->
                assertThat(answered.answer())
                    .isInstanceOfSatisfying(
                        NoHost.class,
                        none ->
                            assertThat(none.reasons().values())
                                .extracting("code")
                                .containsExactlyInAnyOrder(
                                    ErrorCode.UNABLE_TO_MIGRATE_TO_SELF,
                                    ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
                                    ErrorCode.DESTINATION_LACKS_QEMU_FEATURE)));
  }

  @Test
  void whose_database_is_away_gives_no_answer_instead_of_a_refusal() throws Exception {
    SchedulerClient client =
        startScheduler(
            new Scheduler(
                new FakeCloud(), new ClaimsOutOfReach(), RATIOS, _ -> PlacementRules.NONE, 20));
    assertThat(client.ask(migration().question(), LONG)).isInstanceOf(NoAnswer.class);
  }

  @Test
  void shares_the_questions_with_others_and_no_host_is_overfilled() throws Exception {
    FakeCloud cloud = new FakeCloud(host(1).memoryMib(512 + 5_120), host(2).memoryMib(512 + 5_120));
    SchedulerClient client = startScheduler(over(cloud));
    startScheduler(over(cloud));
    List<Future<Asked<SchedulerAnswer>>> asked = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int n = 0; n < 40; n++) {
        Asking asking = boot(n);
        asked.add(threads.submit(() -> client.ask(asking.question(), LONG)));
      }
    }
    int selected = 0;
    for (Future<Asked<SchedulerAnswer>> answer : asked) {
      switch (answer.resultNow()) {
        case Answered<SchedulerAnswer>(Selected _) -> selected++;
        case Answered<SchedulerAnswer>(NoHost _) -> {}
        case Answered<SchedulerAnswer>(SchedulerAnswer other) -> throw new AssertionError(other);
        case NoAnswer<SchedulerAnswer> none -> throw new AssertionError(none.reason());
      }
    }
    assertThat(selected).isEqualTo(10);
  }
}
