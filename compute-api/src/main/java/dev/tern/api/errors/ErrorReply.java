package dev.tern.api.errors;

import dev.tern.contract.ErrorCode;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A failure's status and body. */
public record ErrorReply(int status, String message) {

  /** The one place where a kind of failure becomes a status. */
  public static int statusOf(ErrorCode.Kind kind) {
    return switch (kind) {
      case INVALID -> 400;
      case NOT_FOUND -> 404;
      case FORBIDDEN -> 403;
      case CONFLICT -> 409;
      case UNAVAILABLE -> 503;
      case BROKEN -> 500;
    };
  }

  /** Something nobody foresaw: the caller learns the request's id, and nothing of the inside. */
  public static ErrorReply unexpected(@Nullable Object requestId) {
    return new ErrorReply(
        500,
        "Unexpected API Error. Please report this with the request id %s; the service's log has the cause."
            .formatted(requestId));
  }

  /**
   * The body of the answer to a request: images answer as Glance does, identity as Keystone,
   * everything else as Nova does.
   *
   * <p>Glance answers HTML unless JSON is asked for, and its client looks for the message one level
   * down in any JSON: a flat object is more than it can read. So whoever does not ask for JSON gets
   * the form of Keystone, which every client reads.
   */
  public ObjectNode body(HttpServletRequest request) {
    @Nullable String path = request.getRequestURI();
    if (path == null) {
      return nova();
    }
    return isImages(path) && wantsJson(request) ? glance() : body(path);
  }

  /** The body for a path when nobody knows what was asked for. */
  public ObjectNode body(String path) {
    return isImages(path) || isIdentity(path) ? keystone() : nova();
  }

  private static boolean wantsJson(HttpServletRequest request) {
    return Collections.list(request.getHeaders("Accept")).stream()
        .anyMatch(accepted -> accepted.toLowerCase(Locale.ROOT).contains("application/json"));
  }

  private static boolean isIdentity(String path) {
    return path.equals("/identity") || path.startsWith("/identity/");
  }

  static boolean isImages(String path) {
    return path.equals("/image") || path.startsWith("/image/");
  }

  private ObjectNode nova() {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.putObject(name(status)).put("code", status).put("message", message);
    return body;
  }

  private ObjectNode glance() {
    HttpStatus known = HttpStatus.resolve(status);
    String title = known == null ? "Error" : known.getReasonPhrase();
    return JsonNodeFactory.instance
        .objectNode()
        .put("message", message)
        .put("code", String.format(Locale.ROOT, "%d %s", status, title))
        .put("title", title);
  }

  private ObjectNode keystone() {
    HttpStatus known = HttpStatus.resolve(status);
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.putObject("error")
        .put("code", status)
        .put("message", message)
        .put("title", known == null ? "Error" : known.getReasonPhrase());
    return body;
  }

  private static String name(int status) {
    return switch (status) {
      case 400 -> "badRequest";
      case 401 -> "unauthorized";
      case 403 -> "forbidden";
      case 404 -> "itemNotFound";
      case 405 -> "badMethod";
      case 409 -> "conflictingRequest";
      case 413, 429 -> "overLimit";
      case 415 -> "badMediaType";
      case 422 -> "unprocessableEntity";
      case 501 -> "notImplemented";
      case 503 -> "serviceUnavailable";
      default -> "computeFault";
    };
  }
}
