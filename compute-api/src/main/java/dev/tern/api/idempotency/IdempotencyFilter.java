package dev.tern.api.idempotency;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Once;
import dev.tern.store.IdempotencyStore;
import dev.tern.store.IdempotencyStore.Answer;
import dev.tern.store.IdempotencyStore.Claim;
import dev.tern.store.IdempotencyStore.Held;
import dev.tern.store.IdempotencyStore.RequestKey;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.ResponseEntity;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.ContentCachingResponseWrapper;
import tools.jackson.databind.JsonNode;

/**
 * Answers a repeated request as the first one was. Comes after the {@link
 * dev.tern.api.request.RequestFilter}, which knows whose the request is.
 */
public final class IdempotencyFilter extends OncePerRequestFilter {
  /** In an answer that was given before; the name is what other services call it. */
  static final String REPLAYED = "Idempotent-Replayed";

  private static final Set<String> METHODS = Set.of("POST", "PATCH");

  /** Of the first answer; the request's id is the one that its action has. */
  private static final List<String> KEPT_HEADERS =
      List.of("Content-Type", "Location", "X-Compute-Request-Id", "X-OpenStack-Request-Id");

  /** What a write answers is far smaller; a longer answer was only read, and is read again. */
  private static final int LONGEST_KEPT = 1 << 20;

  private static final String RETRY_SECONDS = "1";
  private static final Logger log = LoggerFactory.getLogger(IdempotencyFilter.class);

  private final IdempotencyStore store;
  private final IdempotencySettings settings;
  private final int maxBodyBytes;

  public IdempotencyFilter(IdempotencyStore store, IdempotencySettings settings, int maxBodyBytes) {
    this.store = store;
    this.settings = settings;
    this.maxBodyBytes = maxBodyBytes;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    Optional<ApiRequest> ours = ApiRequest.find(request);
    if (ours.isEmpty() || request.getHeader(IdempotencyKey.HEADER) == null) {
      chain.doFilter(request, response);
      return;
    }
    if (request.getMethod().equals("PUT") && request.getRequestURI().endsWith("/file")) {
      throw new HttpFailure(
          400,
          "An upload takes no Idempotency-Key. Ask for the image: it is active once its bytes are"
              + " there, with their digest in os_hash_value, and queued as long as they are not.");
    }
    if (!METHODS.contains(request.getMethod())) {
      chain.doFilter(request, response);
      return;
    }
    if (ours.get().caller().user().isEmpty()) {
      // Nobody's key would be everybody's, and so would be the answer.
      throw new HttpFailure(400, "A login takes no Idempotency-Key; it may be sent again.");
    }
    String value = IdempotencyKey.of(request).orElseThrow();
    RequestKey key =
        new RequestKey(ours.get().caller().project(), ours.get().caller().user(), value);
    BufferedRequest buffered = BufferedRequest.of(request, maxBodyBytes);
    switch (store.claim(key, fingerprint(ours.get(), buffered), settings.hold(), settings.keep())) {
      case Claim.Mine(Held held) -> run(held, ours.get(), buffered, response, chain);
      case Claim.Answered(Answer answer) -> replay(answer, response);
      case Claim.UnderWay() -> {
        response.setHeader("Retry-After", RETRY_SECONDS);
        throw new HttpFailure(
            409,
            "A request with the Idempotency-Key %s is under way. Send it again later."
                .formatted(value));
      }
      case Claim.Different() ->
          throw new HttpFailure(
              422,
              "The Idempotency-Key %s was used for another request: path, version and body are those of the first one, or the key is a new one."
                  .formatted(value));
    }
  }

  /** Every request has its own; what the parts are made of has no line feed but the body. */
  private static String fingerprint(ApiRequest request, BufferedRequest http) {
    String head =
        String.join(
            "\n",
            http.getMethod(),
            request.path(),
            Objects.requireNonNullElse(http.getQueryString(), ""),
            request.version().toString(),
            "");
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
    digest.update(head.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest.digest(http.body()));
  }

  private void run(
      Held held,
      ApiRequest request,
      HttpServletRequest http,
      HttpServletResponse response,
      FilterChain chain)
      throws ServletException, IOException {
    Once once = work -> store.settle(held, work, answered -> early(answered, response));
    request.with(once).attachTo(http);
    ContentCachingResponseWrapper cached = new ContentCachingResponseWrapper(response);
    boolean over = false;
    try {
      chain.doFilter(http, cached);
      over = end(held, cached);
    } finally {
      if (!over) {
        giveUp(held);
      }
    }
    cached.copyBodyToResponse();
  }

  /** Whether the answer is kept. */
  private boolean end(Held held, ContentCachingResponseWrapper response) {
    if (response.getStatus() >= 500 || response.getContentSize() > LONGEST_KEPT) {
      return false;
    }
    String body = new String(response.getContentAsByteArray(), StandardCharsets.UTF_8);
    try {
      store.finish(held, new Answer(response.getStatus(), headers(response), body));
      return true;
    } catch (RuntimeException e) {
      // The work is done, if there was any, and has its first answer; the client is told this one.
      log.atWarn().setCause(e).log("an answer could not be kept for its idempotency key");
      return false;
    }
  }

  private void giveUp(Held held) {
    try {
      store.giveUp(held);
    } catch (RuntimeException e) {
      log.atWarn().setCause(e).log("an idempotency key stays held until its time is over");
    }
  }

  /** What is known of the answer when the work is done. */
  private static Answer early(ResponseEntity<JsonNode> answered, HttpServletResponse response) {
    Map<String, String> headers = headers(response);
    answered
        .getHeaders()
        .forEach((name, values) -> {
          for (String kept : KEPT_HEADERS) {
            if (kept.equalsIgnoreCase(name) && !values.isEmpty()) {
              headers.put(kept, values.getFirst());
            }
          }
        });
    JsonNode body = answered.getBody();
    if (body != null) {
      headers.putIfAbsent("Content-Type", "application/json");
    }
    return new Answer(
        answered.getStatusCode().value(), headers, body == null ? "" : body.toString());
  }

  private static Map<String, String> headers(HttpServletResponse response) {
    Map<String, String> headers = new TreeMap<>();
    for (String name : KEPT_HEADERS) {
      String value =
          name.equals("Content-Type") ? response.getContentType() : response.getHeader(name);
      if (value != null) {
        headers.put(name, value);
      }
    }
    return headers;
  }

  private static void replay(Answer answer, HttpServletResponse response) throws IOException {
    response.setStatus(answer.status());
    answer.headers().forEach(response::setHeader);
    response.setHeader(REPLAYED, "true");
    byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
    if (body.length > 0) {
      response.setContentLength(body.length);
      response.getOutputStream().write(body);
    }
    log.atInfo()
        .addKeyValue("first", answer.headers().get("X-Compute-Request-Id"))
        .log("a repeated request is answered as the first one was");
  }
}
