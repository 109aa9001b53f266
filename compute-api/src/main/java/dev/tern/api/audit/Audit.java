package dev.tern.api.audit;

import static dev.tern.api.audit.DifferenceKind.HOST_UNKNOWN;
import static dev.tern.api.audit.DifferenceKind.RECEIPT_DAMAGED;
import static dev.tern.api.audit.DifferenceKind.RECEIPT_OPEN;
import static dev.tern.api.audit.DifferenceKind.RECEIPT_UNKNOWN;

import dev.tern.api.ApiSettings;
import dev.tern.api.audit.Difference.Thing;
import dev.tern.api.hosts.AskingHosts;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.ReceiptInStock;
import dev.tern.contract.host.HostAnswer.Stock;
import dev.tern.contract.host.HostQuestion.TakeStock;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.store.ClaimStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ServerStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;

/**
 * Compares some hosts. A difference is told when it was seen twice and its server was at rest, in
 * the same state, before and after the second look: no request that comes, goes or is under way
 * meanwhile makes a false one.
 */
@Component
final class Audit {
  private final ServerStore servers;
  private final ClaimStore claims;
  private final MigrationStore migrations;
  private final AskingHosts asking;
  private final ApiSettings settings;

  Audit(
      ServerStore servers,
      ClaimStore claims,
      MigrationStore migrations,
      AskingHosts asking,
      ApiSettings settings) {
    this.servers = servers;
    this.claims = claims;
    this.migrations = migrations;
    this.asking = asking;
    this.settings = settings;
  }

  /**
   * What became of one host's comparison.
   *
   * @param unknown why nothing is known of the host; empty when it was compared
   * @param leftOff objects on the host that were seen and are not among the differences
   */
  record Compared(
      HostRecord host, Optional<String> unknown, List<Difference> differences, int leftOff) {}

  /** What a host said; empty with a reason when nothing. */
  private record Told(Optional<Stock> stock, String reason) {}

  private static final Told NOT_ASKED = new Told(Optional.empty(), "it was not asked");

  /** What was read of a host before it is asked. */
  private record Reading(HostRecord host, Books books) {
    HostName name() {
      return host.report().host();
    }
  }

  /** All of them, in that order; each is asked at the same time as the others. */
  List<Compared> of(List<HostRecord> hosts) throws InterruptedException {
    List<Compared> first = look(hosts.stream().map(host -> read(host, Set.of())).toList());
    List<Compared> doubtful =
        first.stream()
            .filter(one -> one.unknown().isEmpty() && !one.differences().isEmpty())
            .toList();
    if (doubtful.isEmpty()) {
      return first;
    }
    List<Reading> again = doubtful.stream().map(one -> read(one.host(), suspects(one))).toList();
    List<Compared> second = look(again);
    Map<HostName, Compared> sure = new HashMap<>();
    for (int i = 0; i < second.size(); i++) {
      sure.put(again.get(i).name(), sure(second.get(i), doubtful.get(i), again.get(i).books()));
    }
    return first.stream().map(one -> sure.getOrDefault(one.host().report().host(), one)).toList();
  }

  private Reading read(HostRecord host, Set<ServerId> suspects) {
    return new Reading(host, Books.read(servers, claims, host.report().host(), suspects));
  }

  private static Set<ServerId> suspects(Compared compared) {
    return compared.differences().stream()
        .flatMap(difference -> difference.server().stream())
        .collect(Collectors.toSet());
  }

  private List<Compared> look(List<Reading> readings) throws InterruptedException {
    Map<HostName, Told> told = ask(readings.stream().map(Reading::name).toList());
    List<Compared> compared = new ArrayList<>();
    for (Reading reading : readings) {
      compared.add(compare(reading.host(), reading.books(), told));
    }
    return compared;
  }

  private Map<HostName, Told> ask(List<HostName> hosts) throws InterruptedException {
    Map<HostName, Told> told = new HashMap<>();
    try (ExecutorService together = Executors.newVirtualThreadPerTaskExecutor()) {
      Map<HostName, Future<Told>> asked = new LinkedHashMap<>();
      hosts.forEach(host -> asked.put(host, together.submit(() -> ask(host))));
      for (Map.Entry<HostName, Future<Told>> one : asked.entrySet()) {
        told.put(one.getKey(), one.getValue().get());
      }
      return told;
    } catch (ExecutionException e) {
      throw new IllegalStateException("a host could not be asked", e);
    }
  }

