package dev.tern.api.life;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.servers.ServerAction;
import dev.tern.api.version.Change;
import dev.tern.store.ServerEditStore;
import dev.tern.store.ServerLock;
import dev.tern.store.ServerLock.By;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Optional;
import java.util.Set;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.JsonNode;

/**
 * {@code lock} and {@code unlock}. Who is not of the server's project locks as an administrator,
 * and that lock its owner cannot open.
 */
@Configuration(proxyBeanMethods = false)
class LockActions {
  private final ServerEditStore edits;
  private final ServerAccess access;

  LockActions(ServerEditStore edits, ServerAccess access) {
    this.edits = edits;
    this.access = access;
  }

  @Bean
  ServerAction lockAction() {
    return new Lock();
  }

  @Bean
  ServerAction unlockAction() {
    return new Unlock();
  }

  private static By by(ServerRecord server, ApiRequest request) {
    return server.project().equals(request.caller().project()) ? By.OWNER : By.ADMIN;
  }

  private static Optional<String> reason(JsonBody body, ApiRequest request) {
    if (request.version().before(Change.LOCKED_REASON) || !body.given("lock")) {
      return Optional.empty();
    }
    JsonBody lock = body.object("lock");
    lock.refuseOthers(Set.of("locked_reason"));
    return lock.has("locked_reason")
        ? Optional.of(lock.text("locked_reason", 1, 255))
        : Optional.empty();
  }

  private final class Lock implements ServerAction {
    @Override
    public String key() {
      return "lock";
    }

    @Override
    public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request) {
      Optional<String> reason = reason(body, request);
      ServerRecord server = access.find(serverId, request);
      request.caller().require(Role.MEMBER, "os-lock-server:lock");
      ServerLock lock = new ServerLock(by(server, request), reason);
      return request.once(() -> {
        edits.lock(server.id(), lock, request.by());
        return Json.empty(202);
      });
    }
  }

  private final class Unlock implements ServerAction {
    @Override
    public String key() {
      return "unlock";
    }

    @Override
    public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request) {
      ServerRecord server = access.find(serverId, request);
      request.caller().require(Role.MEMBER, "os-lock-server:unlock");
      By by = by(server, request);
      if (server.lock().filter(lock -> lock.by() != by).isPresent()) {
        request.caller().require(Role.ADMIN, "os-lock-server:unlock:unlock_override");
      }
      return request.once(() -> {
        edits.unlock(server.id(), request.by());
        return Json.empty(202);
      });
    }
  }
}
