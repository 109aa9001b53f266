package dev.tern.conductor.fake;

import dev.tern.contract.ServerId;
import java.util.Optional;

/** A server that can be read, and nothing else. */
final class OneServer extends NoServers {
  private final ServerRecord server;

  OneServer(ServerRecord server) {
    this.server = server;
  }

  @Override
  public Optional<ServerRecord> find(ServerId id) {
    return Optional.of(server).filter(found -> found.id().equals(id));
  }
}
