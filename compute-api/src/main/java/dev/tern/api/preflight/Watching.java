package dev.tern.api.preflight;

import dev.tern.api.hosts.AskingHosts;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.contract.host.HostAnswer.WritesWatched;
import dev.tern.contract.host.HostQuestion.WatchWrites;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has guests watched by their hosts. */
final class Watching {
  private static final Logger log = LoggerFactory.getLogger(Watching.class);
  private static final Duration WATCH = Duration.ofSeconds(1);

  /** Of all hosts together, as they are asked at once. */
  private static final Duration DEADLINE = Duration.ofSeconds(6);

  private final AskingHosts hosts;

  Watching(AskingHosts hosts) {
    this.hosts = hosts;
  }

  /**
   * How much the guests of these servers write. Never fails: of hosts that do not answer in time,
   * cannot, or are too old to know the question, there is nothing.
   */
  Map<ServerId, GuestWrites> of(List<ServerRecord> servers) throws InterruptedException {
    Map<HostName, List<ServerId>> guests =
        servers.stream()
            .filter(server -> server.host().isPresent())
            .collect(
                Collectors.groupingBy(
                    server -> server.host().orElseThrow(),
                    Collectors.mapping(ServerRecord::id, Collectors.toList())));
    Map<ServerId, GuestWrites> writes = new ConcurrentHashMap<>();
    List<Thread> asking = new ArrayList<>();
    guests.forEach((host, its) ->
        asking.add(Thread.startVirtualThread(() -> writes.putAll(watched(host, its)))));
    for (Thread one : asking) {
      one.join();
    }
    return writes;
  }

  private Map<ServerId, GuestWrites> watched(HostName host, List<ServerId> guests) {
    try {
      return hosts.ask(host, new WatchWrites(guests, WATCH), DEADLINE)
              instanceof Asked.Answered(WritesWatched(Map<ServerId, GuestWrites> writes))
          ? writes
          : Map.of();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Map.of();
    } catch (RuntimeException e) {
      log.atWarn().addKeyValue("host", host).setCause(e).log("guests could not be watched");
      return Map.of();
    }
  }
}
