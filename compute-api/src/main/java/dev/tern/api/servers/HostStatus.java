package dev.tern.api.servers;

import dev.tern.api.ApiSettings;
import dev.tern.contract.HostName;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** Nova's {@code host_status} of a server: how its host is. */
@Component
final class HostStatus {
  private final HostStore hosts;
  private final ApiSettings settings;

  HostStatus(HostStore hosts, ApiSettings settings) {
    this.hosts = hosts;
    this.settings = settings;
  }

  String of(HostName name) {
    Optional<HostRecord> host = hosts.find(name, settings.serviceDownAfter());
    if (host.isEmpty()) {
      return "UNKNOWN";
    }
    if (host.get().forcedDown()) {
      return "DOWN";
    }
    if (!host.get().up()) {
      return "UNKNOWN";
    }
    return host.get().disabled() ? "MAINTENANCE" : "UP";
  }
}
