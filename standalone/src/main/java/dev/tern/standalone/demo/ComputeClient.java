package dev.tern.standalone.demo;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The public API as any client sees it; nothing here knows how Tern is made. */
public final class ComputeClient {
  /** From 2.34 on, a live migration is answered at once and checked in the background. */
  private static final String VERSION = "compute 2.80";

  private static final Duration DEADLINE = Duration.ofSeconds(90);

  private final URI base;
  private final String version;
  private final Optional<String> token;
  private final HttpClient http;
  private final JsonMapper json = JsonMapper.builder().build();

  public ComputeClient(URI base) {
    this(base, VERSION);
  }

  /** With another microversion, e.g. {@code compute 2.30}. */
  public ComputeClient(URI base, String version) {
    this(base, version, Optional.empty());
  }

  private ComputeClient(URI base, String version, Optional<String> token) {
    this.base = base;
    this.version = version;
    this.token = token;
    this.http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  }

  /** The same for who has this token. */
  public ComputeClient as(String bearer) {
    return new ComputeClient(base, version, Optional.of(bearer));
  }

  /** The same at another microversion. */
  public ComputeClient at(String other) {
    return new ComputeClient(base, other, token);
  }

  /** An answer that was not the one hoped for. */
  public static final class Refused extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;

    Refused(String request, int status, String body) {
      super("%s was answered %d: %s".formatted(request, status, body));
      this.status = status;
    }

    public int status() {
      return status;
    }
  }

  public JsonNode get(String path) throws IOException, InterruptedException {
    return json.readTree(send("GET", path, BodyPublishers.noBody(), "application/json"));
  }

  /** Empty when the API says that there is no such thing. */
  public Optional<JsonNode> find(String path) throws IOException, InterruptedException {
    try {
      return Optional.of(get(path));
    } catch (Refused e) {
      if (e.status() == 404) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Answers the body, {@code null} node when there is none. */
  public JsonNode post(String path, Object body) throws IOException, InterruptedException {
    return post(path, body, Map.of());
  }

  /** The same, done once however often it is asked for with this key. */
  public JsonNode post(String path, Object body, String idempotencyKey)
      throws IOException, InterruptedException {
    return post(path, body, Map.of("Idempotency-Key", idempotencyKey));
  }

  private JsonNode post(String path, Object body, Map<String, String> headers)
      throws IOException, InterruptedException {
    String answer =
        send(
            "POST",
            path,
            BodyPublishers.ofString(json.writeValueAsString(body)),
            "application/json",
            headers);
    return answer.isBlank() ? json.nullNode() : json.readTree(answer);
  }

  /** Answers the body, {@code null} node when there is none. */
  public JsonNode put(String path, Object body) throws IOException, InterruptedException {
    String answer =
        send(
            "PUT",
            path,
            BodyPublishers.ofString(json.writeValueAsString(body)),
            "application/json");
    return answer.isBlank() ? json.nullNode() : json.readTree(answer);
  }

  public void delete(String path) throws IOException, InterruptedException {
    send("DELETE", path, BodyPublishers.noBody(), "application/json");
  }

  /** Makes an image and sends its bytes. */
  public String upload(String name, String diskFormat, Map<String, String> properties, Path file)
      throws IOException, InterruptedException {
    Map<String, Object> body = new java.util.LinkedHashMap<>(properties);
    body.put("name", name);
    body.put("disk_format", diskFormat);
    body.put("container_format", diskFormat.startsWith("a") ? diskFormat : "bare");
    String id = post("/image/v2/images", body).path("id").asString();
    send(
        "PUT",
        "/image/v2/images/" + id + "/file",
        BodyPublishers.ofFile(file),
        "application/octet-stream");
    return id;
  }

  private String send(String method, String path, BodyPublisher body, String type)
      throws IOException, InterruptedException {
    return send(method, path, body, type, Map.of());
  }

  private String send(
      String method, String path, BodyPublisher body, String type, Map<String, String> headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(base.resolve(path))
            .timeout(DEADLINE)
            .header("Content-Type", type)
            .header("Accept", "application/json")
            .header("OpenStack-API-Version", version)
            .method(method, body);
    headers.forEach(request::header);
    token.ifPresent(given -> request.header("X-Auth-Token", given));
    HttpResponse<String> answer = http.send(request.build(), BodyHandlers.ofString());
    if (answer.statusCode() / 100 != 2) {
      throw new Refused(method + " " + path, answer.statusCode(), answer.body());
    }
    return answer.body();
  }
}
