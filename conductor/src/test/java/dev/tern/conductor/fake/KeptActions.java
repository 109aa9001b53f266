package dev.tern.conductor.fake;

import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.store.ActionStore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Events in the order they were opened, with how they ended. */
public final class KeptActions implements ActionStore {
  public final Map<String, String> events = new LinkedHashMap<>();

  @Override
  public List<ActionRecord> list(ServerId server) {
    return List.of();
  }

  @Override
  public Optional<ActionRecord> find(ServerId server, RequestId request) {
    return Optional.empty();
  }

  @Override
  public void begin(ServerId server, RequestId request, String event, Optional<HostName> host) {
    events.putIfAbsent(event, "open");
  }

  @Override
  public void end(ServerId server, RequestId request, String event, Optional<String> error) {
    events.put(event, error.isPresent() ? "Error" : "Success");
  }
}
