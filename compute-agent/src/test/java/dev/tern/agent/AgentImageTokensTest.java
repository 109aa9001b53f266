package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ImageId;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

@DisplayName("An agent whose image service wants a token")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentImageTokensTest {
  private static final Duration DEADLINE = Duration.ofSeconds(5);

  @TempDir Path directory;
  private final Time time = new Time();
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private final Logger all = (Logger) LoggerFactory.getLogger("dev.tern");
  private FakeLogin login;
  private TwoHosts hosts;
  private TwoHosts.Host host;
  private Path secret;

  /** Moves when told. */
  private static final class Time extends Clock {
    private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  @BeforeEach
  void start() throws Exception {
    login = new FakeLogin(time::instant);
    secret = directory.resolve("secret");
    FakeWorld world = new FakeWorld();
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.guard = login::knows;
    hosts.clock = time;
    host = hosts.source;
    all.setLevel(Level.TRACE);
    logged.start();
    all.addAppender(logged);
  }

  @AfterEach
  void stop() throws Exception {
    all.detachAppender(logged);
    all.setLevel(null);
    hosts.close();
    login.close();
    assertThat(logged.list)
        .extracting(event -> event.getFormattedMessage() + event.getKeyValuePairs())
        .noneMatch(line ->
            line.contains("token-")
                || line.contains(FakeLogin.PASSWORD)
                || line.contains(FakeLogin.SECRET));
  }

  private void as(ImageIdentity identity) throws Exception {
    hosts.identity = identity;
    host.restart();
  }

  private ImageIdentity user(String password, Duration deadline) throws Exception {
    Files.writeString(secret, password + "\n");
    return identity(
        Optional.of(login.url()),
        Optional.of(FakeLogin.USER),
        Optional.of(secret.toString()),
        Optional.empty(),
        Optional.empty(),
        deadline);
  }

  private static ImageIdentity identity(
      Optional<URI> url,
      Optional<String> user,
      Optional<String> password,
      Optional<String> credential,
      Optional<String> secret,
      Duration deadline) {
    return new ImageIdentity(
        url, user, password, "service", "Default", "Default", credential, secret, deadline);
  }

  private void build(ImageRef image) {
    host.done(new BuildServer(header(1), spec(image)));
  }

  /** The agent's cached copy is of this image alone, so another one is fetched. */
  private void buildAnother(int seed) {
    host.done(new DestroyServer(header(seed)));
    host.done(new BuildServer(header(seed + 1), spec(hosts.rawImage(seed))));
  }

  private Failure refused() {
    Failure failure = host.refused(new BuildServer(header(1), spec(hosts.rawImage(1))));
    assertThat(failure.code()).isEqualTo(ErrorCode.IMAGE_NOT_ACTIVE);
    return failure;
  }

  @Test
  void but_has_no_user_says_which_settings_give_it_one() {
    assertThat(refused().message()).contains("wants a token", "tern.agent.image-identity");
  }

  @Test
  void logs_in_by_password_once_for_all_images() throws Exception {
    as(user(FakeLogin.PASSWORD, DEADLINE));
    build(hosts.rawImage(1));
    buildAnother(2);
    assertThat(hosts.fetches).hasValue(2);
    assertThat(login.logins).hasValue(1);
    assertThat(login.refusals).hasValue(0);
  }

  @Test
  void logs_in_by_an_application_credential() throws Exception {
    Files.writeString(secret, FakeLogin.SECRET);
    as(
        identity(
            Optional.of(URI.create(login.url() + "/v3/")),
            Optional.empty(),
            Optional.empty(),
            Optional.of(FakeLogin.CREDENTIAL),
            Optional.of(secret.toString()),
            DEADLINE));
    build(hosts.rawImage(1));
    assertThat(login.logins).hasValue(1);
  }

  @Test
  void logs_in_again_when_its_token_is_refused() throws Exception {
    as(user(FakeLogin.PASSWORD, DEADLINE));
    build(hosts.rawImage(1));
    login.revokeAll();
    buildAnother(2);
    assertThat(login.logins).hasValue(2);
    assertThat(login.refusals).hasValue(1);
  }

  @Test
  void logs_in_again_before_its_token_ends() throws Exception {
    as(user(FakeLogin.PASSWORD, DEADLINE));
    build(hosts.rawImage(1));
    time.now = time.now.plus(FakeLogin.GOOD).minusSeconds(1);
    buildAnother(2);
    assertThat(login.logins).hasValue(2);
    assertThat(login.refusals).hasValue(0);
  }

  @Test
  void takes_a_changed_password_without_being_started_again() throws Exception {
    as(user("wrong", DEADLINE));
    assertThat(refused().message())
        .contains("user " + FakeLogin.USER, "status 401")
        .doesNotContain("wrong");
    assertThat(hosts.fetches).hasValue(0);
    Files.writeString(secret, FakeLogin.PASSWORD);
    build(hosts.rawImage(1));
  }

  @Test
  void says_that_its_secret_cannot_be_read() throws Exception {
    as(user(FakeLogin.PASSWORD, DEADLINE));
    Files.delete(secret);
    assertThat(refused().message()).contains(secret.toString(), "cannot be read");
  }

  @Test
  void does_not_wait_for_ever_for_a_login() throws Exception {
    as(user(FakeLogin.PASSWORD, Duration.ofMillis(200)));
    login.silent = true;
    assertThat(refused().message()).contains("longer than");
  }

  @Test
  void sends_images_with_it_too() throws Exception {
    as(user(FakeLogin.PASSWORD, DEADLINE));
    byte[] content = {1, 2, 3};
    Path file = Files.write(directory.resolve("file"), content);
    ImageId image = new ImageId(UUID.randomUUID());
    try (HttpClient http = HttpClient.newHttpClient()) {
      new ImageSender(new ImageService(http, host.settings(), time)).send(file, image);
    }
    assertThat(hosts.content(image)).contains(content);
    assertThat(login.refusals).hasValue(0);
  }

  @Test
  void is_given_its_user_by_settings() {
    String prefix = "tern.agent.image-identity.";
    ImageIdentity given =
        new Binder(
                new MapConfigurationPropertySource(
                    Map.of(
                        prefix + "auth-url", "https://keystone:5000/v3",
                        prefix + "username", "user",
                        prefix + "password-file", "/etc/secret")))
            .bind("tern.agent", AgentSettings.class)
            .get()
            .imageIdentity();
    assertThat(given)
        .isEqualTo(
            identity(
                Optional.of(URI.create("https://keystone:5000/v3")),
                Optional.of("user"),
                Optional.of("/etc/secret"),
                Optional.empty(),
                Optional.empty(),
                DEADLINE));
    Binder none =
        new Binder(new MapConfigurationPropertySource(Map.of("tern.agent.host", "host-1")));
    assertThat(none.bind("tern.agent", AgentSettings.class).get().imageIdentity())
        .isEqualTo(ImageIdentity.NONE);
  }

  @Test
  void is_not_started_with_half_a_user() {
    Optional<URI> url = Optional.of(URI.create("https://keystone:5000/v3"));
    for (Optional<URI> at : List.of(url, Optional.<URI>empty())) {
      assertThatThrownBy(() ->
              identity(
                  at,
                  Optional.of("user"),
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty(),
                  DEADLINE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("password-file");
    }
    assertThatThrownBy(() ->
            identity(
                Optional.of(URI.create("keystone:5000")),
                Optional.of("user"),
                Optional.of("secret"),
                Optional.empty(),
                Optional.empty(),
                DEADLINE))
        .hasMessageContaining("auth-url");
  }
}
