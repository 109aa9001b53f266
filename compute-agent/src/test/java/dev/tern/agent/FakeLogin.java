package dev.tern.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A Keystone v3 that only logs in, and refuses whom the real one refuses. */
final class FakeLogin implements AutoCloseable {
  static final String USER = "tern-agent";
  static final String PASSWORD = "agents' word";
  static final String CREDENTIAL = "c0ffee";
  static final String SECRET = "hidden";
  static final Duration GOOD = Duration.ofHours(1);
  private static final JsonMapper JSON = new JsonMapper();

  private final HttpServer server;
  private final Supplier<Instant> now;
  private final Map<String, Instant> tokens = new ConcurrentHashMap<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  final AtomicInteger logins = new AtomicInteger();

  /** Requests to the image service with no token, or one that is not good. */
  final AtomicInteger refusals = new AtomicInteger();

  /** Takes connections and says nothing. */
  volatile boolean silent;

  FakeLogin(Supplier<Instant> now) throws IOException {
    this.now = now;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Thread::startVirtualThread);
    server.createContext("/identity/v3/auth/tokens", this::logIn);
    server.start();
  }

  URI url() {
    return URI.create("http://127.0.0.1:%d/identity".formatted(server.getAddress().getPort()));
  }

  /** Whether a token is good now; none is not. */
  boolean knows(HttpExchange exchange) {
    String token = exchange.getRequestHeaders().getFirst("X-Auth-Token");
    Instant until = token == null ? null : tokens.get(token);
    boolean good = until != null && now.get().isBefore(until);
    refusals.addAndGet(good ? 0 : 1);
    return good;
  }

  /** Every token is good no longer, and nobody is told. */
  void revokeAll() {
    tokens.clear();
  }

  private void logIn(HttpExchange exchange) throws IOException {
    if (silent) {
      await();
    }
    JsonNode auth = JSON.readTree(exchange.getRequestBody().readAllBytes()).path("auth");
    JsonNode user = auth.path("identity").path("password").path("user");
    JsonNode project = auth.path("scope").path("project");
    boolean named =
        user.path("name").asString("").equals(USER)
            && user.path("domain").path("name").asString("").equals("Default")
            && user.path("password").asString("").equals(PASSWORD)
            && project.path("name").asString("").equals("service")
            && project.path("domain").path("name").asString("").equals("Default");
    JsonNode credential = auth.path("identity").path("application_credential");
    // One that is scoped by itself may not be scoped again.
    boolean credentialled =
        credential.path("id").asString("").equals(CREDENTIAL)
            && credential.path("secret").asString("").equals(SECRET)
            && auth.path("scope").isMissingNode();
    try (exchange) {
      if (!exchange.getRequestMethod().equals("POST") || !(named || credentialled)) {
        exchange.sendResponseHeaders(401, -1);
        return;
      }
      String token = "token-" + logins.incrementAndGet();
      Instant until = now.get().plus(GOOD);
      tokens.put(token, until);
      byte[] body = "{\"token\":{\"expires_at\":\"%s\"}}".formatted(until).getBytes(UTF_8);
      exchange.getResponseHeaders().set("X-Subject-Token", token);
      exchange.sendResponseHeaders(201, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private void await() {
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
  }
}
