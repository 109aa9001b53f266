package dev.tern.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.CookieManager;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The Horizon of Debian's package on a port of its own, and a browser without JavaScript. */
final class PrivateHorizon implements AutoCloseable {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Pattern TOKEN =
      Pattern.compile("name=['\"]csrfmiddlewaretoken['\"] value=['\"]([^'\"]+)");

  private final URI root;
  private final PrivateProcess process;
  private final HttpClient browser =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .followRedirects(HttpClient.Redirect.NORMAL)
          .cookieHandler(new CookieManager())
          .build();

  private PrivateHorizon(URI root, PrivateProcess process) {
    this.root = root;
    this.process = process;
  }

  /** Returns when it answers. */
  static PrivateHorizon start(Path folder, URI keystone) throws IOException, InterruptedException {
    int port = PrivateProcess.freePort();
    URI root = URI.create("http://127.0.0.1:%d/".formatted(port));
    Map<String, String> environment =
        Map.of(
            "PYTHONPATH",
            Path.of("src/test/resources/horizon").toAbsolutePath().toString(),
            "PYTHONWARNINGS",
            "ignore",
            "DJANGO_SETTINGS_MODULE",
            "private_horizon",
            "HORIZON_SECRET",
            UUID.randomUUID().toString(),
            "KEYSTONE_URL",
            keystone.toString());
    List<String> command =
        List.of(
            "/usr/bin/python3",
            "-m",
            "django",
            "runserver",
            "--noreload",
            "--insecure",
            "127.0.0.1:" + port);
    return new PrivateHorizon(
        root, PrivateProcess.start(folder, environment, command, root.resolve("/auth/login/")));
  }

  /** A page that is there. */
  String page(String path) throws IOException, InterruptedException {
    return answer(HttpRequest.newBuilder(root.resolve(path)).timeout(LONG).build());
  }

  /** Opens a page, and sends its form with these fields; answers the page that follows. */
  String submit(String path, Map<String, String> fields) throws IOException, InterruptedException {
    Matcher token = TOKEN.matcher(page(path));
    assertThat(token.find()).as("a form at %s", path).isTrue();
    Map<String, String> all = new HashMap<>(fields);
    all.put("csrfmiddlewaretoken", token.group(1));
    String body =
        all.entrySet().stream()
            .map(field -> field.getKey() + "=" + URLEncoder.encode(field.getValue(), UTF_8))
            .collect(Collectors.joining("&"));
    return answer(
        HttpRequest.newBuilder(root.resolve(path))
            .timeout(LONG)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Referer", root.resolve(path).toString())
            .POST(BodyPublishers.ofString(body))
            .build());
  }

  private String answer(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<String> answer = browser.send(request, BodyHandlers.ofString());
    assertThat(answer.statusCode())
        .as("%s %s: %s", request.method(), request.uri(), process.said())
        .isEqualTo(200);
    return answer.body();
  }

  @Override
  public void close() {
    browser.shutdownNow();
    process.close();
  }
}
