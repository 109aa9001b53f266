package dev.tern.api.audit;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.ClaimStore;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerQuery;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What the database says of one host, read before the host is asked. */
final class Books {
  /** Rows read at once. */
  private static final int PAGE = 500;

  private final ServerStore servers;
  private final Map<ServerId, ServerRecord> here;
  private final Map<ServerId, Optional<ServerRecord>> others = new LinkedHashMap<>();
  private final List<ClaimRecord> claims;
  private final ClaimStore traces;

  private Books(
      ServerStore servers,
      Map<ServerId, ServerRecord> here,
      List<ClaimRecord> claims,
      ClaimStore traces) {
    this.traces = traces;
    this.servers = servers;
    this.here = here;
    this.claims = claims;
  }

  /**
   * Reads them.
   *
   * @param suspects servers that a first look had doubts about, on whichever host they are
   */
  static Books read(ServerStore servers, ClaimStore claims, HostName host, Set<ServerId> suspects) {
    Books books = new Books(servers, serversOf(servers, host), claimsOn(claims, host), claims);
    for (ServerId suspect : suspects) {
      var _ = books.find(suspect);
    }
    return books;
  }

  private static Map<ServerId, ServerRecord> serversOf(ServerStore servers, HostName host) {
    Map<ServerId, ServerRecord> all = new LinkedHashMap<>();
    Optional<ServerId> marker = Optional.empty();
    while (true) {
      List<ServerRecord> page =
          servers.list(
              new ServerQuery(
                  Optional.empty(),
                  Optional.empty(),
                  Optional.of(host),
                  Set.of(),
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty(),
                  false,
                  List.of(),
                  marker,
                  PAGE));
      page.forEach(server -> all.put(server.id(), server));
      if (page.size() < PAGE) {
        return all;
      }
      marker = Optional.of(page.getLast().id());
    }
  }

  private static List<ClaimRecord> claimsOn(ClaimStore claims, HostName host) {
    List<ClaimRecord> all = new ArrayList<>();
    while (true) {
      List<ClaimRecord> page =
          claims.on(host, all.isEmpty() ? Optional.empty() : Optional.of(all.getLast().id()), PAGE);
      all.addAll(page);
      if (page.size() < PAGE) {
        return all;
      }
    }
  }

  /** The servers that the database has on the host. */
  Map<ServerId, ServerRecord> here() {
    return here;
  }

  List<ClaimRecord> claims() {
    return claims;
  }

  Optional<Instant> claimedAt(ClaimId claim) {
    return traces.trace(claim).map(ClaimStore.ClaimTrace::claimedAt);
  }

  /** Any server, as it was when it was first looked for; empty when there is none. */
  Optional<ServerRecord> find(ServerId id) {
    ServerRecord known = here.get(id);
    return known != null ? Optional.of(known) : others.computeIfAbsent(id, servers::find);
  }

  /**
   * Whether nothing is under way with the server, and nothing has been asked of it since it was
   * looked for: an accepted request raises its epoch.
   */
  boolean atRest(ServerId id) {
    Optional<ServerRecord> then = find(id);
    Optional<ServerRecord> now = servers.find(id);
    if (then.isEmpty() || now.isEmpty()) {
      return then.isEmpty() && now.isEmpty();
    }
    ServerRecord was = then.get();
    ServerRecord is = now.get();
    return was.task().isEmpty()
        && is.task().isEmpty()
        && was.epoch() == is.epoch()
        && was.vmState() == is.vmState()
        && was.host().equals(is.host())
        && was.claim().equals(is.claim());
  }
}
