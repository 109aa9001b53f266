package dev.tern.conductor.asking;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.contract.host.HostAnswer.WritesWatched;
import dev.tern.contract.host.HostQuestion.WatchWrites;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has guests watched by their hosts, while whoever asked goes on with other things. */
public final class Watching {
  private static final Logger log = LoggerFactory.getLogger(Watching.class);
  private static final Duration WATCH = Duration.ofSeconds(1);

  /** Every watch is over by then, whatever its host does. */
  private static final Duration DEADLINE = Duration.ofSeconds(6);

  /** Nobody watches: nothing is known of any guest. */
  public static final Watching NOBODY =
      new Watching((_, _, _) -> new Asked.NoAnswer<>("nobody watches"), Runnable::run);

  private final Hosts hosts;
  private final Executor beside;

  /**
   * @param beside where the answer is waited for
   */
  public Watching(Hosts hosts, Executor beside) {
    this.hosts = hosts;
    this.beside = beside;
  }

  /**
   * Begins to watch guests of one host. Never fails: of a host that does not answer in time,
   * cannot, or is too old to know the question, there is nothing.
   *
   * @param notOlderThan what was seen no longer ago is as good
   */
  public CompletableFuture<Map<ServerId, GuestWrites>> begin(
      HostName host, List<ServerId> guests, Duration notOlderThan) {
    return guests.isEmpty()
        ? CompletableFuture.completedFuture(Map.of())
        : CompletableFuture.supplyAsync(() -> watched(host, guests, notOlderThan), beside);
  }

  private Map<ServerId, GuestWrites> watched(
      HostName host, List<ServerId> guests, Duration notOlderThan) {
    try {
      WatchWrites question = new WatchWrites(guests, WATCH, Optional.of(notOlderThan));
      return hosts.ask(host, question, DEADLINE)
              instanceof Asked.Answered(WritesWatched(Map<ServerId, GuestWrites> writes))
          ? writes
          : Map.of();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Map.of();
    } catch (RuntimeException e) {
      log.atInfo().addKeyValue("host", host).setCause(e).log("guests could not be watched");
      return Map.of();
    }
  }
}
