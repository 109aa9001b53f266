package dev.tern.api.fakes;

import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.store.ActionStore;
import dev.tern.store.ServerStore.Requested;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

public final class InMemoryActions implements ActionStore {
  private final List<ActionRecord> all = new ArrayList<>();
  private final Clock clock;

  public InMemoryActions(Clock clock) {
    this.clock = clock;
  }

  public synchronized void clear() {
    all.clear();
  }

  synchronized void opened(ServerId server, Requested by, String action) {
    put(
        new ActionRecord(
            server,
            by.request(),
            action,
            by.user(),
            by.project(),
            clock.instant(),
            clock.instant(),
            Optional.empty(),
            List.of()));
  }

  public synchronized void put(ActionRecord action) {
    all.add(action);
  }

  @Override
  public synchronized List<ActionRecord> list(ServerId server) {
    return all.stream().filter(a -> a.server().equals(server)).toList();
  }

  @Override
  public synchronized Optional<ActionRecord> find(ServerId server, RequestId request) {
    return list(server).stream().filter(a -> a.request().equals(request)).findFirst();
  }

  @Override
  public void begin(ServerId server, RequestId request, String event, Optional<HostName> host) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void end(ServerId server, RequestId request, String event, Optional<String> error) {
    throw new UnsupportedOperationException("the conductor's");
  }
}
