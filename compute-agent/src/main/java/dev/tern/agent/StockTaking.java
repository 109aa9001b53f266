package dev.tern.agent;

import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.host.HostAnswer.GuestInStock;
import dev.tern.contract.host.HostAnswer.ObjectInStock;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostAnswer.ReceiptInStock;
import dev.tern.contract.host.HostAnswer.Stock;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.contract.host.ReceiptEntry.Kind;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.ExportState;
import dev.tern.virt.HypervisorProcess;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * What is in this host's directories, in its guests and among its processes, whether the agent
 * knows it or not. It looks, and removes nothing.
 */
final class StockTaking {
  /** Objects named in one stock; one host with more is not made well by reading on. */
  static final int MOST_OBJECTS = 500;

  private final Instances instances;
  private final VirtDriver driver;
  private final ReceiptKeeping receipts;
  private final StockFiles files;

  StockTaking(Instances instances, VirtDriver driver, ReceiptKeeping receipts, Path secrets) {
    this.instances = instances;
    this.driver = driver;
    this.receipts = receipts;
    this.files = new StockFiles(instances, secrets);
  }

  /** One server as it was seen; a QEMU that is silent is waited for beside the others. */
  private record Seen(
      GuestInStock guest, List<ObjectInStock> objects, boolean silent, Optional<Long> pid) {}

  /**
   * Looks once.
   *
   * @throws IOException when a directory cannot be read; then nothing is said
   * @throws VirtException when the processes cannot be seen; then nothing is said
   */
  Stock take() throws IOException, VirtException, InterruptedException {
    // Before the guests: one that starts in between is then a guest without a process, which its
    // own look finds, and no process without a guest.
    List<HypervisorProcess> processes = driver.processesBelow(instances.directories().data());
    Map<ServerId, Seen> seen = guests();
    List<ObjectInStock> objects = new ArrayList<>(files.look());
    seen.values().forEach(one -> objects.addAll(one.objects()));
    processes.stream().flatMap(one -> stray(one, seen).stream()).forEach(objects::add);
    List<ReceiptInStock> open = openReceipts();
    return new Stock(
        seen.values().stream().map(Seen::guest).toList(),
        objects.subList(0, Math.min(objects.size(), MOST_OBJECTS)),
        open,
        Math.max(0, objects.size() - MOST_OBJECTS));
  }

  private Map<ServerId, Seen> guests() throws IOException, InterruptedException {
    Map<ServerId, Seen> seen = new HashMap<>();
    try (ExecutorService together = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Seen>> looks = new ArrayList<>();
      for (Instance instance : instances.present()) {
        if (!instance.belongsToAnotherHost()) {
          looks.add(together.submit(() -> look(instance)));
        }
      }
      for (Future<Seen> look : looks) {
        Seen one = look.get();
        seen.put(one.guest().server(), one);
      }
      return seen;
    } catch (ExecutionException e) {
      throw new IOException("a server cannot be looked at", e);
    }
  }

  private Seen look(Instance instance) throws IOException {
    GuestReport report = GuestReports.of(instance);
    GuestInStock guest =
        new GuestInStock(instance.server(), report.runner(), since(instance), report.detail());
    try {
      Optional<Guest> process = mayHaveOne(instance) ? instance.guestNow() : Optional.empty();
      return new Seen(
          guest,
          Stream.concat(
                  voids(instance).stream(),
                  process.isPresent()
                      ? exports(instance.server(), process.get()).stream()
                      : Stream.of())
              .toList(),
          false,
          process.map(Guest::pid));
    } catch (VirtException | dev.tern.contract.ComputeException _) {
      return new Seen(guest, List.of(), true, Optional.empty()); // told as broken by the report
    }
  }

  private static Optional<Instant> since(Instance instance) throws IOException {
    Optional<Instant> journal = StockFiles.changed(instance.directory().resolve(Journal.NAME));
    return journal.isPresent() ? journal : StockFiles.changed(instance.directory());
  }

  /** Whether its journal allows it a process; any other is nobody's. */
  private static boolean mayHaveOne(Instance instance) throws IOException {
    return switch (instance.standing().place()) {
      case RUNNING, SUSPENDED, INCOMING, HANDED_OVER, DEAD -> true;
      case NOTHING, DEFINED, STOPPED, RECEIVING, RETIRED -> false;
    };
  }

  /** Memory that was saved and is not the guest, or no more. */
  private static List<ObjectInStock> voids(Instance instance) throws IOException {
    List<ObjectInStock> voids = new ArrayList<>();
    for (Path file : MemoryFile.voids(instance.directory(), instance.standing())) {
      if (!file.getFileName().toString().endsWith(Durable.HALF)) {
        voids.add(
            new ObjectInStock(
                Kind.FILE,
                "instances/%s/%s".formatted(instance.server(), file.getFileName()),
                Optional.of(instance.server()),
                StockFiles.changed(file)));
      }
    }
    return voids;
  }

  private static List<ObjectInStock> exports(ServerId server, Guest guest) throws VirtException {
    List<ObjectInStock> exports = new ArrayList<>();
    for (ExportState export : guest.exports()) {
      exports.add(
          new ObjectInStock(
              Kind.EXPORT,
              "export of %s of %s".formatted(export.diskId(), server),
              Optional.of(server),
              Optional.empty()));
    }
    return exports;
  }

  /** Probes end by themselves. */
  private Optional<ObjectInStock> stray(HypervisorProcess process, Map<ServerId, Seen> seen) {
    HostDirectories directories = instances.directories();
    if (process.touches(relative(directories.probes()))) {
      return Optional.empty();
    }
    Optional<ServerId> server =
        StockFiles.serverBelow(process.touches(), relative(directories.instances()))
            .or(() -> StockFiles.serverBelow(process.touches(), relative(directories.receiving())));
    Optional<Seen> owner = server.map(seen::get);
    if (owner.isPresent()
        && (owner.get().silent() || owner.get().pid().equals(Optional.of(process.pid())))) {
      return Optional.empty();
    }
    return Optional.of(
        new ObjectInStock(
            Kind.PROCESS, "hypervisor with pid " + process.pid(), server, process.startedAt()));
  }

  private Path relative(Path directory) {
    return instances.directories().data().relativize(directory);
  }

  private List<ReceiptInStock> openReceipts() {
    List<ReceiptInStock> open = new ArrayList<>();
    for (MigrationId migration : receipts.present()) {
      Receipt receipt = receipts.tell(migration);
      if (!receipt.settled()) {
        open.add(
            new ReceiptInStock(
                migration,
                receipts.server(migration),
                new Receipt(
                    receipt.revision(),
                    receipt.entries().stream().filter(ReceiptEntry::open).toList(),
                    receipt.damaged())));
      }
    }
    return open;
  }
}
