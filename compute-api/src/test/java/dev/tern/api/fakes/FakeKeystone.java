package dev.tern.api.fakes;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A Keystone v3 that says what it was told, and refuses what the real one refuses. */
public final class FakeKeystone implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Duration OWN = Duration.ofHours(1);

  private final HttpServer server;
  private final Supplier<Instant> now;
  private final Map<String, Token> tokens = new ConcurrentHashMap<>();
  private final Map<String, Instant> askers = new ConcurrentHashMap<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  /** How often it was asked about a token. */
  public final AtomicInteger questions = new AtomicInteger();

  /** How often its service user logged in. */
  public final AtomicInteger logins = new AtomicInteger();

  /** Takes connections and says nothing. */
  public final AtomicBoolean silent = new AtomicBoolean();

  /** Answers 500. */
  public final AtomicBoolean broken = new AtomicBoolean();

  /** Answers with something that is not JSON. */
  public final AtomicBoolean garbled = new AtomicBoolean();

  private record Token(String body, Instant expires) {}

  public FakeKeystone(Supplier<Instant> now) {
    this.now = now;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/v3/auth/tokens", this::answer);
    server.start();
  }

  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** A token of a project. */
  public void knows(String token, String user, String project, Instant expires, String... roles) {
    knowsAny(
        token,
        user,
        "\"project\": {\"id\": \"%s\", \"name\": \"p\", \"domain\": {\"id\": \"default\"}}"
            .formatted(project),
        expires,
        roles);
  }

  /** A token of any scope, given as the fields that say it. */
  public void knowsScoped(
      String token, String user, String scope, Instant expires, String... roles) {
    knowsAny(token, user, scope, expires, roles);
  }

  private void knowsAny(String token, String user, String scope, Instant expires, String... roles) {
    String names =
        String.join(
            ", ",
            List.of(roles).stream()
                .map(role -> "{\"id\": \"id-%s\", \"name\": \"%s\"}".formatted(role, role))
                .toList());
    tokens.put(
        token,
        new Token(
            """
            {"token": {"methods": ["password"], "audit_ids": ["a"],
              "user": {"id": "%s", "name": "n", "domain": {"id": "default", "name": "Default"}},
              %s
              "roles": [%s], "expires_at": "%s", "issued_at": "2026-01-01T00:00:00.000000Z"}}
            """
                .formatted(user, scope.isEmpty() ? "" : scope + ",", names, expires),
            expires));
  }

  public void revokes(String token) {
    tokens.remove(token);
  }

  /** The service user's tokens are good no longer, as after a change of its password. */
  public void forgetsAskers() {
    askers.clear();
  }

  private void answer(HttpExchange exchange) throws IOException {
    if (silent.get()) {
      await();
      return;
    }
    if (broken.get() || garbled.get()) {
      send(exchange, broken.get() ? 500 : 200, "<html>");
      return;
    }
    if (exchange.getRequestMethod().equals("POST")) {
      logIn(exchange);
    } else {
      validate(exchange);
    }
  }

  private void await() {
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void logIn(HttpExchange exchange) throws IOException {
    JsonNode auth = JSON.readTree(exchange.getRequestBody().readAllBytes()).path("auth");
    JsonNode identity = auth.path("identity");
    JsonNode user = identity.path("password").path("user");
    boolean named =
        user.path("name").asString("").equals("nova")
            && user.path("password").asString("").equals("secret")
            && user.path("domain").path("name").asString("").equals("Default")
            && auth.path("scope").path("project").path("name").asString("").equals("service");
    JsonNode credential = identity.path("application_credential");
    boolean credentialled =
        credential.path("id").asString("").equals("cred")
            && credential.path("secret").asString("").equals("hidden")
            && auth.path("scope").isMissingNode();
    if (!named && !credentialled) {
      send(exchange, 401, "{\"error\": {\"code\": 401}}");
      return;
    }
    String token = "asker-" + logins.incrementAndGet();
    Instant until = now.get().plus(OWN);
    askers.put(token, until);
    exchange.getResponseHeaders().set("X-Subject-Token", token);
    send(exchange, 201, "{\"token\": {\"expires_at\": \"%s\"}}".formatted(until));
  }

  private void validate(HttpExchange exchange) throws IOException {
    questions.incrementAndGet();
    Optional<Instant> asker =
        Optional.ofNullable(exchange.getRequestHeaders().getFirst("X-Auth-Token"))
            .map(askers::get)
            .filter(until -> now.get().isBefore(until));
    if (asker.isEmpty()) {
      send(exchange, 401, "{\"error\": {\"code\": 401}}");
      return;
    }
    Token token = tokens.get(exchange.getRequestHeaders().getFirst("X-Subject-Token"));
    boolean evenExpired = "allow_expired=1".equals(exchange.getRequestURI().getQuery());
    if (token == null || (!evenExpired && !now.get().isBefore(token.expires()))) {
      send(exchange, 404, "{\"error\": {\"code\": 404}}");
      return;
    }
    send(exchange, 200, token.body());
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
  }
}
