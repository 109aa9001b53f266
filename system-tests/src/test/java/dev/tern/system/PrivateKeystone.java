package dev.tern.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.Patience;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The Keystone of Debian's package, by the user who runs the tests: with a database, keys and a
 * port of its own, in a directory that is given.
 */
final class PrivateKeystone implements AutoCloseable {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final String ADMINS = "the administrator's word";

  private final Path folder;
  private final int port;
  private final HttpClient http = HttpClient.newHttpClient();
  private final Process process;
  private String admin = "";

  private PrivateKeystone(Path folder, int port) throws IOException, InterruptedException {
    this.folder = folder;
    this.port = port;
    Files.writeString(
        folder.resolve("keystone.conf"),
        """
        [DEFAULT]
        log_file = %1$s/keystone.log
        [database]
        connection = sqlite:///%1$s/keystone.db?timeout=60
        [fernet_tokens]
        key_repository = %1$s/fernet
        [fernet_receipts]
        key_repository = %1$s/fernet
        [credential]
        key_repository = %1$s/credential
        [identity]
        password_hash_rounds = 4
        [cache]
        enabled = false
        [cors]
        allowed_origin = *
        """
            .formatted(folder));
    for (String keys : List.of("fernet", "credential")) {
      Files.createDirectory(
          folder.resolve(keys),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    manage("db_sync");
    // Else who reads slowly, as a login does, keeps everybody from writing.
    run(
        "/usr/bin/python3",
        "-c",
        "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode=WAL')",
        folder.resolve("keystone.db").toString());
    // Root has to say whose the keys are; for anybody else they are his own.
    manage(
        "fernet_setup",
        "--keystone-user",
        Files.getOwner(folder).getName(),
        "--keystone-group",
        Files.readAttributes(folder, PosixFileAttributes.class).group().getName());
    manage(
        "bootstrap",
        "--bootstrap-password",
        ADMINS,
        "--bootstrap-public-url",
        url(),
        "--bootstrap-region-id",
        "RegionOne");
    // As the package serves it: the server inside keystone-wsgi-public answers one after the other.
    this.process =
        start(
            "uwsgi",
            "--plugins",
            "python3",
            "--http-socket",
            "127.0.0.1:" + port,
            "--master",
            "--die-on-term",
            "--no-orphans",
            "--lazy-apps",
            "--enable-threads",
            "--thunder-lock",
            "--processes",
            "2",
            "--threads",
            "4",
            "--buffer-size",
            "65535",
            "--disable-logging",
            // Which it does anyway; who is not told sends his next request on a closed one.
            "--add-header",
            "Connection: close",
            "--wsgi-file",
            "/usr/bin/keystone-wsgi-public",
            "--pyargv",
            "--config-file " + folder.resolve("keystone.conf"));
  }

  /** Returns when it answers. */
  static PrivateKeystone start(Path folder) throws Exception {
    PrivateKeystone keystone;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      keystone = new PrivateKeystone(folder, free.getLocalPort());
    }
    try {
      keystone.awaitUp();
    } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
      keystone.close();
      throw e;
    }
    return keystone;
  }

  private void awaitUp() throws IOException, InterruptedException {
    new Patience(Pause.SLEEPING)
        .until(
            "Keystone is up",
            LONG,
            () -> {
              assertThat(process.isAlive()).as("%s", said()).isTrue();
              try {
                return Optional.of(send("GET", "", "", Optional.empty(), Map.of()).statusCode());
              } catch (IOException e) {
                return Optional.empty();
              }
            });
    admin = logIn("admin", ADMINS, "admin");
  }

