package dev.tern.api.request;

import dev.tern.api.errors.ErrorReply;
import dev.tern.api.errors.HttpFailure;
import dev.tern.api.policy.Policy;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.version.Microversion;
import dev.tern.api.version.Negotiation;
import dev.tern.contract.ComputeException;
import dev.tern.contract.RequestId;
import dev.tern.contract.tracing.TraceHeader;
import dev.tern.contract.tracing.Traced;
import dev.tern.contract.tracing.Tracing;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.MDC;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * The first to see a request: gives it an id, settles version, project and caller, and takes the
 * project out of the path, so that every endpoint has one path.
 */
public final class RequestFilter extends OncePerRequestFilter {
  /** {@code /v2.1/<project>/<resource>…}; no resource's name is made of these letters alone. */
  private static final Pattern WITH_PROJECT =
      Pattern.compile("/v2\\.1/(?<project>[0-9a-f-]{1,64}|admin)(?<rest>/.+)");

  /** Anybody may ask for these; a token that comes along is not looked at. */
  private static final Set<String> OPEN =
      Set.of("/", "/openapi.json", "/v2.1", "/v2.1/", "/image", "/image/", "/image/versions");

  private static final Pattern KEY = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

  private final Authentication authentication;
  private final Policy policy;
  private final RateLimits limits;
  private final Supplier<UUID> newIds;
  private final Optional<String> publicUrl;
  private final Tracing tracing;

  public RequestFilter(
      Authentication authentication,
      Policy policy,
      RateLimits limits,
      Supplier<UUID> newIds,
      Optional<String> publicUrl,
      Tracing tracing) {
    this.tracing = tracing;
    this.authentication = authentication;
    this.policy = policy;
    this.limits = limits;
    this.newIds = newIds;
    this.publicUrl = publicUrl;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    RequestId id = RequestId.of(newIds.get());
    ApiRequest.begin(request, id);
    response.setHeader("X-Compute-Request-Id", id.value());
    response.setHeader("X-OpenStack-Request-Id", id.value());
    MDC.put("request", id.value());
    try (Traced traced = traced(request, id)) {
      answer(request, response, chain, id);
      var _ = traced.with("status", response.getStatus());
    } finally {
      MDC.remove("request");
    }
  }

  /** Who only reads starts nothing that would have to be followed. */
  private Traced traced(HttpServletRequest request, RequestId id) {
    if (request.getMethod().equals("GET") || request.getMethod().equals("HEAD")) {
      return Traced.NONE;
    }
    String path = KEY.matcher(request.getRequestURI()).replaceAll("{id}");
    return tracing.request(
        id,
        request.getMethod() + " " + path,
        Optional.ofNullable(request.getHeader(TraceHeader.NAME)));
  }

  private void answer(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain, RequestId id)
      throws ServletException, IOException {
    try {
      HttpServletRequest settled = settle(request, response, id);
      chain.doFilter(settled, response);
    } catch (HttpFailure e) {
      e.headers().forEach(response::setHeader);
      refuse(request, response, new ErrorReply(e.status(), e.explanation()));
    } catch (ComputeException e) {
      refuse(
          request, response, new ErrorReply(ErrorReply.statusOf(e.code().kind()), e.explanation()));
    }
  }

  private HttpServletRequest settle(
      HttpServletRequest request, HttpServletResponse response, RequestId id) {
    String path = request.getRequestURI();
    boolean compute = path.equals("/v2.1") || path.startsWith("/v2.1/");
    boolean identity = path.equals("/identity") || path.startsWith("/identity/");
    boolean open = OPEN.contains(path) || path.startsWith("/ui/");
    boolean ours =
        compute || identity || open || path.startsWith("/image") || path.startsWith("/v1/");
    if (!ours) {
      if (OfItself.isGuarded(path)) {
        caller(request, Optional.empty()).require(Role.ADMIN, "tern:metrics:show");
      }
      return request;
    }
    Microversion version = Microversion.MIN;
    if (compute) {
      response.addHeader("Vary", Negotiation.HEADER + ", " + Negotiation.OLD_HEADER);
      version = Negotiation.of(request);
      response.setHeader(Negotiation.HEADER, "compute " + version);
      response.setHeader(Negotiation.OLD_HEADER, version.toString());
    }
    Matcher form = WITH_PROJECT.matcher(path);
    Optional<String> project =
        form.matches() ? Optional.of(form.group("project")) : Optional.empty();
    Caller caller = open || identity ? Caller.nobody() : caller(request, project);
    if (project.isPresent() && !project.get().equals(caller.project())) {
      throw new HttpFailure(
          400,
          "Malformed request URL: URL's project_id '%s' doesn't match Context's project_id '%s'"
              .formatted(project.get(), caller.project()));
    }
    QueryParameters query = QueryParameters.parse(request.getQueryString());
    new ApiRequest(id, caller, version, publicBase(request), project, path, query, Once.EACH_TIME)
        .attachTo(request);
    return project.isPresent() ? withoutProject(request, "/v2.1" + form.group("rest")) : request;
  }

  /** Nova's rules take tokens of a project; what another is good for only a policy file says. */
  private Caller caller(HttpServletRequest request, Optional<String> project) {
    Caller caller = authentication.callerOf(request, project).under(policy);
    if (!caller.hasProject() && !policy.isChanged()) {
      throw new HttpFailure(
          403,
          "Policy doesn't allow this request to be performed: its token is not for a project.");
    }
    limits.take(caller.project());
    return caller;
  }

  private String publicBase(HttpServletRequest request) {
    return publicUrl.map(url -> url.replaceFirst("/+$", "")).orElseGet(() -> base(request));
  }

  /** Scheme, host and port as the client named them. */
  public static String base(HttpServletRequest request) {
    int port = request.getServerPort();
    boolean usual = port == (request.getScheme().equals("https") ? 443 : 80);
    String host = request.getServerName();
    return request.getScheme() + "://" + host + (usual ? "" : ":" + port);
  }

  private static HttpServletRequest withoutProject(HttpServletRequest request, String path) {
    return new HttpServletRequestWrapper(request) {
      @Override
      public String getRequestURI() {
        return path;
      }

      @Override
      public String getServletPath() {
        return path;
      }
    };
  }

  private static void refuse(
      HttpServletRequest request, HttpServletResponse response, ErrorReply error)
      throws IOException {
    byte[] body = error.body(request).toString().getBytes(StandardCharsets.UTF_8);
    response.setStatus(error.status());
    response.setContentType("application/json");
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
  }
}
