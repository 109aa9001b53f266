package dev.tern.contract.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.host.ControlLink;
import dev.tern.contract.host.ControlLink.Protection;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.core.io.support.SpringFactoriesLoader.FailureHandler;

@DisplayName("The link to the broker")
@Tag("S27")
class BrokerLinkTest {
  private static final String PASSWORD = "changeit";

  @TempDir Path directory;

  private static AmqpSettings settings(String uri, boolean insecure) {
    return new AmqpSettings(uri, "tern", null, insecure);
  }

  @ParameterizedTest
  @ValueSource(strings = {"amqp://u:p@rabbit:5672", "amqp://u:p@10.0.0.1", "amqp://u:p@[fe80::1]"})
  void is_no_plaintext_to_another_machine_unless_somebody_says_so(String uri) {
    assertThatThrownBy(() -> settings(uri, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("plaintext")
        .hasMessageContaining("tern.amqp.insecure")
        .hasMessageNotContaining("u:p");
    assertThat(settings(uri, true).encrypted()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"amqp://u:p@127.0.0.1:5672", "amqp://localhost", "amqp://[::1]", "amqps://rabbit"})
  void may_be_plaintext_on_this_machine_and_encrypted_anywhere(String uri) {
    assertThat(settings(uri, false).broker()).isEqualTo(URI.create(uri));
  }

  @ParameterizedTest
  @CsvSource({
    "amqps://u:p@rabbit, false, TLS, amqps://rabbit:5671",
    "amqps://u:p@127.0.0.1:9, true, TLS, amqps://127.0.0.1:9",
    "amqp://u:p@127.0.0.1/v, false, LOOPBACK, amqp://127.0.0.1:5672",
    "amqp://u:p@[::1]:7, true, LOOPBACK, amqp://[::1]:7",
    "amqp://u:p@rabbit:7, true, INSECURE, amqp://rabbit:7"
  })
  void says_how_it_is_kept_and_where_to_without_the_password(
      String uri, boolean insecure, Protection protection, String broker) {
    AmqpSettings settings = settings(uri, insecure);
    assertThat(settings.link()).isEqualTo(new ControlLink(protection, broker));
    assertThat(settings.toString()).doesNotContain("u:p");
  }

  /** The client would take an address whose host it cannot read for localhost. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "amqp://u:topsecret@my_host",
        "amqps://u:topsecret@my_host:5671",
        "amqp://u:topsecret@127.0.0.1:port",
        "amqp://u:top secret@127.0.0.1",
        "amqp://u:100%topsecret@127.0.0.1",
        "amqp:u:topsecret",
        "topsecret"
      })
  void is_refused_when_its_address_cannot_be_read_and_nobody_is_shown_the_password(String uri) {
    for (String insecure : List.of("true", "false")) {
      Binder settings =
          new Binder(
              new MapConfigurationPropertySource(
                  Map.of("tern.amqp.uri", uri, "tern.amqp.insecure", insecure)));
      assertThatThrownBy(() -> settings.bind("tern.amqp", AmqpSettings.class))
          .satisfies(refused -> {
            for (Throwable each = refused; each != null; each = each.getCause()) {
              assertThat(each.toString()).doesNotContain("secret");
            }
            assertThat(shown(refused)).contains("tern.amqp.uri").doesNotContain("secret");
          });
    }
  }

  /** What Spring Boot prints of a start that failed. */
  private static String shown(Throwable refused) {
    return SpringFactoriesLoader.forDefaultResourceLocation()
        .load(FailureAnalyzer.class, null, FailureHandler.handleMessage((_, _) -> {}))
        .stream()
        .map(analyzer -> analyzer.analyze(refused))
        .filter(Objects::nonNull)
        .map(FailureAnalysis::getDescription)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void has_what_is_special_in_password_and_virtual_host_once_encoded() {
    AmqpSettings settings =
        new Binder(
                new MapConfigurationPropertySource(
                    Map.of("tern.amqp.uri", "amqp://u:p%2Fq@127.0.0.1/%2F")))
            .bind("tern.amqp", AmqpSettings.class)
            .get();
    CachingConnectionFactory connections = new AmqpConfiguration().ternConnections(settings, "t");
    assertThat(connections.getRabbitConnectionFactory().getPassword()).isEqualTo("p/q");
    assertThat(connections.getVirtualHost()).isEqualTo("/");
    connections.destroy();
  }

  @Test
  void needs_authorities_that_can_be_read_and_a_use_for_them() throws Exception {
    Path empty = Files.createFile(directory.resolve("empty.pem"));
    for (Path file : List.of(empty, directory.resolve("nowhere.pem"))) {
      AmqpSettings named = new AmqpSettings("amqps://rabbit", "tern", file, false);
      assertThatThrownBy(() -> new AmqpConfiguration().ternConnections(named, "test"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("tern.amqp.authority")
          .hasMessageContaining(file.toString());
    }
    assertThatThrownBy(() -> new AmqpSettings("amqp://localhost", "tern", empty, false))
        .hasMessageContaining("tern.amqp.authority")
        .hasMessageContaining("amqps://");
  }

  /** Somebody in the broker's place, with a certificate of his own making. */
  @Test
  void says_nothing_to_who_cannot_prove_to_be_the_broker() throws Exception {
    try (SSLServerSocket impostor = impostor()) {
      CompletableFuture<Integer> heard = CompletableFuture.supplyAsync(() -> heard(impostor));
      CachingConnectionFactory connections =
          new AmqpConfiguration()
              .ternConnections(
                  settings("amqps://u:p@127.0.0.1:" + impostor.getLocalPort(), false), "test");
      try {
        assertThatThrownBy(connections::createConnection)
            .hasStackTraceContaining("no trusted authority vouches for its certificate");
      } finally {
        connections.destroy();
      }
      assertThat(heard.get(10, TimeUnit.SECONDS)).isZero();
    }
  }

  /** How many bytes the first who comes says, as far as one read tells. */
  private static int heard(SSLServerSocket impostor) {
    try (SSLSocket caller = (SSLSocket) impostor.accept();
        InputStream in = caller.getInputStream()) {
      return Math.max(0, in.read(new byte[64]));
    } catch (IOException _) {
      return 0; // hung up on in the handshake
    }
  }

  private SSLServerSocket impostor() throws Exception {
    Path file = directory.resolve("impostor.p12");
    List<String> keytool =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
            "-genkeypair",
            "-alias",
            "impostor",
            "-keyalg",
            "EC",
            "-dname",
            "CN=127.0.0.1",
            "-ext",
            "san=ip:127.0.0.1",
            "-keystore",
            file.toString(),
            "-storepass",
            PASSWORD);
    Process process = new ProcessBuilder(keytool).inheritIO().start();
    assertThat(process.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return (SSLServerSocket)
        context.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }
}
