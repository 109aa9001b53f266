package dev.tern.api.request;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.version.Change;
import dev.tern.api.version.Microversion;
import dev.tern.contract.RequestId;
import dev.tern.store.ServerStore.Requested;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.JsonNode;

/**
 * A request of the compute or image API, once it is known whose it is.
 *
 * @param base scheme, host and port under which the client reached the API, no slash at its end
 * @param urlProject the project in the path; links repeat it
 * @param path as the client sent it
 * @param once how its work is done
 */
public record ApiRequest(
    RequestId id,
    Caller caller,
    Microversion version,
    String base,
    Optional<String> urlProject,
    String path,
    QueryParameters query,
    Once once) {
  private static final String ID = ApiRequest.class.getName() + ".id";
  private static final String WHOLE = ApiRequest.class.getName();

  /**
   * The id of the request, known before anything else of it; null for what the container refused by
   * itself.
   */
  public static @Nullable Object idOf(HttpServletRequest request) {
    return request.getAttribute(ID);
  }

  static void begin(HttpServletRequest request, RequestId id) {
    request.setAttribute(ID, id);
  }

  /** What handlers of the request find. */
  public void attachTo(HttpServletRequest request) {
    request.setAttribute(WHOLE, this);
  }

  /** Nothing for a path that is not of these APIs. */
  public static Optional<ApiRequest> find(HttpServletRequest request) {
    return Optional.ofNullable((ApiRequest) request.getAttribute(WHOLE));
  }

  static ApiRequest of(HttpServletRequest request) {
    return (ApiRequest) Objects.requireNonNull(request.getAttribute(WHOLE));
  }

  /** The same request, whose work is done in another way. */
  public ApiRequest with(Once way) {
    return new ApiRequest(id, caller, version, base, urlProject, path, query, way);
  }

  /**
   * Does what the request is for: what it writes, and nothing that asks anybody or waits. With an
   * {@code Idempotency-Key} it is done at most once, and the answer is kept with it, in one
   * transaction.
   */
  public ResponseEntity<JsonNode> once(Supplier<ResponseEntity<JsonNode>> work) {
    return once.of(work);
  }

  public boolean has(Change change) {
    return version.has(change);
  }

  /** Goes on from a version on; before it the endpoint does not exist. */
  public void since(Change change) {
    if (version.before(change)) {
      throw HttpFailure.notFound();
    }
  }

  public boolean admin() {
    return caller.admin();
  }

  public Requested by() {
    return new Requested(id, caller.user(), caller.project());
  }

  public Links links() {
    return new Links(base, urlProject);
  }

  public Page page() {
    return Page.of(query);
  }
}
