package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentRequest.AskGuest;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.amqp.AgentClient;
import dev.tern.contract.amqp.AmqpSettings;
import dev.tern.contract.amqp.Answering;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.amqp.Asked.Answered;
import dev.tern.contract.amqp.Asked.NoAnswer;
import dev.tern.contract.host.ControlLink.Protection;
import dev.tern.contract.host.HostReport;
import dev.tern.local.BrokerForTests;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

@DisplayName("An agent on the broker")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentAmqpTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  @TempDir Path data;

  private ConfigurableApplicationContext agent(String host, String... more) throws IOException {
    String[] all = new String[6 + more.length];
    all[0] = "--tern.amqp.uri=" + BrokerForTests.uri();
    all[1] = "--tern.agent.host=" + host;
    all[2] = "--tern.agent.data=" + data;
    all[3] = "--tern.agent.driver=fake";
    all[4] = "--tern.agent.beat=1s";
    all[5] = "--tern.amqp.prefix=agent-test-" + UUID.randomUUID();
    System.arraycopy(more, 0, all, 6, more.length);
    return AgentApplication.builder().web(WebApplicationType.NONE).run(all);
  }

  @Test
  @Tag("S106")
  @Tag("S27")
  void answers_reports_itself_and_is_no_more_when_it_stops() throws Exception {
    BlockingQueue<HostReport> reports = new LinkedBlockingQueue<>();
    HostName name = new HostName("on-broker");
    try (ConfigurableApplicationContext agent = agent("on-broker")) {
      DirectMessageListenerContainer listener =
          agent
              .getBean(Answering.class)
              .hear(agent.getBean(AmqpSettings.class).reports(), HostReport.class, 1, reports::add);
      listener.start();
      HostReport report = reports.poll(20, TimeUnit.SECONDS);
      assertThat(report).isNotNull();
      assertThat(report.host()).isEqualTo(name);
      assertThat(report.controlLink().orElseThrow().protection()).isEqualTo(Protection.LOOPBACK);
      assertThat(report.memoryMib()).isPositive();
      assertThat(report.diskFreeBytes()).isPositive();
      listener.stop();
      AgentClient client = agent.getBean(AgentClient.class);
      assertThat(client.ask(name, new AskGuest(TwoHosts.header(1)), LONG))
          .isEqualTo(new Answered<>(new Done(new GuestReport(Runner.ABSENT, 0, ""))));
      assertThat(client.ask(name, new StartServer(TwoHosts.header(1)), LONG))
          .isInstanceOf(Answered.class);
      Asked<?> nobody = client.ask(new HostName("nobody"), new AskGuest(TwoHosts.header(1)), LONG);
      assertThat(nobody).isInstanceOf(NoAnswer.class);
    }
  }

  @Test
  void with_a_setting_nobody_knows_does_not_start() {
    assertThatThrownBy(() -> agent("misspelt", "--tern.agent.beats=3s").close())
        .hasStackTraceContaining("Unknown settings: tern.agent.beats");
  }

  @Test
  void that_would_receive_guests_on_every_address_does_not_start() {
    assertThatThrownBy(() -> agent("plaintext", "--tern.agent.migration-address=0.0.0.0").close())
        .hasStackTraceContaining("guests are sent to one address");
  }
}
