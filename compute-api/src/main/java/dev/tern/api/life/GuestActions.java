package dev.tern.api.life;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.servers.ServerAction;
import dev.tern.store.LifeRequest;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.JsonNode;

/** Actions on a server's guest: all are checked in Nova's order, and carried out afterwards. */
@Configuration(proxyBeanMethods = false)
class GuestActions {
  private final ServerStore servers;
  private final ServerAccess access;

  GuestActions(ServerStore servers, ServerAccess access) {
    this.servers = servers;
    this.access = access;
  }

  /** The server stands at the value, as in Nova. */
  @Bean
  ServerAction pauseAction() {
    return new Guest("pause", "os-pause-server:pause", _ -> LifeRequest.PAUSE);
  }

  @Bean
  ServerAction unpauseAction() {
    return new Guest("unpause", "os-pause-server:unpause", _ -> LifeRequest.UNPAUSE);
  }

  @Bean
  ServerAction rebootAction() {
    return new Guest("reboot", "servers:reboot", GuestActions::kind);
  }

  @Bean
  ServerAction suspendAction() {
    return new Guest("suspend", "os-suspend-server:suspend", _ -> LifeRequest.SUSPEND);
  }

  @Bean
  ServerAction resumeAction() {
    return new Guest("resume", "os-suspend-server:resume", _ -> LifeRequest.RESUME);
  }

  private static LifeRequest kind(JsonBody action) {
    JsonBody body = action.object("reboot");
    body.refuseOthers(Set.of("type"));
    return switch (body.text("type", 1, 255).toUpperCase(Locale.ROOT)) {
      case "SOFT" -> LifeRequest.REBOOT;
      case "HARD" -> LifeRequest.HARD_REBOOT;
      default ->
          throw body.invalid(
              "type",
              "'%s' is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']"
                  .formatted(Refusals.shortened(body.get("type"))));
    };
  }

  /** One that a conductor carries out. */
  private final class Guest implements ServerAction {
    private final String key;
    private final String rule;
    private final Function<JsonBody, LifeRequest> wish;

    private Guest(String key, String rule, Function<JsonBody, LifeRequest> wish) {
      this.key = key;
      this.rule = rule;
      this.wish = wish;
    }

    @Override
    public String key() {
      return key;
    }

    @Override
    public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request) {
      LifeRequest what = wish.apply(body);
      ServerRecord server = access.find(serverId, request);
      request.caller().require(Role.MEMBER, rule);
      ServerAccess.requireUnlocked(server, request);
      return request.once(() -> {
        servers.requestLife(server.id(), what, request.by());
        return Json.empty(202);
      });
    }
  }
}
