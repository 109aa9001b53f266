package dev.tern.api.trail;

import dev.tern.api.errors.ErrorReply;
import dev.tern.api.errors.HttpFailure;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.OnlyField;
import dev.tern.contract.ComputeException;
import dev.tern.store.AuditTrailStore;
import dev.tern.store.AuditTrailStore.Asked;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.ContentCachingResponseWrapper;

/**
 * Keeps who asked for what, once it is answered. Comes after the {@link
 * dev.tern.api.request.RequestFilter}, which knows who asks: whoever is nobody is answered 401 and
 * is not kept, so that strangers do not fill the database. Nothing of a body is kept but the name
 * of its only field, which is what Nova calls an action.
 */
public final class TrailFilter extends OncePerRequestFilter {
  private static final Set<String> READING = Set.of("GET", "HEAD", "OPTIONS");
  private static final int INTERNAL = 500;
  private static final int LONGEST = 256;
  private static final Pattern KEY = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
  private static final Pattern HOST = Pattern.compile("/v1/hosts/(?<host>[^/]+)(?:/.*)?");
  private static final Pattern LAST = Pattern.compile(".*/(?<last>[^/?]+)/?(?:\\?.*)?");
  private static final Logger log = LoggerFactory.getLogger(TrailFilter.class);

  private final AuditTrailStore store;
  private final Clock clock;

  public TrailFilter(AuditTrailStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    return READING.contains(request.getMethod())
        || ApiRequest.find(request).filter(ours -> !ours.caller().user().isEmpty()).isEmpty();
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    Instant at = clock.instant();
    int status = INTERNAL;
    // Held back until it is kept: nobody is told of what the trail does not have.
    ContentCachingResponseWrapper answer = new ContentCachingResponseWrapper(response);
    try {
      chain.doFilter(request, answer);
      status = answer.getStatus();
    } catch (HttpFailure e) {
      status = e.status();
      throw e;
    } catch (ComputeException e) {
      status = ErrorReply.statusOf(e.code().kind());
      throw e;
    } finally {
      ApiRequest ours = ApiRequest.find(request).orElseThrow();
      keep(asked(ours, request, answer, status, at));
    }
    answer.copyBodyToResponse();
  }

  private static Asked asked(
      ApiRequest ours,
      HttpServletRequest request,
      HttpServletResponse response,
      int status,
      Instant at) {
    return new Asked(
        ours.id(),
        ours.caller().user(),
        ours.caller().project(),
        ours.caller().roles(),
        request.getRemoteAddr(),
        request.getMethod(),
        plain(ours.path()),
        OnlyField.of(request).orElse(""),
        plain(target(ours.path(), Optional.ofNullable(response.getHeader("Location")))),
        status,
        at);
  }

  private static String target(String path, Optional<String> made) {
    Matcher host = HOST.matcher(path);
    if (host.matches()) {
      return host.group("host");
    }
    Matcher key = KEY.matcher(path);
    @Nullable String last = null;
    while (last == null && key.find()) {
      last = key.group();
    }
    return Optional.ofNullable(last)
        .or(() -> made.map(LAST::matcher).filter(Matcher::matches).map(all -> all.group("last")))
        .orElse("");
  }

  private static String plain(String text) {
    String clean = text.replaceAll("[^\\x20-\\x7e]", ".");
    return clean.substring(0, Math.min(LONGEST, clean.length()));
  }

  /** The answer is given; what cannot be kept in the database is in the log, then. */
  private void keep(Asked asked) {
    try {
      store.keep(asked);
    } catch (RuntimeException e) {
      log.atError()
          .addKeyValue("user", asked.user())
          .addKeyValue("project", asked.project())
          .addKeyValue("roles", List.copyOf(asked.roles()))
          .addKeyValue("client", asked.client())
          .addKeyValue("method", asked.method())
          .addKeyValue("path", asked.path())
          .addKeyValue("action", asked.action())
          .addKeyValue("target", asked.target())
          .addKeyValue("status", asked.status())
          .setCause(e)
          .log("a request could not be added to the audit trail");
    }
  }
}
