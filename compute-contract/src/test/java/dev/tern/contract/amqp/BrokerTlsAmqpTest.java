package dev.tern.contract.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.amqp.Asked.Answered;
import dev.tern.contract.amqp.Asked.Cause;
import dev.tern.contract.amqp.Asked.NoAnswer;
import dev.tern.contract.host.ControlLink;
import dev.tern.contract.host.ControlLink.Protection;
import dev.tern.contract.host.HostReport;
import dev.tern.local.BrokerCertificate;
import dev.tern.local.PrivateBroker;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.boot.health.contributor.Health;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.MapPropertySource;

/** The broker's certificate is for {@code localhost}; 127.0.0.1 is the same broker, misnamed. */
@DisplayName("A broker reached by TLS")
@Tag("S27")
class BrokerTlsAmqpTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final HostName HOST = new HostName("host-1");
  private static final ServerId SERVER = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01");
  private static final AgentRequest REQUEST =
      new AgentRequest.AskGuest(
          new AgentRequest.Header(RequestId.of(SERVER.value()), SERVER, 1, Optional.empty()));

  @TempDir static Path folder;
  private static @Nullable BrokerCertificate certificate;
  private static @Nullable PrivateBroker broker;

  @BeforeAll
  static void startBroker() throws Exception {
    BrokerCertificate own = BrokerCertificate.make(folder.resolve("certificate"), "localhost");
    certificate = own;
    broker = PrivateBroker.start(folder.resolve("rabbitmq"), own);
  }

  @AfterAll
  static void endBroker() throws Exception {
    if (broker != null) {
      broker.close();
    }
  }

  private static String uri(String host) {
    return Objects.requireNonNull(broker).tlsUri(host);
  }

  private static Path authority() {
    return Objects.requireNonNull(certificate).authority();
  }

  private static AnnotationConfigApplicationContext process(String uri, @Nullable Path authority) {
    Map<String, Object> settings = new HashMap<>(Map.of("tern.amqp.uri", uri));
    if (authority != null) {
      settings.put("tern.amqp.authority", authority.toString());
    }
    AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("test", settings));
    context.register(AmqpConfiguration.class);
    context.refresh();
    return context;
  }

  @Test
  void carries_questions_answers_and_reports_and_says_that_it_is_tls() throws Exception {
    try (var process = process(uri("localhost"), authority())) {
      AmqpSettings names = process.getBean(AmqpSettings.class);
      process.getBean(RabbitAdmin.class).declareQueue(process.getBean(Topology.class).agent(HOST));
      Answering answering = process.getBean(Answering.class);
      BlockingQueue<HostReport> reports = new LinkedBlockingQueue<>();
      DirectMessageListenerContainer agent =
          answering.answer(
              names.agentQueue(HOST),
              AgentRequest.class,
              AgentAnswer.class,
              1,
              _ -> new AgentAnswer.Working("over TLS"));
      DirectMessageListenerContainer conductor =
          answering.hear(names.reports(), HostReport.class, 1, reports::add);
      agent.start();
      conductor.start();
      try {
        assertThat(process.getBean(AgentClient.class).ask(HOST, REQUEST, LONG))
            .isEqualTo(new Answered<>(new AgentAnswer.Working("over TLS")));
        assertThat(process.getBean(ReportPublisher.class).publish(report())).isTrue();
        ControlLink link =
            new ControlLink(Protection.TLS, "amqps://localhost:" + URI.create(uri("h")).getPort());
        assertThat(reports.poll(LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo(report().over(link));
        Health health = process.getBean(ControlLinkHealth.class).health();
        assertThat(health.getDetails())
            .containsOnly(Map.entry("protection", "tls"), Map.entry("broker", link.broker()));
      } finally {
        agent.stop();
        conductor.stop();
      }
    }
  }

  private static HostReport report() {
    return Samples.all(true)
        .map(Samples.Sample::message)
        .filter(HostReport.class::isInstance)
        .map(HostReport.class::cast)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void by_another_authority_is_refused_with_what_to_do() throws Exception {
    assertThat(refusal(uri("localhost"), another()))
        .contains("no trusted authority", "tern.amqp.authority", "amqps://localhost:");
  }

  /** One that the JVM came with. */
  private static Path another() throws Exception {
    TrustManagerFactory known =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    known.init((KeyStore) null);
    X509Certificate any = ((X509TrustManager) known.getTrustManagers()[0]).getAcceptedIssuers()[0];
    return Files.writeString(
        folder.resolve("another.pem"),
        "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n"
            .formatted(Base64.getMimeEncoder().encodeToString(any.getEncoded())));
  }

  @Test
  void of_another_name_is_refused_with_what_to_do() throws Exception {
    assertThat(refusal(uri("127.0.0.1"), authority()))
        .contains("another host's", "tern.amqp.uri", "amqps://127.0.0.1:");
  }

  /** What who asks is told, which is what logs and health say too. */
  private static String refusal(String uri, @Nullable Path authority) throws Exception {
    try (var process = process(uri, authority)) {
      Asked<AgentAnswer> asked = process.getBean(AgentClient.class).ask(HOST, REQUEST, LONG);
      assertThat(asked).isInstanceOf(NoAnswer.class);
      NoAnswer<AgentAnswer> none = (NoAnswer<AgentAnswer>) asked;
      assertThat(none.cause()).isEqualTo(Cause.NO_BROKER);
      String password = URI.create(uri).getUserInfo().split(":", 2)[1];
      assertThat(none.reason()).doesNotContain(password);
      return none.reason();
    }
  }
}
