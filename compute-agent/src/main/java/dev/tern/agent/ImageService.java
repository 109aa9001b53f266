package dev.tern.agent;

import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The image service: Tern's own, or a Glance; asked with a token where the settings name a user.
 */
final class ImageService {
  private static final int UNAUTHORIZED = 401;

  private final HttpClient http;
  private final URI service;
  private final Duration deadline;
  private final Optional<ImageToken> token;

  /**
   * @param http follows no redirects, so that no token goes elsewhere
   */
  ImageService(HttpClient http, AgentSettings settings, Clock clock) {
    this.http = http;
    this.service = settings.imageService();
    this.deadline = settings.imageDeadline();
    ImageIdentity identity = settings.imageIdentity();
    this.token = identity.authUrl().map(url -> new ImageToken(http, identity, url, clock));
  }

  /** How long one file may take. */
  Duration deadline() {
    return deadline;
  }

  /**
   * A request about an image, with the deadline of one file.
   *
   * @param path below {@code /v2/images/}
   */
  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(service + "/v2/images/" + path)).timeout(deadline);
  }

  /**
   * Sends it, and once more with a new token when the one it had is refused.
   *
   * @throws ImageToken.NoTokenException when there is a user to log in as and that fails
   */
  <T> HttpResponse<T> ask(HttpRequest.Builder request, BodyHandler<T> handler)
      throws IOException, InterruptedException {
    if (token.isEmpty()) {
      return http.send(request.build(), handler);
    }
    String first = token.get().get(null);
    HttpResponse<T> answer = http.send(with(request, first), handler);
    if (answer.statusCode() != UNAUTHORIZED) {
      return answer;
    }
    if (answer.body() instanceof Closeable body) {
      body.close();
    }
    return http.send(with(request, token.get().get(first)), handler);
  }

  private static HttpRequest with(HttpRequest.Builder request, String token) {
    return request.copy().setHeader("X-Auth-Token", token).build();
  }

  /** What to tell of a request that got no answer. */
  static String unreached(IOException e) {
    return e instanceof ImageToken.NoTokenException none
        ? told(none.getMessage())
        : "the image service cannot be reached";
  }

  /** What to tell of an answer that is none of those that are known. */
  String refused(int status) {
    return status == UNAUTHORIZED && token.isEmpty()
        ? "the image service wants a token; tern.agent.image-identity says as whom to log in"
        : "the image service answers " + status;
  }

  private static String told(@Nullable String message) {
    return message == null ? "there is no token" : message;
  }
}
