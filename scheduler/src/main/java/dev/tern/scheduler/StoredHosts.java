package dev.tern.scheduler;

import dev.tern.contract.HostName;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Hosts as the database knows them, read page by page for each question. That costs as many rows as
 * there are hosts: fit for hundreds; thousands need a view kept in memory.
 */
final class StoredHosts implements HostCatalog {
  private static final int PAGE = 200;

  private final HostStore hosts;
  private final Duration downAfter;

  /**
   * @param downAfter a host whose last beat is older is down
   */
  StoredHosts(HostStore hosts, Duration downAfter) {
    this.hosts = hosts;
    this.downAfter = downAfter;
  }

  @Override
  public Optional<HostRecord> find(HostName host) {
    return hosts.find(host, downAfter);
  }

  @Override
  public void forEach(Consumer<HostRecord> look) {
    List<HostRecord> page = hosts.list(downAfter, 0, PAGE);
    while (!page.isEmpty()) {
      page.forEach(look);
      page = page.size() < PAGE ? List.of() : hosts.list(downAfter, page.getLast().number(), PAGE);
    }
  }
}
