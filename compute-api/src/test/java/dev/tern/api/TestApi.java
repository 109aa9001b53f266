package dev.tern.api;

import dev.tern.api.deadletters.Resending;
import dev.tern.api.disks.Agents;
import dev.tern.api.fakes.Conductors;
import dev.tern.api.fakes.DyingKeys;
import dev.tern.api.fakes.FakeBroker;
import dev.tern.api.fakes.Samples;
import dev.tern.api.hosts.AskingHosts;
import dev.tern.api.preflight.AskingSchedulers;
import dev.tern.api.request.Authentication;
import dev.tern.api.request.Caller;
import dev.tern.api.request.NoAuthentication;
import dev.tern.contract.Pause;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.ActionStore;
import dev.tern.store.AggregateStore;
import dev.tern.store.AuditTrailStore;
import dev.tern.store.ClaimStore;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.DeadLetterStore;
import dev.tern.store.DecisionStore;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.DrainStore;
import dev.tern.store.EvacuationStore;
import dev.tern.store.FenceStore;
import dev.tern.store.FlavorStore;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.HostStore;
import dev.tern.store.IdempotencyStore;
import dev.tern.store.ImageStore;
import dev.tern.store.InMemoryStores;
import dev.tern.store.KeyPairStore;
import dev.tern.store.MigrationStore;
import dev.tern.store.QuotaStore;
import dev.tern.store.ReceiptStore;
import dev.tern.store.SagaStore;
import dev.tern.store.ServerEditStore;
import dev.tern.store.ServerGroupStore;
import dev.tern.store.ServerStore;
import dev.tern.store.TokenStore;
import dev.tern.store.UsageStore;
import dev.tern.store.VolumeStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The real API on a real port, over stores in memory and a clock that moves when the API waits. */
public final class TestApi implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();

  public final InMemoryStores stores = new InMemoryStores();
  public final Conductors conductors = new Conductors(stores);
  public final Time time = new Time(stores);

  public final FakeBroker broker = new FakeBroker();
  public final DyingKeys keys = new DyingKeys(stores::idempotency);

  /** What hosts say to questions. */
  public final AtomicReference<Agents> agents =
      new AtomicReference<>((_, _, _) -> new Asked.NoAnswer<>("no host is there"));

  /** Runs whenever the API waits: what a conductor does meanwhile. */
  public final AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {});

  /** What hosts answer about themselves; nobody, unless a test says otherwise. */
  public final AtomicReference<AskingHosts> answering = new AtomicReference<>(NOBODY);

  /** What schedulers answer; nobody, unless a test says otherwise. */
  public final AtomicReference<AskingSchedulers> choosing =
      new AtomicReference<>((_, _) -> new Asked.NoAnswer<>("no scheduler is there"));

  private static final AskingHosts NOBODY =
      (host, question, deadline) -> new Asked.NoAnswer<>("nobody listens to " + host);

  private final ConfigurableApplicationContext context;
  private final HttpClient client =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
  private final String base;

  public TestApi(Path images, String... properties) {
    SpringApplicationBuilder application =
        new SpringApplicationBuilder(Wiring.class)
            .properties("spring.config.name=tern-api")
            .initializers(starting -> starting.getBeanFactory().registerSingleton("testApi", this));
    String[] all = new String[properties.length + 3];
    all[0] = "--server.port=0";
    all[1] = "--tern.api.image-directory=" + images;
    // Nothing here changes by itself; who asks every endpoint is not to wait for that.
    all[2] = "--tern.api.events.life=1ms";
    System.arraycopy(properties, 0, all, 3, properties.length);
    context = application.run(all);
    base = "http://127.0.0.1:" + context.getEnvironment().getProperty("local.server.port");
    reset();
  }

  /** Noon; two hosts, a fresh database's flavors and one more, one image, no servers. */
  public void reset() {
    stores.clear();
    conductors.clear();
    keys.dying.set(false);
    meanwhile.set(() -> {});
    answering.set(NOBODY);
    stores.pass(Duration.between(stores.now(), Samples.NOON));
    conductors.reports("host1");
    conductors.reports("host2");
    FlavorRecord _ = stores.flavors().create(Samples.TINY);
    conductors.image(Samples.IMAGE, "qcow2", Map.of());
  }

  /** Every method and path there is, as {@code POST /v2.1/servers/{id}/action}. */
  public List<String> routes() {
    return context
        .getBean("requestMappingHandlerMapping", RequestMappingHandlerMapping.class)
        .getHandlerMethods()
        .keySet()
        .stream()
        .flatMap(info ->
            info.getMethodsCondition().getMethods().stream()
                .flatMap(
                    method -> info.getPatternValues().stream().map(path -> method + " " + path)))
        .sorted()
        .toList();
  }

  public String base() {
    return base;
  }

  public int port() {
    return URI.create(base).getPort();
  }

  /** What the application is made of. */
  public <T> T bean(Class<T> type, String name) {
    return context.getBean(name, type);
  }

  <T> java.util.Collection<T> beans(Class<T> type) {
    return context.getBeansOfType(type).values();
  }

  /** One request being put together. */
  public final class Call {
    private final HttpRequest.Builder request;

    private Call(String path) {
      request = HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(30));
    }

    public Call header(String name, String value) {
      request.header(name, value);
      return this;
    }

    public Call version(String version) {
      return header("OpenStack-API-Version", "compute " + version);
    }

    public Call as(String token) {
      return header("X-Auth-Token", token);
    }

    public Answer get() {
      return send(request.GET().build());
    }

    public Answer delete() {
      return send(request.DELETE().build());
    }

    public Answer post(String json) {
      return method("POST", json);
    }

    public Answer put(String json) {
      return method("PUT", json);
    }

    public Answer method(String method, String json) {
      return send(
          request
              .header("Content-Type", "application/json")
              .method(method, HttpRequest.BodyPublishers.ofString(json))
              .build());
    }

    public Answer bytes(String method, byte[] body, String type) {
      return send(
          request
              .header("Content-Type", type)
              .method(method, HttpRequest.BodyPublishers.ofByteArray(body))
              .build());
    }

    public Answer upload(byte[] bytes) {
      return send(
          request
              .header("Content-Type", "application/octet-stream")
              .PUT(HttpRequest.BodyPublishers.ofByteArray(bytes))
              .build());
    }
  }

  public Call to(String path) {
    return new Call(path);
  }

  private Answer send(HttpRequest request) {
    try {
      HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
      return new Answer(response);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What came back. */
  public record Answer(HttpResponse<byte[]> response) {
    public int status() {
      return response.statusCode();
    }

    public String text() {
      return new String(response.body(), java.nio.charset.StandardCharsets.UTF_8);
    }

    public JsonNode json() {
      return JSON.readTree(response.body());
    }

    public String header(String name) {
      return response.headers().firstValue(name).orElse("");
    }

    /** Status, fault's name, and its message. */
    public String fault() {
      String name = json().propertyNames().iterator().next();
      return status() + " " + name + ": " + json().get(name).get("message").stringValue();
    }
  }

  @Override
  public void close() {
    context.close();
  }

  /** The database's; stands still until somebody pauses. */
  public static final class Time extends Clock {
    private final InMemoryStores stores;

    Time(InMemoryStores stores) {
      this.stores = stores;
    }

    public void pass(Duration time) {
      stores.pass(time);
    }

    @Override
    public Instant instant() {
      return stores.now();
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      InstantSource source = stores::now;
      return source.withZone(zone);
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration(
      excludeName = {
        "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration",
        "org.springframework.boot.hibernate.autoconfigure.HibernateJpaAutoConfiguration",
        "org.springframework.boot.data.jpa.autoconfigure.DataJpaRepositoriesAutoConfiguration",
        "org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration",
        "org.springframework.boot.amqp.autoconfigure.health.RabbitHealthContributorAutoConfiguration",
        "org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration",
        "org.springframework.boot.webmvc.autoconfigure.error.ErrorMvcAutoConfiguration"
      })
  @Import(ApiConfiguration.class)
  static class Wiring {
    @Bean
    ServerStore servers(TestApi api) {
      return api.stores.servers();
    }

    @Bean
    AuditTrailStore auditTrail(TestApi api) {
      return api.stores.auditTrail();
    }

    @Bean
    ServerEditStore edits(TestApi api) {
      return api.stores.edits();
    }

    @Bean
    MigrationStore migrations(TestApi api) {
      return api.stores.migrations();
    }

    @Bean
    HostStore hosts(TestApi api) {
      return api.stores.hosts();
    }

    @Bean
    FlavorStore flavors(TestApi api) {
      return api.stores.flavors();
    }

    @Bean
    ImageStore images(TestApi api) {
      return api.stores.images();
    }

    @Bean
    DiskCopyStore copies(TestApi api) {
      return api.stores.copies();
    }

    @Bean
    VolumeStore volumes(TestApi api) {
      return api.stores.volumes();
    }

    @Bean
    TokenStore tokens(TestApi api) {
      return api.stores.tokens();
    }

    @Bean
    IdempotencyStore idempotency(TestApi api) {
      return api.keys;
    }

    @Bean
    KeyPairStore keyPairs(TestApi api) {
      return api.stores.keyPairs();
    }

    @Bean
    UsageStore usage(TestApi api) {
      return api.stores.usage();
    }

    @Bean
    QuotaStore quotas(TestApi api) {
      return api.stores.quotas();
    }

    @Bean
    ServerGroupStore groups(TestApi api) {
      return api.stores.groups();
    }

    @Bean
    AggregateStore aggregates(TestApi api) {
      return api.stores.aggregates();
    }

    @Bean
    DeadLetterStore deadLetters(TestApi api) {
      return api.stores.deadLetters();
    }

    @Bean
    Resending resending(TestApi api) {
      return api.broker;
    }

    @Bean
    ClaimStore claims(TestApi api) {
      return api.stores.claims();
    }

    @Bean
    FenceStore fences(TestApi api) {
      return api.stores.fences();
    }

    @Bean
    DrainStore drains(TestApi api) {
      return api.stores.drains();
    }

    @Bean
    EvacuationStore evacuations(TestApi api) {
      return api.stores.evacuations();
    }

    @Bean
    ColdMigrationStore coldMigrations(TestApi api) {
      return api.stores.coldMigrations();
    }

    @Bean
    DecisionStore decisions(TestApi api) {
      return api.stores.decisions();
    }

    @Bean
    ReceiptStore receipts(TestApi api) {
      return api.stores.receipts();
    }

    @Bean
    Agents agents(TestApi api) {
      return (host, request, deadline) ->
          Objects.requireNonNull(api.agents.get()).ask(host, request, deadline);
    }

    @Bean
    SagaStore sagas(TestApi api) {
      return api.stores.sagas();
    }

    @Bean
    ActionStore actions(TestApi api) {
      return api.stores.actions();
    }

    @Bean
    AskingSchedulers askingSchedulers(TestApi api) {
      return (question, deadline) ->
          Objects.requireNonNull(api.choosing.get()).ask(question, deadline);
    }

    @Bean
    AskingHosts askingHosts(TestApi api) {
      return (host, question, deadline) ->
          Objects.requireNonNull(api.answering.get()).ask(host, question, deadline);
    }

    @Bean
    Clock clock(TestApi api) {
      return api.time;
    }

    /** A user {@code manager…} is a project manager, which noauth knows not. */
    @Bean
    @Primary
    @ConditionalOnProperty(name = "tern.api.auth", havingValue = "none", matchIfMissing = true)
    Authentication withManagers() {
      NoAuthentication plain = new NoAuthentication();
      return (request, project) -> {
        Caller caller = plain.callerOf(request, project);
        return caller.user().startsWith("manager")
            ? new Caller(caller.user(), caller.project(), Caller.Role.MANAGER)
            : caller;
      };
    }

    @Bean
    Pause pause(TestApi api) {
      return time -> {
        api.time.pass(time);
        Objects.requireNonNull(api.meanwhile.get()).run();
      };
    }

    @Bean
    Supplier<UUID> newIds() {
      AtomicLong next = new AtomicLong();
      return () -> new UUID(0x4000L, 0x8000_0000_0000_0000L | next.incrementAndGet());
    }
  }
}
