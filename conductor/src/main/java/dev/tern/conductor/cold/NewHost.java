package dev.tern.conductor.cold;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AgreeOnKey;
import dev.tern.contract.agent.AgentRequest.ClearArrival;
import dev.tern.contract.agent.AgentRequest.LandServer;
import dev.tern.contract.agent.AgentRequest.LeaveServer;
import dev.tern.contract.agent.AgentRequest.NewSize;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentResult.ColdDisks;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DisksKept;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.ImmutableFile;
import dev.tern.contract.agent.AgentResult.KeyOffer;
import dev.tern.contract.agent.AgentResult.LayersSent;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SealedSecrets;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest.GuestNeeds;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.ClaimStore;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.Arrival;
import dev.tern.store.FlavorStore.FlavorRecord;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** The host that a server goes to. */
public final class NewHost {
  /** What three hosts fail at, a fourth would. */
  private static final int TRIES = 3;

  private static final long GIB = 1L << 30;

  private final ColdJourney journey;
  private final ColdMigrationStore migrations;
  private final ClaimStore claims;

  public NewHost(ColdJourney journey, ColdMigrationStore migrations, ClaimStore claims) {
    this.journey = journey;
    this.migrations = migrations;
    this.claims = claims;
  }

  private HostName source() {
    return journey.migration().source();
  }

  // ---- which

  ColdFacts choose(ColdFacts begun) throws StepFailed, InterruptedException {
    ColdFacts facts = begun;
    if (facts.turnedDown().isPresent()) {
      facts = clearAt(facts.turnedDown().get(), facts);
      claims.release(claim(facts.refusals().size() - 1));
    }
    boolean any = journey.mayStay();
    SchedulerAnswer.Choice answer = select(facts, Optional.empty(), any);
    if (answer instanceof SchedulerAnswer.NoHost && !any && journey.mayStayIfAlone()) {
      answer = select(facts, Optional.of(source()), true);
    }
    return switch (answer) {
      case SchedulerAnswer.Selected(HostName host, ClaimId claim) -> {
        migrations.chosen(journey.hold().lease(), journey.migration().id(), host, claim);
        yield facts.chosen(host, claim);
      }
      case SchedulerAnswer.NoHost(Failure failure, _) -> throw StepFailed.refused(failure);
    };
  }

  private SchedulerAnswer.Choice select(ColdFacts facts, Optional<HostName> only, boolean mayStay)
      throws StepFailed, InterruptedException {
    SourceFacts guest = facts.described();
    SelectHost question =
        new SelectHost(
            journey.request(),
            claim(facts.refusals().size()),
            journey.migration().server(),
            resources(guest),
            only.or(journey.migration()::requestedHost),
            mayStay ? Optional.empty() : Optional.of(source()),
            Optional.of(
                new GuestNeeds(
                    guest.hypervisorType(),
                    guest.hypervisorVersion(),
                    guest.machineType(),
                    guest.accelerator())),
            facts.refusals());
    return journey.asking().select(question, journey.settings().silence());
  }

  private Resources resources(SourceFacts guest) {
    Optional<NewSize> size = size(guest);
    return size.map(wanted ->
            new Resources(
                wanted.vcpus(),
                wanted.memoryMib(),
                guest.virtualBytes() + wanted.rootDiskBytes() - root(guest)))
        .orElseGet(() -> new Resources(guest.vcpus(), guest.memoryMib(), guest.virtualBytes()));
  }

  private static long root(SourceFacts guest) {
    return guest.disks().isEmpty() ? 0 : guest.disks().getFirst().virtualBytes();
  }

  /** A disk never gets smaller. */
  private Optional<NewSize> size(SourceFacts guest) {
    return journey.migration().newFlavor().map(flavor -> size(flavor, guest));
  }

  private static NewSize size(FlavorRecord flavor, SourceFacts guest) {
    return new NewSize(
        flavor.vcpus(), flavor.memoryMib(), Math.max(flavor.diskGib() * GIB, root(guest)));
  }

  /** Always the same for one attempt of one migration, so that asking twice claims once. */
  private ClaimId claim(int attempt) {
    String name = "claim:%s:%d".formatted(journey.migration().id(), attempt);
    return new ClaimId(UUID.nameUUIDFromBytes(name.getBytes(UTF_8)));
  }

  /** Also of attempts whose answer was lost. */
  ColdFacts releaseClaims(ColdFacts begun) throws StepFailed, InterruptedException {
    ColdFacts facts = begun;
    if (facts.turnedDown().isPresent()) {
      facts = clearAt(facts.turnedDown().get(), facts);
    }
    for (int attempt = 0; attempt <= facts.refusals().size(); attempt++) {
      claims.release(claim(attempt));
    }
    return facts;
  }

  /** The destination failed, or does not answer: the next one, please. */
  Optional<ColdFacts> turnDown(ColdFacts facts, StepFailed failed) {
    boolean overtaken = failed.failure().code() == ErrorCode.STALE_EPOCH;
    return overtaken || facts.refusals().size() + 1 >= TRIES
        ? Optional.empty()
        : Optional.of(facts.turnDown(failed.failure()));
  }

