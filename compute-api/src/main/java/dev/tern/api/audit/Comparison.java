package dev.tern.api.audit;

import static dev.tern.api.audit.DifferenceKind.CLAIM_MISSING;
import static dev.tern.api.audit.DifferenceKind.CLAIM_UNOWNED;
import static dev.tern.api.audit.DifferenceKind.COPY_KEPT;
import static dev.tern.api.audit.DifferenceKind.DIRECTORY_UNOWNED;
import static dev.tern.api.audit.DifferenceKind.GUEST_BROKEN;
import static dev.tern.api.audit.DifferenceKind.GUEST_ELSEWHERE;
import static dev.tern.api.audit.DifferenceKind.GUEST_NOT_RUNNING;
import static dev.tern.api.audit.DifferenceKind.GUEST_RUNNING;
import static dev.tern.api.audit.DifferenceKind.GUEST_TWICE;
import static dev.tern.api.audit.DifferenceKind.GUEST_UNKNOWN;
import static dev.tern.api.audit.DifferenceKind.OBJECT_UNOWNED;
import static dev.tern.api.audit.DifferenceKind.PROCESS_UNOWNED;
import static dev.tern.api.audit.DifferenceKind.SERVER_ABSENT;

import dev.tern.api.audit.Difference.Thing;
import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.host.HostAnswer.GuestInStock;
import dev.tern.contract.host.HostAnswer.ObjectInStock;
import dev.tern.contract.host.HostAnswer.Stock;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * One host's books held against its stock. A server with something under way is passed over: both
 * sides change then, and its saga watches it.
 */
final class Comparison {
  private final HostName host;
  private final Books books;
  private final Stock stock;
  private final Function<HostName, Optional<Stock>> elsewhere;
  private final List<Difference> found = new ArrayList<>();

  /**
   * @param elsewhere other hosts' stocks; empty when one does not answer
   */
  Comparison(
      HostName host, Books books, Stock stock, Function<HostName, Optional<Stock>> elsewhere) {
    this.host = host;
    this.books = books;
    this.stock = stock;
    this.elsewhere = elsewhere;
  }

  /** Every difference but those of receipts. */
  List<Difference> differences() {
    Map<ServerId, GuestInStock> there = new HashMap<>();
    stock.guests().forEach(guest -> there.put(guest.server(), guest));
    for (ServerRecord server : books.here().values()) {
      if (server.task().isEmpty()) {
        owned(server, Optional.ofNullable(there.get(server.id())));
      }
    }
    for (GuestInStock guest : stock.guests()) {
      if (!books.here().containsKey(guest.server())) {
        foreign(guest);
      }
    }
    stock.objects().forEach(this::object);
    claims();
    return found;
  }

  private void owned(ServerRecord server, Optional<GuestInStock> guest) {
    Runner runner = guest.map(GuestInStock::runner).orElse(Runner.ABSENT);
    boolean resized = server.vmState() == VmState.RESIZED;
    boolean active =
        server.vmState() == VmState.ACTIVE || (resized && server.power() == PowerState.RUNNING);
    boolean paused = server.vmState() == VmState.PAUSED;
    boolean suspended = server.vmState() == VmState.SUSPENDED;
    boolean settled =
        active || paused || suspended || resized || server.vmState() == VmState.STOPPED;
    Optional<DifferenceKind> kind =
        switch (runner) {
          case RUNNING -> active ? Optional.empty() : unless(server, GUEST_RUNNING);
          case PAUSED ->
              active
                  ? Optional.of(GUEST_NOT_RUNNING).filter(_ -> server.power() != PowerState.PAUSED)
                  : paused ? Optional.empty() : unless(server, GUEST_RUNNING);
          case SUSPENDED ->
              !suspended && settled
                  ? Optional.of(GUEST_NOT_RUNNING)
                  : Optional.of(GUEST_BROKEN)
                      .filter(_ -> guest.filter(g -> !g.detail().isEmpty()).isPresent());
          case STOPPED ->
              active || paused || suspended ? Optional.of(GUEST_NOT_RUNNING) : Optional.empty();
          case BROKEN, UNKNOWN -> settled ? Optional.of(GUEST_BROKEN) : Optional.empty();
          case INCOMING, HANDED_OVER, DEAD ->
              settled ? Optional.of(GUEST_NOT_RUNNING) : Optional.empty();
          case ABSENT -> settled ? Optional.of(SERVER_ABSENT) : Optional.empty();
        };
    kind.ifPresent(differs ->
        found.add(
            Difference.ofGuest(
                differs,
                host,
                server.id(),
                database(server),
                guest.map(Comparison::seen).orElse("nothing of it"),
                newest(server, guest))));
  }

  /** What is being built, or is paused, may run. */
  private static Optional<DifferenceKind> unless(ServerRecord server, DifferenceKind kind) {
    return switch (server.vmState()) {
      case SUSPENDED, STOPPED, RESIZED, ERROR -> Optional.of(kind);
      case BUILDING, ACTIVE, PAUSED, DELETED -> Optional.empty();
    };
  }

  private static Optional<Instant> newest(ServerRecord server, Optional<GuestInStock> guest) {
    Instant changed = server.updatedAt();
    return Optional.of(
        guest.flatMap(GuestInStock::since).filter(changed::isBefore).orElse(changed));
  }

