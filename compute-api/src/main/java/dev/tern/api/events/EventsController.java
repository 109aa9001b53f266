package dev.tern.api.events;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller;
import dev.tern.api.request.Caller.Role;
import dev.tern.contract.ComputeException;
import dev.tern.store.ChangeStore.Kind;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** {@code GET /v1/events}: server-sent events, for this caller. */
@RestController
final class EventsController {
  private static final String TRY_AGAIN = "retry: 2000\n\n";
  private static final String HEARTBEAT = ":\n\n";

  /** Who may see all of a kind: by the rules of the lists. */
  private static final Map<Kind, String> RULES =
      Map.of(
          Kind.SERVER, "servers:index:get_all_tenants",
          Kind.MIGRATION, "tern:migrations:index",
          Kind.DRAIN, "tern:drains:index",
          Kind.HOST, "os-hypervisors:list-detail");

  private final EventHub hub;
  private final EventSettings settings;

  EventsController(EventHub hub, EventSettings settings) {
    this.hub = hub;
    this.settings = settings;
  }

  /** Lasts until the client goes, is too slow, or has to show its token anew. */
  @GetMapping("/v1/events")
  void stream(ApiRequest request, HttpServletRequest http, HttpServletResponse response)
      throws InterruptedException {
    request.caller().require(Role.READER, "tern:events:show");
    request.caller().require(Role.READER, "servers:detail");
    request.query().refuseOthers(Set.of());
    Watcher watcher = new Watcher(viewer(request.caller()), lastId(http), settings.waiting());
    if (!hub.add(watcher)) {
      throw new HttpFailure(503, "As many streams are open as may be; ask again.");
    }
    try {
      response.setContentType("text/event-stream");
      response.setCharacterEncoding("UTF-8");
      response.setHeader("Cache-Control", "no-store");
      response.setHeader("X-Accel-Buffering", "no");
      send(watcher, response);
    } catch (IOException _) {
      // The client has gone, which is how streams end.
    } finally {
      hub.remove(watcher);
    }
  }

  private void send(Watcher watcher, HttpServletResponse response)
      throws IOException, InterruptedException {
    OutputStream out = response.getOutputStream();
    write(out, TRY_AGAIN);
    long began = System.nanoTime();
    Duration left = settings.life();
    while (!watcher.ended() && left.isPositive()) {
      Optional<String> next = watcher.next(shorter(left));
      if (!watcher.ended()) {
        write(out, next.orElse(HEARTBEAT));
      }
      left = settings.life().minusNanos(System.nanoTime() - began);
    }
  }

  private Duration shorter(Duration left) {
    return left.compareTo(settings.heartbeat()) < 0 ? left : settings.heartbeat();
  }

  private static void write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private static Viewer viewer(Caller caller) {
    Set<Kind> all = EnumSet.noneOf(Kind.class);
    RULES.forEach((kind, rule) -> {
      try {
        caller.require(Role.ADMIN, rule);
        all.add(kind);
      } catch (ComputeException _) {
        // One who may not is told nothing of it.
      }
    });
    return new Viewer(caller.project(), all);
  }

  /** What is no id of ours is taken for one that is too old. */
  private static Optional<Long> lastId(HttpServletRequest request) {
    @Nullable String text = request.getHeader("Last-Event-ID");
    if (text == null || text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Long.parseLong(text));
    } catch (NumberFormatException e) {
      return Optional.of(-1L);
    }
  }
}