  // ---- while the guest runs

  ColdFacts prepare(ColdFacts facts) throws StepFailed, InterruptedException {
    journey.event("compute_prep_resize", facts.destination());
    if (stays(facts)) {
      return checkHere(facts);
    }
    DestinationFacts _ =
        journey.ask(
            facts.place(),
            new AgentRequest.CheckDestination(journey.header(facts), facts.described(), true),
            DestinationFacts.class,
            journey.forPreparing());
    reserve(facts);
    agreeOnKey(facts);
    return facts;
  }

  /** It becomes another one where it is. */
  private boolean stays(ColdFacts facts) {
    return facts.place().equals(source());
  }

  private ColdFacts checkHere(ColdFacts facts) throws StepFailed, InterruptedException {
    Nothing _ =
        journey.ask(
            source(),
            new AgentRequest.CheckResize(journey.header(facts), sizeOf(facts)),
            Nothing.class,
            journey.forPreparing());
    return facts;
  }

  private NewSize sizeOf(ColdFacts facts) {
    return size(facts.described())
        .orElseThrow(() -> new IllegalStateException("only what is resized may stay"));
  }

  private void reserve(ColdFacts facts) throws StepFailed, InterruptedException {
    Nothing _ =
        journey.ask(
            facts.place(),
            new AgentRequest.ReserveSpace(journey.header(facts), facts.described(), true),
            Nothing.class,
            journey.forPreparing());
  }

  private void agreeOnKey(ColdFacts facts) throws StepFailed, InterruptedException {
    KeyOffer there = key(facts.place(), facts, Optional.empty());
    KeyOffer here = key(source(), facts, there.publicHalf());
    if (there.publicHalf().isPresent() != here.publicHalf().isPresent()) {
      throw StepFailed.refused(
          new Failure(
              ErrorCode.MIGRATION_PRE_CHECK_ERROR,
              "One of %s and %s sends in plaintext (tern.agent.insecure), and the other does not: set both alike."
                  .formatted(source(), facts.place())));
    }
    if (here.publicHalf().isPresent()) {
      KeyOffer _ = key(facts.place(), facts, here.publicHalf());
    }
  }

  private KeyOffer key(HostName host, ColdFacts facts, Optional<String> peer)
      throws StepFailed, InterruptedException {
    return journey.ask(
        host, new AgreeOnKey(journey.header(facts), peer), KeyOffer.class, journey.forPreparing());
  }

  /** The files below the disks: the destination fetches what it can, and is sent the rest. */
  ColdFacts bringLayers(ColdFacts facts) throws StepFailed, InterruptedException {
    if (stays(facts)) {
      return facts;
    }
    long bytes = facts.described().layers().stream().mapToLong(ImmutableFile::sizeBytes).sum();
    LayersWanted wanted =
        journey.ask(
            facts.place(),
            new AgentRequest.GatherLayers(journey.header(facts), facts.described()),
            LayersWanted.class,
            journey.forMoving(bytes));
    if (!wanted.exports().isEmpty()) {
      LayersSent _ =
          journey.askToSend(
              new AgentRequest.SendLayers(journey.header(facts), wanted, journey.limits(bytes)),
              LayersSent.class,
              new ColdSteering(journey, migrations, facts)::look);
      Nothing _ =
          journey.ask(
              facts.place(),
              new AgentRequest.KeepLayers(journey.header(facts)),
              Nothing.class,
              journey.forMoving(bytes));
    }
    return facts;
  }

  // ---- while nobody runs it

  /** As they are once nothing writes to them any more, and with room for what they became. */
  ColdFacts bringDisks(ColdFacts begun) throws StepFailed, InterruptedException {
    ColdFacts facts =
        begun.described(
            journey.ask(
                source(),
                new AgentRequest.DescribeServer(journey.header(begun)),
                SourceFacts.class,
                journey.forPreparing()));
    if (stays(facts)) {
      return facts;
    }
    reserve(facts);
    long bytes = facts.described().virtualBytes();
    ColdDisks files =
        journey.ask(
            source(),
            new AgentRequest.DigestFiles(journey.header(facts)),
            ColdDisks.class,
            journey.forMoving(bytes));
    LayersWanted wanted =
        journey.ask(
            facts.place(),
            new AgentRequest.ReceiveFiles(journey.header(facts), facts.described(), files),
            LayersWanted.class,
            journey.forPreparing());
    if (!wanted.exports().isEmpty()) {
      LayersSent _ =
          journey.askToSend(
              new AgentRequest.SendFiles(journey.header(facts), wanted, journey.limits(bytes)),
              LayersSent.class,
              new ColdSteering(journey, migrations, facts)::look);
    }
    return facts.sent(files);
  }

