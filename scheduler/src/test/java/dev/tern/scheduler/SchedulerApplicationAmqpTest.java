package dev.tern.scheduler;

import static dev.tern.scheduler.Asking.boot;
import static dev.tern.scheduler.Asking.migration;
import static dev.tern.scheduler.SampleHost.host;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.tern.contract.HostName;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.amqp.Asked.Answered;
import dev.tern.contract.amqp.SchedulerClient;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerAnswer.NoHost;
import dev.tern.contract.scheduler.SchedulerAnswer.Selected;
import dev.tern.local.BrokerForTests;
import dev.tern.store.HostStore.ServiceBeat;
import dev.tern.store.StoreTestDatabase;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

@DisplayName("The scheduler's process")
class SchedulerApplicationAmqpTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final Duration LONG = Duration.ofSeconds(30);

  private final List<ConfigurableApplicationContext> running = new ArrayList<>();
  private final OwnNames names = OwnNames.random();

  @AfterEach
  void stop() {
    names.remove(running);
    running.forEach(ConfigurableApplicationContext::close);
  }

  private ConfigurableApplicationContext start(String name, WebApplicationType web)
      throws IOException {
    ConfigurableApplicationContext context =
        SchedulerApplication.application()
            .web(web)
            .run(
                "--spring.datasource.url=" + DATABASE.url(),
                "--spring.datasource.username=" + DATABASE.user(),
                "--spring.datasource.password=" + DATABASE.password(),
                "--tern.amqp.uri=" + BrokerForTests.uri(),
                "--tern.amqp.prefix=" + names.prefix(),
                "--tern.scheduler.name=" + name,
                "--server.port=0");
    running.add(context);
    return context;
  }

  private static Asked<SchedulerAnswer> ask(ConfigurableApplicationContext context, Asking asking)
      throws InterruptedException {
    return context.getBean(SchedulerClient.class).ask(asking.question(), LONG);
  }

  @Test
  @Tag("S105")
  @Tag("S156")
  void chooses_among_the_hosts_of_the_database_and_beats_in_two_copies_of_one_jvm()
      throws Exception {
    ConfigurableApplicationContext first = start("one", WebApplicationType.NONE);
    start("two", WebApplicationType.NONE);
    DATABASE.hosts().report(host(1).report());
    DATABASE.hosts().report(host(2).report());
    Servers.requested(DATABASE.servers(), Asking.SERVER);
    Servers.requested(DATABASE.servers(), boot(8).question().server());

    assertThat(ask(first, migration()))
        .isEqualTo(
            new Answered<>(new Selected(new HostName("host-2"), migration().question().claim())));
    assertThat(ask(first, boot(8).share(1, 1_000_000, 0)))
        .isInstanceOfSatisfying(
            Answered.class, answered -> assertThat(answered.answer()).isInstanceOf(NoHost.class));
    assertThat(DATABASE.hosts().beats(LONG))
        .filteredOn(ServiceBeat::up)
        .extracting(ServiceBeat::binary, ServiceBeat::host)
        .contains(tuple("nova-scheduler", "one"), tuple("nova-scheduler", "two"));
  }

  @Test
  @Tag("S27")
  void shows_its_health_and_its_figures() throws Exception {
    ConfigurableApplicationContext context = start("three", WebApplicationType.SERVLET);
    assertThat(get(context, "/actuator/health"))
        .contains("\"status\":\"UP\"", "\"protection\":\"loopback\"");
    ask(context, boot(9).requested("nowhere"));
    assertThat(get(context, "/actuator/prometheus"))
        .contains("tern_scheduler_select_seconds_count{outcome=\"no-host\"}");
  }

  private static String get(ConfigurableApplicationContext context, String path) throws Exception {
    String port = context.getEnvironment().getRequiredProperty("local.server.port");
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
              .timeout(LONG)
              .build();
      return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }
  }
}
