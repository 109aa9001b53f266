package dev.tern.api.servers;

import dev.tern.api.ApiSettings;
import dev.tern.contract.HostName;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostState;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
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

  /** Of each of these, also of those that are not there; one question for all of them. */
  Map<HostName, String> of(Set<HostName> names) {
    Map<HostName, HostState> states = hosts.states(names, settings.serviceDownAfter());
    return names.stream()
        .collect(Collectors.toMap(Function.identity(), name -> word(states.get(name))));
  }

  private static String word(@Nullable HostState host) {
    if (host == null) {
      return "UNKNOWN";
    }
    if (host.forcedDown()) {
      return "DOWN";
    }
    if (!host.up()) {
      return "UNKNOWN";
    }
    return host.disabled() ? "MAINTENANCE" : "UP";
  }
}
