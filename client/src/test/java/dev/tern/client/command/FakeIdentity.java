package dev.tern.client.command;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Logs in as a Keystone v3 does, who it knows, and tells where a Tern is; which takes its tokens.
 */
final class FakeIdentity implements AutoCloseable {
  private final HttpServer http;
  private final FakeTern tern;
  final AtomicInteger logins = new AtomicInteger();
  private String catalog;

  FakeIdentity(FakeTern tern) throws IOException {
    this.tern = tern;
    this.catalog =
        """
        [{"type": "image", "endpoints": [{"interface": "public", "region_id": "one", "url": "http://127.0.0.1:1/image"}]},
         {"type": "compute", "endpoints": [
          {"interface": "internal", "region_id": "one", "url": "http://127.0.0.1:1/v2.1"},
          {"interface": "public", "region_id": "two", "url": "http://127.0.0.1:2/v2.1"},
          {"interface": "public", "region_id": "one", "url": "%s/admin"}]}]\
        """
            .formatted(tern.endpoint());
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.setExecutor(Thread::startVirtualThread);
    http.createContext("/identity/v3/auth/tokens", this::logIn);
    http.start();
    tern.token = "nobody knows it yet";
  }

  String url() {
    return "http://127.0.0.1:%d/identity".formatted(http.getAddress().getPort());
  }

  void hasNoCatalog() {
    catalog = "[]";
  }

  private void logIn(HttpExchange exchange) throws IOException {
    JsonNode auth =
        JsonMapper.shared().readTree(exchange.getRequestBody().readAllBytes()).path("auth");
    JsonNode user = auth.path("identity").path("password").path("user");
    JsonNode project = auth.path("scope").path("project");
    boolean named =
        user.path("name").asString("").equals("gull")
            && user.path("domain").path("name").asString("").equals("Default")
            && user.path("password").asString("").equals("hushhush")
            && project.path("name").asString("").equals("sea")
            && project.path("domain").path("name").asString("").equals("Default");
    JsonNode credential = auth.path("identity").path("application_credential");
    boolean credentialled =
        credential.path("id").asString("").equals("c0ffee")
            && credential.path("secret").asString("").equals("hushhush")
            && auth.path("scope").isMissingNode();
    boolean known = exchange.getRequestMethod().equals("POST") && (named || credentialled);
    byte[] body =
        (known
                ? "{\"token\": {\"catalog\": %s}}".formatted(catalog)
                : "{\"error\": {\"code\": 401, \"message\": \"The request you have made requires authentication.\"}}")
            .getBytes(StandardCharsets.UTF_8);
    try (exchange) {
      if (known) {
        String token = "token-" + logins.incrementAndGet();
        tern.token = token;
        exchange.getResponseHeaders().set("X-Subject-Token", token);
      }
      exchange.sendResponseHeaders(known ? 201 : 401, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    http.stop(0);
  }
}
