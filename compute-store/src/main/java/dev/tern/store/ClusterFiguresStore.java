package dev.tern.store;

import java.time.Duration;
import java.util.Map;

/** How all of Tern stands, counted, for graphs. */
public interface ClusterFiguresStore {
  /**
   * One moment's figures.
   *
   * @param downAfter a host or process whose last beat is older is down
   */
  ClusterFigures read(Duration downAfter);

  /**
   * Counts. What is not in a map is none.
   *
   * @param migrations that have not ended, by Nova's word
   * @param sagas {@code running} and {@code waiting}
   * @param oldestWaiting age of the oldest saga that nobody runs, zero for none
   * @param servers that are not deleted, by state
   * @param hosts {@code up}, {@code down}, {@code forced_down}
   * @param services {@code conductor up} and the like
   * @param drains that have not ended, by state, and {@code late}
   * @param drainServers of those, by state
   * @param evacuations {@code running} and {@code owing}
   * @param outboxAge of the oldest message, zero for none
   */
  record ClusterFigures(
      Map<String, Long> migrations,
      long inDoubt,
      Map<String, Long> sagas,
      Duration oldestWaiting,
      Map<String, Long> servers,
      Map<String, Long> hosts,
      long disabled,
      Map<String, Long> services,
      Map<String, Long> drains,
      Map<String, Long> drainServers,
      Map<String, Long> evacuations,
      long outbox,
      Duration outboxAge) {
    public ClusterFigures {
      migrations = Map.copyOf(migrations);
      sagas = Map.copyOf(sagas);
      servers = Map.copyOf(servers);
      hosts = Map.copyOf(hosts);
      services = Map.copyOf(services);
      drains = Map.copyOf(drains);
      drainServers = Map.copyOf(drainServers);
      evacuations = Map.copyOf(evacuations);
    }
  }
}