  ColdFacts land(ColdFacts facts) throws StepFailed, InterruptedException {
    if (stays(facts)) {
      Nothing _ =
          journey.ask(
              source(),
              new AgentRequest.ResizeHere(journey.header(facts), sizeOf(facts)),
              Nothing.class,
              journey.forMoving(facts.described().virtualBytes()));
      arrived(new Arrival(0, 1, Map.of()));
      return facts;
    }
    ColdDisks files =
        facts.files().orElseThrow(() -> new IllegalStateException("nothing was sent yet"));
    SealedSecrets secrets =
        journey.ask(
            source(),
            new AgentRequest.SealSecrets(journey.header(facts)),
            SealedSecrets.class,
            journey.forPreparing());
    Nothing _ =
        journey.ask(
            facts.place(),
            new LandServer(
                journey.header(facts),
                facts.described(),
                files,
                secrets.byDisk(),
                size(facts.described())),
            Nothing.class,
            journey.forMoving(facts.described().virtualBytes()));
    Map<String, String> digests = new HashMap<>();
    files.byDisk().forEach((disk, file) -> digests.put(disk, file.sha256()));
    arrived(
        new Arrival(
            files.bytes().values().stream().mapToLong(Long::longValue).sum(),
            facts.tries() + facts.refusals().size(),
            digests));
    return facts;
  }

  private void arrived(Arrival arrival) {
    migrations.arrived(journey.hold().lease(), journey.migration().id(), arrival);
  }

  /** Its agent died while it put in place what had come: that is gone, and the source has it. */
  Optional<ColdFacts> again(ColdFacts facts, StepFailed failed) {
    return failed.failure().code() == ErrorCode.DISK_NOT_FOUND && facts.tries() < TRIES
        ? Optional.of(facts)
        : Optional.empty();
  }

  ColdFacts start(ColdFacts facts) throws StepFailed, InterruptedException {
    journey.event("compute_finish_resize", facts.destination());
    return startAgain(facts);
  }

  /** If it ran. */
  ColdFacts startAgain(ColdFacts facts) throws StepFailed, InterruptedException {
    if (facts.runs()) {
      Nothing _ =
          journey.ask(
              facts.place(),
              new StartServer(journey.header(facts)),
              Nothing.class,
              journey.forPreparing());
    }
    return facts;
  }

  /** Undo of {@link #start}. Two guests are never repaired: this is known, or a person said it. */
  ColdFacts stop(ColdFacts facts) throws StepFailed, InterruptedException {
    return stop(facts, Duration.ZERO);
  }

  /** The same, with time for the guest to power off. */
  ColdFacts stopGently(ColdFacts facts) throws StepFailed, InterruptedException {
    return stop(facts, journey.settings().stopGrace());
  }

  private ColdFacts stop(ColdFacts facts, Duration grace) throws StepFailed, InterruptedException {
    StopServer stop = new StopServer(journey.header(facts), grace);
    // Where it stays, the host is told again when it is to take the server back.
    return journey.askUnlessFenced(facts.place(), stop, Nothing.class).isPresent() || stays(facts)
        ? facts
        : facts.left(facts.place());
  }

  /** Undo of all that was made here. */
  ColdFacts clear(ColdFacts facts) throws StepFailed, InterruptedException {
    return facts.destination().isEmpty() ? facts : clearAt(facts.place(), facts);
  }

  // A host that died with half a server on it must not hold up the server: it is owed the request.
  private ColdFacts clearAt(HostName host, ColdFacts facts)
      throws StepFailed, InterruptedException {
    // Where it stays, what it has is its own; taking it back clears what was made of it.
    if (host.equals(source())) {
      return facts;
    }
    // Agreed on by both while preparing, and perhaps never used. Nothing waits for a source that
    // does
    // not answer: it loses the key with whatever comes next.
    Optional<Nothing> _ =
        journey.askOrOwe(
            source(), new AgentRequest.WithdrawKey(journey.header(facts)), Nothing.class);
    return journey
            .askOrOwe(host, new ClearArrival(journey.header(facts)), Nothing.class)
            .isPresent()
        ? facts
        : facts.left(host);
  }

  // ---- later

  /** What is removed at the source is here, whole. */
  ColdFacts requireThere(ColdFacts facts) throws StepFailed, InterruptedException {
    journey.event("compute_confirm_resize", Optional.of(source()));
    GuestReport report =
        journey.ask(
            facts.place(),
            new AgentRequest.AskGuest(journey.header(facts)),
            GuestReport.class,
            journey.forPreparing());
    boolean there =
        switch (report.runner()) {
          case RUNNING, PAUSED, SUSPENDED, STOPPED, BROKEN -> true;
          case ABSENT, INCOMING, HANDED_OVER, DEAD, UNKNOWN -> false;
        };
    if (!there) {
      throw StepFailed.refused(
          new Failure(
              ErrorCode.INSTANCE_INVALID_STATE,
              "Host %s does not have the server (%s %s): the copy on %s is kept, and the migration can be reverted to it."
                  .formatted(facts.place(), report.runner(), report.detail(), source())));
    }
    return facts;
  }

  ColdFacts clearLater(ColdFacts facts) throws StepFailed, InterruptedException {
    if (stays(facts)) {
      return facts; // It took back what it was.
    }
    LeaveServer leave = new LeaveServer(journey.header(facts), false);
    return journey.askOrOwe(facts.place(), leave, DisksKept.class).isPresent()
        ? facts
        : facts.left(facts.place());
  }
}
