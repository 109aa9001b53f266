package dev.tern.api.cold;

import dev.tern.api.ApiSettings;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.servers.ServerAction;
import dev.tern.api.version.Change;
import dev.tern.contract.HostName;
import dev.tern.contract.VmState;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.HostStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.JsonNode;

/**
 * {@code migrate}, {@code confirmResize} and {@code revertResize}. Each is made durable with the
 * server locked for it, and answered then; what comes of it the server, its actions and {@code
 * os-migrations} say.
 */
@Configuration(proxyBeanMethods = false)
class ColdActions {
  private static final Pattern HOST = Pattern.compile("[a-zA-Z0-9-._]*");

  private final ServerAccess access;
  private final HostStore hosts;
  private final ColdMigrationStore migrations;
  private final ColdGuards guards;
  private final ApiSettings settings;
  private final Supplier<UUID> newIds;

  ColdActions(
      ServerAccess access,
      HostStore hosts,
      ColdMigrationStore migrations,
      ColdGuards guards,
      ApiSettings settings,
      Supplier<UUID> newIds) {
    this.access = access;
    this.hosts = hosts;
    this.migrations = migrations;
    this.guards = guards;
    this.settings = settings;
    this.newIds = newIds;
  }

  @Bean
  ServerAction migrateAction() {
    return new Migrate();
  }

  @Bean
  ServerAction confirmResizeAction() {
    return new Confirm();
  }

  @Bean
  ServerAction revertResizeAction() {
    return new Revert();
  }

  private final class Migrate implements ServerAction {
    @Override
    public String key() {
      return "migrate";
    }

    @Override
    public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request) {
      Optional<String> named = host(body, request);
      ServerRecord server = access.find(serverId, request);
      request.caller().require(Role.MANAGER, "os-migrate-server:migrate");
      if (named.isPresent()) {
        request.caller().require(Role.ADMIN, "os-migrate-server:migrate:host");
      }
      ServerAccess.requireUnlocked(server, request);
      ColdGuards.requireState(server, key(), Set.of(VmState.ACTIVE, VmState.STOPPED));
      Optional<HostName> host = named.map(name -> existing(name, server));
      server.host().ifPresent(guards::requireUp);
      return request.once(() -> {
        ColdMigrationRecord _ =
            migrations.request(
                new NewColdMigration(newIds.get(), server.id(), host, Optional.empty(), Map.of()),
                request.by());
        return Json.empty(202);
      });
    }

    /** Below 2.56 Nova looks at no value. */
    private Optional<String> host(JsonBody body, ApiRequest request) {
      if (request.version().before(Change.MIGRATE_HOST) || !body.given(key())) {
        return Optional.empty();
      }
      JsonBody action = body.object(key());
      action.refuseOthers(Set.of("host"));
      if (!action.given("host")) {
        return Optional.empty();
      }
      String host = action.text("host", 1, 255);
      if (!HOST.matcher(host).matches()) {
        throw action.invalid(
            "host", "'%s' does not match '^[a-zA-Z0-9-._]*$'".formatted(Refusals.shortened(host)));
      }
      return Optional.of(host);
    }

    private HostName existing(String name, ServerRecord server) {
      HostName host = new HostName(name);
      if (server.host().equals(Optional.of(host))) {
        throw Refusals.invalid("Cannot migrate to the host where the server exists.");
      }
      if (hosts.find(host, settings.serviceDownAfter()).isEmpty()) {
        throw Refusals.noComputeHost(name);
      }
      return host;
    }
  }

  private final class Confirm implements ServerAction {
    @Override
    public String key() {
      return "confirmResize";
    }

    @Override
    public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request) {
      ServerRecord server = access.find(serverId, request);
      request.caller().require(Role.MEMBER, "servers:confirm_resize");
      ServerAccess.requireUnlocked(server, request);
      ColdGuards.requireState(server, key(), Set.of(VmState.RESIZED));
      migrations.open(server.id()).ifPresent(this::requireSource);
      return request.once(() -> {
        ColdMigrationRecord _ = migrations.requestConfirm(server.id(), request.by());
        return Json.empty(204);
      });
    }

    /** One that is lost is owed its clearing. Where it stayed there is only that host. */
    private void requireSource(ColdMigrationRecord migration) {
      if (stayed(migration)) {
        guards.requireUp(migration.source());
      } else {
        guards.requireUpOrLost(migration.source());
      }
    }
  }

  private final class Revert implements ServerAction {
    @Override
    public String key() {
      return "revertResize";
    }

    @Override
    public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request) {
      ServerRecord server = access.find(serverId, request);
      request.caller().require(Role.MEMBER, "servers:revert_resize");
      ServerAccess.requireUnlocked(server, request);
      ColdGuards.requireState(server, key(), Set.of(VmState.RESIZED));
      migrations.open(server.id()).ifPresent(this::requireSource);
      return request.once(() -> {
        ColdMigrationRecord _ = migrations.requestRevert(server.id(), request.by());
        return Json.empty(202);
      });
    }

    /** What it goes back to is there; where it stayed and is lost, it is evacuated as it was. */
    private void requireSource(ColdMigrationRecord migration) {
      if (stayed(migration)) {
        guards.requireUpOrLost(migration.source());
      } else {
        guards.requireUp(migration.source());
      }
    }
  }

  private static boolean stayed(ColdMigrationRecord migration) {
    return migration.destination().equals(Optional.of(migration.source()));
  }
}
