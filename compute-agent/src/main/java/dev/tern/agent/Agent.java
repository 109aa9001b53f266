package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.http.HttpClient;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agent of one host, without the broker: requests go in, answers come out. Closing it leaves
 * guests and their streams alone; the next agent on the same directory takes them up.
 */
public final class Agent implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Agent.class);

  private final HostName host;
  private final AgentSettings settings;
  private final VirtDriver driver;
  private final HostFigures figures;
  private final HostDirectories directories;
  private final Instances instances;
  private final AgentRequests requests;
  private final Probes probes;
  private final HostQuestions questions;
  private final ImageService imageService;
  private final ImageStore images;
  private final DiskSide disks;
  private final Reservations reservations;
  private final Receptions receptions;
  private final BaseHousekeeping bases;
  private final ReceiptKeeping receipts;
  private final GoingOn goingOn = new GoingOn();
  private final Sweeping sweeping;
  private final GuestSuspending suspending;
  private final Jobs jobs;
  private final long startedAtMillis;
  private final AtomicLong reports = new AtomicLong();

  /**
   * What an agent is given of the world. Public, as {@link #open} is, for who runs agents without a
   * broker: with another world than the machine's, whole hosts can be simulated.
   *
   * @param progress told how migrations get on; may be slow, may fail
   * @param ids for names that nobody may guess
   * @param http to the image service; stays open when the agent is closed
   */
  public record World(
      VirtDriver driver,
      HostFigures figures,
      Consumer<MigrationProgress> progress,
      AgentTime time,
      Supplier<UUID> ids,
      HttpClient http) {}

  private Agent(HostName host, AgentSettings settings, World world, HostDirectories directories)
      throws IOException {
    this.host = host;
    this.settings = settings;
    this.driver = world.driver();
    this.figures = world.figures();
    this.directories = directories;
    Clock clock = world.time().clock();
    this.startedAtMillis = clock.millis();
    StreamKeys keys = new StreamKeys(directories.keys(), new SecureRandom(), settings.insecure());
    this.instances = new Instances(host, directories, driver, keys);
    this.imageService = new ImageService(world.http(), settings, clock);
    LayerProofs proofs = new LayerProofs(directories);
    ImageStore images = new ImageStore(directories.bases(), imageService, driver.images(), proofs);
    this.reservations =
        new Reservations(host, directories, driver.images(), figures, settings, clock);
    DiskSecrets secrets = new DiskSecrets(settings.secretsDirectory(), new SecureRandom());
    Jobs jobs = new Jobs(settings.patience(), world.time().waiting());
    BasePins pins = new BasePins();
    this.disks =
        diskSide(jobs, settings, new DiskFreezing(driver.images(), proofs, pins, secrets), secrets);
    BaseUses uses = new BaseUses(instances);
    OwnFiles own =
        new OwnFiles(
            secrets, new ConfigDrives(directories.bases(), driver.images(), proofs, pins, uses));
    this.bases =
        new BaseHousekeeping(
            directories,
            uses,
            reservations,
            pins,
            driver.images(),
            new BaseHousekeeping.Rules(settings.unusedBaseAge(), clock));
    InetAddress address = MigrationAddress.parse(settings.migrationAddress());
    Ports ports = new Ports(address, settings.firstPort(), settings.lastPort());
    this.probes =
        new Probes(
            new Probes.Means(driver, keys, ports, settings.cpuModel()),
            directories.probes(),
            settings.migrationAddress(),
            clock,
            world.time().pause());
    Receipts receipts = Receipts.open(directories.receipts(), clock);
    this.receipts =
        new ReceiptKeeping(
            receipts,
            new Intents(instances, host, settings.insecure()),
            new ReceiptLook(
                instances, reservations, driver.layers(), settings.secretsDirectory(), clock),
            instances,
            jobs);
    LayerClaims claims = new LayerClaims();
    this.receptions =
        new Receptions(
            directories.receiving(),
            driver.layers(),
            proofs,
            claims,
            new Receptions.Listener(
                settings.migrationAddress(), ports, instances.keys(), world.ids(), receipts));
    LayerArrival arrival = new LayerArrival(images, proofs, claims, receptions, reservations);
    ProgressTeller progress = new ProgressTeller(world.progress(), clock, world.time().nanos());
    Moves moves = new Moves(clock, settings.policy().parts());
    Sendings sendings = new Sendings(System::nanoTime);
    LayerDeparture departure = new LayerDeparture(instances, driver, jobs, progress, sendings);
    this.suspending = new GuestSuspending(instances, reservations);
    this.jobs = jobs;
    DestinationCheck arrivals =
        new DestinationCheck(
            host, driver, arrival, reservations, new DiskPlacement(directories, figures));
    this.requests =
        new AgentRequests(
            instances,
            jobs,
            new GuestLife(instances, images, reservations, driver, own, settings.cpuModel()),
            suspending,
            new SourceSide(
                instances,
                jobs,
                progress,
                new SourceCheck(instances, driver, departure, moves),
                own,
                moves),
            new DestinationSide(
                host,
                instances,
                arrivals,
                arrival,
                secrets,
                driver,
                new Listeners(
                    ports,
                    settings.migrationAddress(),
                    settings.portWait(),
                    keys,
                    world.ids(),
                    receipts)),
            disks,
            new AgentRequests.Layers(arrival, departure),
            new ConsoleMoves(instances, new SecureRandom()),
            new AgentRequests.Cold(
                new ColdSource(instances, driver, jobs, sendings),
                new ColdDestination(host, instances, arrivals, arrival, receptions, own, driver),
                new ColdResize(
                    instances,
                    new Sizing(own.secrets(), directories.bases(), driver),
                    reservations,
                    driver.images())));
    this.images = images;
    this.sweeping =
        new Sweeping(instances, requests, this.receipts, this::removeExactly, settings.sweepAge());
    this.questions =
        new HostQuestions(
            instances,
            probes,
            this.receipts,
            sweeping,
            new StockTaking(instances, driver, this.receipts, settings.secretsDirectory()),
            arrivals,
            new HostQuestions.Range(address, settings.firstPort(), settings.lastPort()));
  }

  private void removeExactly(AgentRequest.Header header) throws IOException {
    instances
        .keys()
        .endWhere((server, epoch) -> server.equals(header.server()) && epoch == header.epoch());
    reservations.release(header.server(), header.epoch());
    ProbeFiles.remove(directories.instances(), header, host);
  }

  /**
   * Takes back what is left here of migrations that this host knows to be over; never the guest,
   * nor what may be. What cannot be taken back now is left for the next round, and told in the log.
   *
   * @throws InterruptedException when the agent stops meanwhile; the rest is left for the next
   */
  public void sweep() throws InterruptedException {
    sweeping.round();
    try {
      suspending.sweep(jobs);
    } catch (IOException e) {
      log.atWarn().setCause(e).log("saved memory could not be looked at");
    }
  }

  /** See {@link Sweeping#swept}. */
  long swept(ReceiptEntry.Kind kind) {
    return sweeping.swept(kind);
  }

  private DiskSide diskSide(
      Jobs jobs, AgentSettings settings, DiskFreezing freezing, DiskSecrets secrets) {
    return new DiskSide(
        instances,
        jobs,
        new DiskViews(driver.images()),
        new DiskCopying(
            new CopyTargets(
                directories.storages(),
                driver.images(),
                secrets,
                settings.diskReserve().toBytes(),
                new CopyExports(driver, AllowedExports.of(settings.copyTargets()))),
            driver.images(),
            secrets),
        freezing,
        new VolumePlugging(
            driver, MigrationAddress.parse(settings.migrationAddress()).isLoopbackAddress()),
        new ImageSender(imageService));
  }

  /**
   * Takes the directory, and up what runs there.
   *
   * @throws IOException when another agent has the directory, or it cannot be used
   * @throws IllegalArgumentException when the migration address may not be used
   */
  public static Agent open(HostName host, AgentSettings settings, World world) throws IOException {
    HostDirectories directories =
        HostDirectories.open(settings.data(), Storages.open(host, settings.storages()));
    try {
      Agent agent = new Agent(host, settings, world, directories);
      agent.images.removeHalves();
      ProbeFiles.removeStale(directories.instances(), host);
      agent.reservations.takeUp();
      agent.receptions.takeUp();
      new Adoption(agent.instances).adoptAll();
      agent.disks.goOn();
      agent.probes.endLeftovers();
      agent.releaseWhatArrived();
      return agent;
    } catch (IOException | RuntimeException e) {
      directories.close();
      throw e;
    }
  }

  /** The agent before this one may have ended between a server's arrival and the release. */
  private void releaseWhatArrived() throws IOException {
    for (Reservation reservation : reservations.present()) {
      try {
        if (GuestLife.livesHere(instances.of(reservation.server()).standing().place())) {
          reservations.release(reservation.server(), reservation.epoch());
        }
      } catch (ComputeException e) {
        log.atError()
            .addKeyValue("server", reservation.server())
            .setCause(e)
            .log("room stays reserved");
      }
    }
  }

  public HostName host() {
    return host;
  }

  /** Always answers, within about {@code tern.agent.patience}. */
  public AgentAnswer answer(AgentRequest request) {
    return receipts.around(request, () -> requests.answer(request));
  }

  /** What this host says of itself; always answers, within seconds. */
  public HostAnswer answer(HostQuestion question) {
    return questions.answer(question);
  }

  /**
   * The host as it is now.
   *
   * @throws VirtException when there is no usable QEMU
   */
  public HostReport report() throws IOException, VirtException {
    HostCapabilities here = driver.capabilities();
    Map<ServerId, Runner> guests = new HashMap<>();
    for (Instance instance : instances.present()) {
      guests.put(instance.server(), runner(instance));
    }
    long reserve = settings.memoryReserveMib();
    long diskReserve = settings.diskReserve().toBytes();
    return new HostReport(
        host,
        startedAtMillis,
        reports.incrementAndGet(),
        SourceCheck.HYPERVISOR,
        here.versionNumber(),
        here.version(),
        here.accelerator(),
        here.acceleratorReason(),
        here.machineTypes(),
        here.cpuModels(),
        here.missingCommands(),
        figures.vcpus(),
        Math.max(0, figures.memoryMib() - reserve),
        Math.max(0, figures.memoryAvailableMib() - reserve),
        Math.max(0, figures.diskTotalBytes() - diskReserve),
        Math.max(0, figures.diskFreeBytes() - diskReserve - reservations.outstanding()),
        settings.migrationAddress(),
        figures.uptime(),
        settings.insecure(),
        guests,
        receipts.present(),
        figures.kernelNbd(),
        Optional.empty(),
        Optional.of(
            new HostReport.Offers(
                settings.cpuModel(),
                here.cpuFeatures().getOrDefault("max", List.of()),
                Optional.ofNullable(here.cpuFeatures().get(settings.cpuModel())),
                NewestBases.in(directories.bases()))));
  }

  /** See {@link BaseHousekeeping#round}. */
  BaseHousekeeping.Kept keepBases() throws IOException, VirtException {
    return bases.round();
  }

  private Runner runner(Instance instance) {
    try {
      instance.noteIfGone();
      goingOn.look(instance);
    } catch (IOException | VirtException | RuntimeException e) {
      log.atWarn()
          .addKeyValue("server", instance.server())
          .setCause(e)
          .log("a guest could not be looked at");
    }
    return GuestReports.of(instance).runner();
  }

  @Override
  public void close() throws IOException {
    probes.close();
    instances.close();
    directories.close();
  }
}