  private static String database(ServerRecord server) {
    String where = server.host().map(h -> "on host " + h).orElse("on no host");
    return "%s %s".formatted(server.vmState().wire(), where);
  }

  private static String seen(GuestInStock guest) {
    String word = guest.runner().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    return guest.detail().isEmpty() ? word : word + ": " + guest.detail();
  }

  static boolean runs(GuestInStock guest) {
    return guest.runner() == Runner.RUNNING || guest.runner() == Runner.PAUSED;
  }

  private void foreign(GuestInStock guest) {
    Optional<ServerRecord> server = books.find(guest.server());
    if (server.isPresent()
        && (server.get().task().isPresent()
            || server.get().host().equals(Optional.of(host))
            || isKept(guest, server.get()))) {
      return;
    }
    String database = server.map(Comparison::database).orElse("not known");
    if (!runs(guest)) {
      add(DIRECTORY_UNOWNED, guest, database, seen(guest));
    } else if (server.isEmpty()) {
      add(GUEST_UNKNOWN, guest, database, seen(guest));
    } else {
      runsToo(guest, server.get());
    }
  }

  /** What a server left behind in a cold migration is its own until that is confirmed. */
  private boolean isKept(GuestInStock guest, ServerRecord server) {
    return server.vmState() == VmState.RESIZED
        && guest.runner() == Runner.HANDED_OVER
        && books.claims().stream().anyMatch(claim -> claim.server().equals(server.id()));
  }

  private void runsToo(GuestInStock guest, ServerRecord server) {
    String here = seen(guest);
    Optional<HostName> home = server.host();
    if (home.isEmpty()) {
      add(GUEST_ELSEWHERE, guest, database(server), here);
      return;
    }
    Optional<Stock> other = elsewhere.apply(home.get());
    if (other.isEmpty()) {
      add(
          GUEST_ELSEWHERE,
          guest,
          database(server),
          "%s; host %s does not say whether it runs there too".formatted(here, home.get()));
      return;
    }
    boolean twice =
        other.get().guests().stream().anyMatch(g -> g.server().equals(server.id()) && runs(g));
    add(
        twice ? GUEST_TWICE : GUEST_ELSEWHERE,
        guest,
        database(server),
        twice ? "%s; it runs on host %s too".formatted(here, home.get()) : here);
  }

  private void add(DifferenceKind kind, GuestInStock guest, String database, String seen) {
    found.add(
        new Difference(
            kind,
            host,
            Optional.of(guest.server()),
            Optional.empty(),
            Optional.of(new Thing("file", "instances/" + guest.server())),
            database,
            seen,
            guest.since()));
  }

  private void object(ObjectInStock object) {
    Optional<ServerRecord> server = object.server().flatMap(books::find);
    if (server.isPresent() && server.get().task().isPresent()) {
      return;
    }
    found.add(
        new Difference(
            kind(object),
            host,
            object.server(),
            Optional.empty(),
            Optional.of(new Thing(word(object.kind()), object.name())),
            object.server().isEmpty()
                ? "says nothing of it"
                : server.map(s -> database(s) + ", with nothing under way").orElse("not known"),
            "it is there",
            object.since()));
  }

  private static DifferenceKind kind(ObjectInStock object) {
    if (object.kind() == ReceiptEntry.Kind.PROCESS) {
      return PROCESS_UNOWNED;
    }
    return object.name().startsWith("kept/") && object.server().isPresent()
        ? COPY_KEPT
        : OBJECT_UNOWNED;
  }

  static String word(ReceiptEntry.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  /** A server with nothing under way has one claim, where it is; a resized one has two. */
  private void claims() {
    Set<ClaimId> held = books.claims().stream().map(ClaimRecord::id).collect(Collectors.toSet());
    for (ClaimRecord claim : books.claims()) {
      Optional<ServerRecord> server = books.find(claim.server());
      boolean owned = server.flatMap(ServerRecord::claim).equals(Optional.of(claim.id()));
      boolean kept = server.filter(it -> it.vmState() == VmState.RESIZED).isPresent();
      if (!owned && !kept && server.flatMap(ServerRecord::task).isEmpty()) {
        add(
            CLAIM_UNOWNED,
            claim.server(),
            claim.id(),
            server.map(Comparison::database).orElse("not known"),
            "%d vCPUs, %d MiB and %d bytes of disk are claimed here"
                .formatted(
                    claim.share().vcpus(), claim.share().memoryMib(), claim.share().diskBytes()));
      }
    }
    for (ServerRecord server : books.here().values()) {
      boolean settled =
          server.task().isEmpty()
              && Set.of(
                      VmState.ACTIVE,
                      VmState.PAUSED,
                      VmState.SUSPENDED,
                      VmState.STOPPED,
                      VmState.RESIZED)
                  .contains(server.vmState());
      if (settled && server.claim().filter(held::contains).isEmpty()) {
        found.add(
            Difference.ofGuest(
                CLAIM_MISSING,
                host,
                server.id(),
                database(server),
                "no claim of it on this host",
                Optional.of(server.updatedAt())));
      }
    }
  }

  private void add(
      DifferenceKind kind, ServerId server, ClaimId claim, String database, String seen) {
    found.add(
        new Difference(
            kind,
            host,
            Optional.of(server),
            Optional.empty(),
            Optional.of(new Thing("claim", claim.toString())),
            database,
            seen,
            books.claimedAt(claim)));
  }
}
