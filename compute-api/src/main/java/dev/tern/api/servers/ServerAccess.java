package dev.tern.api.servers;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Optional;
import org.springframework.stereotype.Component;

/**
 * Finds the server a path names, for this caller: other projects' servers do not exist for tenants.
 */
@Component
public final class ServerAccess {
  private final ServerStore servers;

  public ServerAccess(ServerStore servers) {
    this.servers = servers;
  }

  /**
   * A server that is not deleted.
   *
   * @throws dev.tern.contract.ComputeException {@code INSTANCE_NOT_FOUND}, also for what is no id
   */
  public ServerRecord find(String id, ApiRequest request) {
    return findEvenDeleted(id, request)
        .filter(server -> server.vmState() != VmState.DELETED)
        .orElseThrow(() -> Refusals.noServer(id));
  }

  /**
   * Holds when the server is not locked, or an administrator asks.
   *
   * @throws dev.tern.contract.ComputeException {@code INSTANCE_IS_LOCKED} otherwise
   */
  public static void requireUnlocked(ServerRecord server, ApiRequest request) {
    if (server.lock().isPresent() && !request.admin()) {
      throw Refusals.locked(server.id());
    }
  }

  /** As it is, deleted or not; empty when there never was one for this caller. */
  public Optional<ServerRecord> findEvenDeleted(String id, ApiRequest request) {
    return parse(id)
        .flatMap(servers::findEvenDeleted)
        .filter(server -> request.caller().mayEnter(server.project()))
        .map(server -> {
          request.caller().lookAt(server.project());
          return server;
        });
  }

  static Optional<ServerId> parse(String id) {
    try {
      return Optional.of(ServerId.parse(id));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