  private String said() {
    try {
      return Files.readString(folder.resolve("out"), UTF_8);
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private Process start(String... command) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("out").toFile()));
    builder.environment().keySet().retainAll(List.of("PATH", "LANG"));
    builder.environment().put("HOME", folder.toString());
    return builder.start();
  }

  private void manage(String... words) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "keystone-manage", "--config-file", folder.resolve("keystone.conf").toString()));
    command.addAll(List.of(words));
    run(command.toArray(String[]::new));
  }

  private void run(String... command) throws IOException, InterruptedException {
    Process one = start(command);
    if (!one.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)) {
      one.destroyForcibly();
      throw new IOException("no end of " + command[0] + ": " + said());
    }
    assertThat(one.exitValue()).as("%s: %s", command[0], said()).isZero();
  }

  String url() {
    return "http://127.0.0.1:%d/v3".formatted(port);
  }

  private HttpResponse<String> send(
      String method, String path, String token, Optional<Object> body, Map<String, String> headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url() + path))
            .version(HttpClient.Version.HTTP_1_1)
            .timeout(LONG)
            .header("Content-Type", "application/json")
            .method(
                method,
                body.map(given ->
                        BodyPublishers.ofString(JsonMapper.shared().writeValueAsString(given)))
                    .orElseGet(BodyPublishers::noBody));
    headers.forEach(request::header);
    if (!token.isEmpty()) {
      request.header("X-Auth-Token", token);
    }
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private JsonNode asAdmin(String method, String path, Optional<Object> body)
      throws IOException, InterruptedException {
    HttpResponse<String> answer = send(method, path, admin, body, Map.of());
    assertThat(answer.statusCode() / 100)
        .as("%s %s: %s %s", method, path, answer.body(), said())
        .isEqualTo(2);
    return answer.body().isEmpty()
        ? JsonMapper.shared().nullNode()
        : JsonMapper.shared().readTree(answer.body());
  }

  /** Answers its id. */
  String project(String name) throws IOException, InterruptedException {
    return asAdmin("POST", "/projects", Optional.of(Map.of("project", Map.of("name", name))))
        .path("project")
        .path("id")
        .asString();
  }

  void user(String name, String password, String projectId, String role)
      throws IOException, InterruptedException {
    Map<String, Object> fields = Map.of("name", name, "password", password);
    String user =
        asAdmin("POST", "/users", Optional.of(Map.of("user", fields)))
            .path("user")
            .path("id")
            .asString();
    String roleId =
        asAdmin("GET", "/roles?name=" + role, Optional.empty())
            .path("roles")
            .path(0)
            .path("id")
            .asString();
    asAdmin(
        "PUT",
        "/projects/%s/users/%s/roles/%s".formatted(projectId, user, roleId),
        Optional.empty());
  }

  String adminToken() {
    return admin;
  }

  /** Of the user {@code admin} in the project {@code admin}. */
  String adminPassword() {
    return ADMINS;
  }

  /** Tells clients where a service is. */
  void service(String type, String url) throws IOException, InterruptedException {
    String id =
        asAdmin(
                "POST",
                "/services",
                Optional.of(Map.of("service", Map.of("type", type, "name", type))))
            .path("service")
            .path("id")
            .asString();
    asAdmin(
        "POST",
        "/endpoints",
        Optional.of(
            Map.of(
                "endpoint",
                Map.of(
                    "service_id",
                    id,
                    "interface",
                    "public",
                    "region_id",
                    "RegionOne",
                    "url",
                    url))));
  }

  String logIn(String user, String password, String project)
      throws IOException, InterruptedException {
    Map<String, String> domain = Map.of("name", "Default");
    Map<String, Object> auth =
        Map.of(
            "identity",
            Map.of(
                "methods",
                List.of("password"),
                "password",
                Map.of("user", Map.of("name", user, "domain", domain, "password", password))),
            "scope",
            Map.of("project", Map.of("name", project, "domain", domain)));
    HttpResponse<String> answer =
        send("POST", "/auth/tokens", "", Optional.of(Map.of("auth", auth)), Map.of());
    assertThat(answer.statusCode()).as("%s", answer.body()).isEqualTo(201);
    return answer.headers().firstValue("X-Subject-Token").orElseThrow();
  }

  void revoke(String token) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        send("DELETE", "/auth/tokens", admin, Optional.empty(), Map.of("X-Subject-Token", token));
    assertThat(answer.statusCode()).as("%s", answer.body()).isEqualTo(204);
  }

  @Override
  public void close() throws IOException {
    process.destroy();
    try {
      if (!process.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    } finally {
      http.shutdownNow();
    }
  }
}