  private Told ask(HostName host) throws InterruptedException {
    return switch (asking.ask(host, new TakeStock(), settings.auditDeadline())) {
      case Asked.Answered(Stock stock) -> new Told(Optional.of(stock), "");
      case Asked.Answered(HostAnswer.Refused(var failure)) ->
          new Told(Optional.empty(), failure.message());
      case Asked.Answered(HostAnswer _) ->
          new Told(Optional.empty(), "it answered another question");
      case Asked.NoAnswer<HostAnswer> silence -> new Told(Optional.empty(), silence.reason());
    };
  }

  private Compared compare(HostRecord host, Books books, Map<HostName, Told> told)
      throws InterruptedException {
    HostName name = host.report().host();
    Told said = told.getOrDefault(name, NOT_ASKED);
    if (said.stock().isEmpty()) {
      Difference unknown =
          new Difference(
              HOST_UNKNOWN,
              name,
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              "servers on it: %d".formatted(books.here().size()),
              said.reason(),
              Optional.of(host.lastSeen()));
      return new Compared(host, Optional.of(said.reason()), List.of(unknown), 0);
    }
    Stock stock = said.stock().get();
    fetchHomes(stock, books, told);
    List<Difference> differences =
        new ArrayList<>(
            new Comparison(name, books, stock, other -> told.getOrDefault(other, NOT_ASKED).stock())
                .differences());
    stock.receipts().forEach(receipt -> differences.addAll(of(name, receipt, books)));
    return new Compared(host, Optional.empty(), differences, stock.leftOff());
  }

  /** Hosts of another page that are said to have a guest that this one has. */
  private void fetchHomes(Stock stock, Books books, Map<HostName, Told> told)
      throws InterruptedException {
    List<HostName> homes =
        stock.guests().stream()
            .filter(Comparison::runs)
            .flatMap(guest -> books.find(guest.server()).stream())
            .filter(server -> server.task().isEmpty())
            .flatMap(server -> server.host().stream())
            .filter(home -> !told.containsKey(home))
            .distinct()
            .toList();
    told.putAll(ask(homes));
  }

  private List<Difference> of(HostName host, ReceiptInStock part, Books books) {
    Optional<MigrationRecord> migration = migrations.find(part.migration());
    boolean underWay = migration.isPresent() && !migration.get().status().terminal();
    boolean busy = part.server().flatMap(books::find).filter(s -> s.task().isPresent()).isPresent();
    if (underWay || busy) {
      return List.of();
    }
    String database = migration.map(m -> "migration " + m.status().wire()).orElse("not known");
    if (migration.isEmpty() || part.receipt().damaged().isPresent()) {
      return List.of(
          new Difference(
              migration.isEmpty() ? RECEIPT_UNKNOWN : RECEIPT_DAMAGED,
              host,
              part.server(),
              Optional.of(part.migration()),
              Optional.of(new Thing("file", "receipts/" + part.migration())),
              database,
              part.receipt()
                  .damaged()
                  .orElse("%d objects are open".formatted(part.receipt().entries().size())),
              Optional.empty()));
    }
    return part.receipt().entries().stream()
        .map(entry -> open(host, part, entry, database))
        .toList();
  }

  private static Difference open(
      HostName host, ReceiptInStock part, ReceiptEntry entry, String database) {
    return new Difference(
        RECEIPT_OPEN,
        host,
        part.server(),
        Optional.of(part.migration()),
        Optional.of(new Thing(Comparison.word(entry.kind()), entry.name())),
        database,
        entry.madeAt().isPresent() ? "it is there" : "it was to be made, and cannot be looked for",
        Optional.of(entry.madeAt().orElse(entry.intendedAt())));
  }

  /** Those that the look before had too, and whose servers were at rest in between. */
  private static Compared sure(Compared now, Compared before, Books books) {
    Set<Difference.Identity> seen =
        before.differences().stream().map(Difference::identity).collect(Collectors.toSet());
    return new Compared(
        now.host(),
        now.unknown(),
        now.differences().stream()
            .filter(one ->
                one.kind() == HOST_UNKNOWN
                    || (seen.contains(one.identity())
                        && one.server().map(books::atRest).orElse(true)))
            .toList(),
        now.leftOff());
  }
}
