package dev.tern.api.cold;

import dev.tern.api.ApiSettings;
import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.contract.HostName;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.springframework.stereotype.Component;

/** What every server must be that is moved cold or resized, or confirmed or reverted then. */
@Component
final class ColdGuards {
  private final HostStore hosts;
  private final ApiSettings settings;

  ColdGuards(HostStore hosts, ApiSettings settings) {
    this.hosts = hosts;
    this.settings = settings;
  }

  /** Refuses early, in Nova's order; what counts is the store's compare-and-set. */
  static void requireState(ServerRecord server, String action, Set<VmState> states) {
    if (!states.contains(server.vmState())) {
      throw Refusals.wrongState(action, server.id(), "vm_state", server.vmState().wire());
    }
    Optional<TaskState> task = server.task();
    if (task.isPresent()) {
      throw Refusals.wrongState(action, server.id(), "task_state", task.get().wire());
    }
  }

  /**
   * Passes a host whose agent is up.
   *
   * @throws HttpFailure 409 in Nova's words otherwise
   */
  void requireUp(HostName host) {
    require(host, found -> found.up() && !found.forcedDown());
  }

  /**
   * Passes also one that is stated to be down: whoever is only silent may come back, and is waited
   * for; this one is gone on without.
   *
   * @throws HttpFailure as {@link #requireUp}
   */
  void requireUpOrLost(HostName host) {
    require(host, found -> found.up() || found.forcedDown());
  }

  private void require(HostName host, Predicate<HostRecord> what) {
    if (hosts.find(host, settings.serviceDownAfter()).filter(what).isEmpty()) {
      throw new HttpFailure(
          409, "Compute service of %s is unavailable at this time.".formatted(host));
    }
  }
}
