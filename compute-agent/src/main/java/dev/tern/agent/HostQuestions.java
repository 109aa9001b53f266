package dev.tern.agent;

import dev.tern.contract.ServerId;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.ArrivalChecked;
import dev.tern.contract.host.HostAnswer.Export;
import dev.tern.contract.host.HostAnswer.Exports;
import dev.tern.contract.host.HostAnswer.PortInUse;
import dev.tern.contract.host.HostAnswer.ProbeEnded;
import dev.tern.contract.host.HostAnswer.Refused;
import dev.tern.contract.host.HostQuestion;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.ExportState;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.TcpSockets;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Questions about this host itself. They look, and change no server. */
final class HostQuestions {
  private static final Logger log = LoggerFactory.getLogger(HostQuestions.class);
  private static final String DISKS = "disks";
  private static final String MEMORY = "memory";
  private static final String UNKNOWN = "unknown";

  private final Instances instances;
  private final Probes probes;
  private final ReceiptKeeping receipts;
  private final Sweeping sweeping;
  private final StockTaking stock;
  private final DestinationCheck arrivals;
  private final Range range;
  private final WatchedWrites writes;

  /**
   * Where guests arrive.
   *
   * @param first of the ports, inclusive
   * @param last of the ports, inclusive
   */
  record Range(InetAddress address, int first, int last) {}

  HostQuestions(
      Instances instances,
      Probes probes,
      ReceiptKeeping receipts,
      Sweeping sweeping,
      StockTaking stock,
      DestinationCheck arrivals,
      Range range) {
    this.instances = instances;
    this.probes = probes;
    this.receipts = receipts;
    this.sweeping = sweeping;
    this.stock = stock;
    this.arrivals = arrivals;
    this.range = range;
    this.writes = new WatchedWrites(instances);
  }

  HostAnswer answer(HostQuestion question) {
    try {
      return switch (question) {
        case HostQuestion.ListExports _ -> exports();
        case HostQuestion.ListPorts _ -> ports();
        case HostQuestion.OfferProbe(var probe) -> probes.offer(probe);
        case HostQuestion.OpenProbe(var probe, var recipe, var peer) ->
            probes.open(probe, recipe, peer);
        case HostQuestion.RunProbe(var probe, var target) -> probes.run(probe, target);
        case HostQuestion.EndProbe(var probe) -> {
          probes.end(probe);
          yield new ProbeEnded();
        }
        case HostQuestion.TellReceipt(var migration, var end) -> {
          if (end.isPresent()) {
            sweeping.over(migration, end.get());
          }
          yield receipts.tell(migration);
        }
        case HostQuestion.ForgetReceipt(var migration) -> receipts.forget(migration);
        case HostQuestion.TakeStock _ -> stock.take();
        case HostQuestion.WatchWrites(var servers, var over, var notOlderThan) ->
            writes.of(servers, over, notOlderThan);
        case HostQuestion.CheckArrival(var header, var source, var overCommit) ->
            new ArrivalChecked(
                arrivals.check(header, instances.of(header.server()), source, overCommit));
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Refused(Refusals.failure(e));
    } catch (IOException | VirtException | RuntimeException e) {
      log.atInfo()
          .addKeyValue("step", question.getClass().getSimpleName())
          .setCause(e)
          .log("a question about this host is refused");
      return new Refused(Refusals.failure(e));
    }
  }

  private Exports exports() throws IOException, VirtException {
    List<Export> all = new ArrayList<>();
    for (Instance instance : instances.present()) {
      Optional<Guest> guest = instance.guestIfKnown();
      if (guest.isPresent()) {
        for (ExportState export : guest.get().exports()) {
          all.add(told(instance.server(), export));
        }
      }
    }
    return new Exports(all);
  }

  private static Export told(ServerId server, ExportState export) {
    return new Export(
        server,
        export.diskId(),
        export.name(),
        export.address(),
        export.port(),
        export.tls(),
        export.sizeBytes(),
        export.flags(),
        export.contexts(),
        export.clients());
  }

  /** The kernel says which ports are taken; our guests say by whom. */
  private HostAnswer ports() throws IOException, VirtException {
    Map<Integer, PortInUse> used = new TreeMap<>();
    for (int port : TcpSockets.of(range.address()).listening()) {
      if (port >= range.first() && port <= range.last()) {
        used.put(port, new PortInUse(port, Optional.empty(), UNKNOWN));
      }
    }
    for (Instance instance : instances.present()) {
      Optional<Guest> guest = instance.guestIfKnown();
      if (guest.isPresent()) {
        Optional<IncomingEndpoints> opened = guest.get().opened();
        opened.ifPresent(open -> {
          name(used, open.nbdPort(), instance.server(), DISKS);
          name(used, open.migrationPort(), instance.server(), MEMORY);
        });
      }
    }
    return new HostAnswer.Ports(
        range.address().getHostAddress(), range.first(), range.last(), List.copyOf(used.values()));
  }

  private static void name(
      Map<Integer, PortInUse> used, int port, ServerId server, String purpose) {
    used.computeIfPresent(port, (p, _) -> new PortInUse(p, Optional.of(server), purpose));
  }
}
