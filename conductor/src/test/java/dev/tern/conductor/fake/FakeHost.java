package dev.tern.conductor.fake;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentAnswer.Refused;
import dev.tern.contract.agent.AgentAnswer.Working;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.Arrived;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.DiskLayer;
import dev.tern.contract.agent.AgentResult.DisksKept;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.MissingMemory;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.ImmutableFile;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.KeyOffer;
import dev.tern.contract.agent.AgentResult.LayersSent;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.ArrivalStamps;
import dev.tern.contract.agent.LeavingStamps;
import dev.tern.contract.move.MovePolicy;
import dev.tern.store.Samples;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** A host with its agent, its QEMU of one server, its files and its journal. */
final class FakeHost {
  private static final String BASE = "5e".repeat(32);

  final HostName name;
  private final FakeCloud cloud;
  boolean qemu;
  boolean runs;
  boolean disk;
  boolean incoming;
  boolean export;
  boolean mirror;
  boolean probe;
  boolean space;
  boolean base;
  boolean partOfBase;
  boolean sent;
  boolean handedOver;
  boolean dead;
  boolean arrived;
  boolean halfKey;
  private boolean consoleWanted;

  /** The source has sent everything, and has recorded so. */
  private boolean allSent;

  /** The source's migration failed when all was sent. */
  private boolean failed;

  /** It has all of the guest. */
  private boolean loaded;

  /** It lets the guest run only when its source has let go. */
  boolean awaitsSource;

  /** The guest arrived before all of its memory. */
  private boolean lacksMemory;

  /** What the guest said elsewhere is here. */
  boolean earlierConsole;

  private Optional<String> peer = Optional.empty();
  private long youngest;

  /** Of the hand-over. */
  private long epoch;

  /** What had come of the disks is put aside. */
  boolean kept;

  /** Set: it sends and receives in plaintext. */
  boolean insecure;

  /** Set: its agent knows of no places for disks. */
  boolean old;

  final List<MovePolicy> policies = new ArrayList<>();
  int forced;

  FakeHost(HostName name, FakeCloud cloud) {
    this.name = name;
    this.cloud = cloud;
  }

  void things(Set<String> all) {
    Map.of(
            "qemu", qemu,
            "guest runs", runs,
            "disk", disk,
            "incoming", incoming,
            "export", export,
            "mirror", mirror,
            "probe", probe,
            "handed over", handedOver,
            "key", halfKey,
            "space", space)
        .forEach((thing, there) -> {
          if (there) {
            all.add(name + " " + thing);
          }
        });
    if (kept) {
      all.add(name + " kept disk");
    }
    if (partOfBase) {
      all.add(name + " part of a layer");
    }
  }

  AgentAnswer answer(AgentRequest request) {
    if (request.header().epoch() < youngest) {
      return new Refused(new Failure(ErrorCode.STALE_EPOCH, "a younger request was here"));
    }
    youngest = request.header().epoch();
    return answerOfItsTime(request);
  }

  private AgentAnswer answerOfItsTime(AgentRequest request) {
    return switch (request) {
      case AgentRequest.DescribeSource _ -> runs ? new Done(described()) : refuse("no guest");
      case AgentRequest.CheckSource _ -> nothing();
      case AgentRequest.AgreeOnKey(var _, Optional<String> other) -> agreeOnKey(other);
      case AgentRequest.WithdrawKey _ -> withdrawKey();
      case AgentRequest.SealSecrets _ -> new Done(new AgentResult.SealedSecrets(Map.of()));
      case AgentRequest.MirrorDisks mirror -> {
        cloud.waysTold.add(mirror.ways());
        yield mirrorDisks();
      }
      case AgentRequest.CancelMirrors _ -> cancelMirrors();
      case AgentRequest.HandOver asked -> handOver(asked);
      case AgentRequest.CancelHandOver _ ->
          handedOver ? refuse("too late") : qemu ? nothing() : refuse("no guest");
      case AgentRequest.SteerMove steer -> {
        policies.add(steer.policy());
        yield nothing();
      }
      case AgentRequest.ForceComplete _ -> {
        forced++;
        yield nothing();
      }
      case AgentRequest.ReturnHome back -> returnHome(back);
      case AgentRequest.WantConsole _ -> wantConsole();
      case AgentRequest.SealConsole seal -> sealConsole(seal.peer());
      case AgentRequest.KeepConsole keep -> keepConsole(keep.console());
      case AgentRequest.RetireSource asked -> retire(asked.notNeeded().orElse(false));
      case AgentRequest.StopServer _ -> stop();
      case AgentRequest.CheckDestination check -> {
        placed(check.source());
        yield checkDestination();
      }
      case AgentRequest.EndCheck _ -> endCheck();
      case AgentRequest.ReserveSpace reserve -> {
        placed(reserve.source());
        yield reserveSpace();
      }
      case AgentRequest.ReleaseSpace _ -> releaseSpace();
      case AgentRequest.GatherLayers gather -> {
        told(gather.source());
        yield gatherLayers();
      }
      case AgentRequest.SendLayers _ -> sendLayers();
      case AgentRequest.StopLayers _ -> nothing();
      case AgentRequest.KeepLayers _ -> keepLayers();
      case AgentRequest.DropLayers _ -> dropLayers();
      case AgentRequest.CreateDisks create -> {
        told(create.source());
        yield createDisks();
      }
      case AgentRequest.DeleteDisks _ -> deleteDisks();
      case AgentRequest.KeepDisks _ -> keepDisks();
      case AgentRequest.StartIncoming start -> {
        placed(start.source());
        yield startIncoming(start.awaitSource().orElse(false));
      }
      case AgentRequest.KillIncoming _ -> killIncoming();
      case AgentRequest.AwaitArrival await -> awaitArrival(await.sourceLetGo().orElse(false));
      case AgentRequest.AskGuest _ -> new Done(report());
      case AgentRequest.BuildServer _,
          AgentRequest.StartServer _,
          AgentRequest.RebootServer _,
          AgentRequest.PauseServer _,
          AgentRequest.UnpauseServer _,
          AgentRequest.SuspendServer _,
          AgentRequest.ResumeServer _,
          AgentRequest.DestroyServer _,
          AgentRequest.LeaveServer _,
          AgentRequest.ReadConsole _,
          AgentRequest.OfColdMove _,
          AgentRequest.OfDisks _ ->
          throw new IllegalStateException("not part of a migration");
    };
  }

  private void placed(SourceFacts source) {
    cloud.placesTold.add(
        source.disks().stream()
            .filter(disk -> disk.place().isPresent())
            .collect(Collectors.toMap(DiskFacts::id, disk -> disk.place().orElseThrow())));
  }

  private void told(SourceFacts source) {
    placed(source);
    cloud.waysTold.add(
        source.disks().stream()
            .collect(Collectors.toMap(DiskFacts::id, disk -> disk.way().orElseThrow())));
  }

  private AgentAnswer checkDestination() {
    probe = true;
    return new Done(
        new DestinationFacts(
            ".probe",
            1,
            2,
            List.of(BASE),
            Optional.of(List.of(BASE)),
            old ? Optional.empty() : Optional.of(Map.of("vda", "/%s/vda.qcow2".formatted(name)))));
  }

  private AgentAnswer endCheck() {
    probe = false;
    return nothing();
  }

  private AgentAnswer agreeOnKey(Optional<String> other) {
    if (insecure) {
      return new Done(new KeyOffer(Optional.empty()));
    }
    if (dead || arrived || handedOver) {
      return refuse("this migration is over");
    }
    if (peer.isPresent() && other.isPresent() && !peer.equals(other)) {
      return refuse("another key was agreed on");
    }
    halfKey = true;
    peer = peer.or(() -> other);
    return new Done(new KeyOffer(Optional.of("half of " + name)));
  }

  private AgentAnswer withdrawKey() {
    halfKey = false;
    peer = Optional.empty();
    return nothing();
  }

  /** Whether this host and that one have the same key, or both send in plaintext. */
  private boolean understands(FakeHost other) {
    return insecure
        ? other.insecure
        : halfKey
            && other.halfKey
            && peer.equals(Optional.of("half of " + other.name))
            && other.peer.equals(Optional.of("half of " + name));
  }

  private AgentAnswer wantConsole() {
    if (!arrived) {
      return refuse("the guest is not here");
    }
    consoleWanted = true;
    return new Done(new AgentResult.ConsoleWanted("console of " + name));
  }

  private AgentAnswer sealConsole(String peer) {
    if (!handedOver) {
      return refuse("the guest was not handed over");
    }
    return new Done(new AgentResult.SealedConsole("console from " + name, "for " + peer));
  }

  private AgentAnswer keepConsole(AgentResult.SealedConsole console) {
    if (!consoleWanted || !console.sealed().equals("for console of " + name)) {
      return refuse("no console is wanted");
    }
    earlierConsole = true;
    return nothing();
  }

  private AgentAnswer reserveSpace() {
    probe = false;
    space = true;
    return nothing();
  }

  private AgentAnswer releaseSpace() {
    space = false;
    return nothing();
  }

  private AgentAnswer gatherLayers() {
    partOfBase = !base;
    return new Done(
        base ? LayersWanted.none() : new LayersWanted("127.0.0.2", 10810, Map.of(BASE, "x")));
  }

  private AgentAnswer sendLayers() {
    FakeHost to = cloud.destination();
    if (!to.partOfBase) {
      return refuse("nobody waits for layers");
    }
    to.sent = true;
    return new Done(new LayersSent(1 << 20));
  }

  private AgentAnswer keepLayers() {
    if (partOfBase && !sent) {
      return refuse("a layer is not what it is named after");
    }
    base |= partOfBase;
    return dropLayers();
  }

  private AgentAnswer dropLayers() {
    partOfBase = false;
    sent = false;
    return nothing();
  }

  private AgentAnswer createDisks() {
    if (dead) {
      return refuse("dead in this epoch");
    }
    if (!base || !space) {
      return refuse("no layer below the disk, or no room for it");
    }
    disk = true;
    return nothing();
  }

  private AgentAnswer deleteDisks() {
    if (qemu || arrived) {
      return refuse("a guest runs from them");
    }
    disk = false;
    return nothing();
  }

  private AgentAnswer keepDisks() {
    if (qemu || arrived) {
      return refuse("a guest runs from them");
    }
    kept |= disk;
    disk = false;
    return new Done(new DisksKept(kept ? Optional.of("/kept/" + name) : Optional.empty()));
  }

  private AgentAnswer startIncoming(boolean awaitSource) {
    if (dead || !disk) {
      return refuse("dead in this epoch, or no disks");
    }
    if (!insecure && peer.isEmpty()) {
      return refuse("no key");
    }
    if (!arrived) {
      qemu = true;
      incoming = true;
      export = true;
    }
    awaitsSource |= awaitSource;
    return new Done(
        new IncomingReady(
            "127.0.0.2",
            10809,
            4444,
            Map.of("vda", "x"),
            true,
            awaitsSource ? Optional.of(true) : Optional.empty()));
  }

  private AgentAnswer killIncoming() {
    if (arrived) {
      return refuse("the guest has arrived");
    }
    dead = true;
    qemu = false;
    incoming = false;
    export = false;
    return new Done(report());
  }

  private AgentAnswer awaitArrival(boolean sourceLetGo) {
    if (loaded && incoming && sourceLetGo) {
      cloud.checkSourceLetGo();
      arrive();
    }
    if (cloud.copyArrivesWhenAsked && incoming && cloud.host(FakeCloud.HOME).handedOver) {
      arrive();
    }
    if (arrived) {
      space = false;
      return new Done(new Arrived(Optional.of(new ArrivalStamps(at(1_011), at(1_013)))));
    }
    return dead ? refuse("dead") : new Working("waiting");
  }

  private AgentAnswer mirrorDisks() {
    if (!runs || !cloud.destination().export || !understands(cloud.destination())) {
      return refuse("no export to mirror to, or no key for it");
    }
    if (cloud.copyLastsUntilForced && forced == 0) {
      mirror = true;
      cloud.duringCopy.run();
      return new Working("copies");
    }
    mirror = true;
    return nothing();
  }

  private AgentAnswer cancelMirrors() {
    mirror = false;
    return qemu ? nothing() : refuse("no guest");
  }

  private AgentAnswer handOver(AgentRequest.HandOver asked) {
    if (!handedOver) {
      if (!runs || !mirror) {
        return refuse("nothing to hand over");
      }
      if (!cloud.destination().incoming) {
        return new Done(
            new HandedOver(false, "nobody listens there", Optional.empty(), Optional.empty()));
      }
      mirror = false;
      runs = false;
      handedOver = true;
      epoch = asked.header().epoch();
      cloud.leaves(cloud.destination());
      leavesBy(cloud.destination());
    }
    if (failed) {
      return new Done(
          new HandedOver(
              true, "it failed", Optional.empty(), Optional.empty(), Optional.of(false)));
    }
    if (!allSent) {
      return qemu
          ? new Working("sends the rest")
          : new Done(
              new HandedOver(true, "its QEMU has ended", Optional.empty(), Optional.empty()));
    }
    return new Done(
        new HandedOver(
            true,
            "",
            Optional.of(new LeavingStamps(at(1_000), at(1_001), at(1_003), at(1_009))),
            asked.header().migration().map(id -> Samples.progress(id, 3_000, 3_000, 500, 500)),
            Optional.of(true)));
  }

  private void leavesBy(FakeHost to) {
    to.lacksMemory = cloud.sourceDiesInPostCopy || cloud.postCopyLasts;
    failed = cloud.sourceFailsAfterLeaving;
    allSent = !to.lacksMemory && !cloud.sourceEndsUnrecorded && !failed;
    if (cloud.sourceDiesInPostCopy || cloud.sourceEndsUnrecorded) {
      qemuDies();
    }
  }

  private static Optional<Instant> at(long millis) {
    return Optional.of(Instant.ofEpochMilli(millis));
  }

  /** All is there. Where its source can still fail it waits, else it runs. */
  void load() {
    loaded = true;
    if (!awaitsSource || cloud.sourceDiesInPostCopy || cloud.postCopyLasts) {
      arrive();
    }
  }

  /** Its QEMU cannot run the guest by itself any more. */
  boolean letGo() {
    return handedOver && allSent;
  }

  void arrive() {
    incoming = false;
    export = false;
    arrived = true;
    halfKey = false;
    runs = true;
    cloud.checkOneRunner();
  }

  private AgentAnswer returnHome(AgentRequest.ReturnHome asked) {
    if (handedOver && asked.handedOver().orElse(epoch) != epoch) {
      return refuse("handed over in another epoch");
    }
    mirror &= asked.handedOver().isEmpty();
    if (!qemu) {
      handedOver = false;
      return refuse("no guest");
    }
    if (!runs) {
      if (!cloud.destination().dead && !cloud.goesOnWithout(cloud.destination())) {
        throw new AssertionError("sent home while the copy may live");
      }
      handedOver = false;
      runs = true;
      cloud.checkOneRunner();
    }
    return nothing();
  }

  private AgentAnswer stop() {
    if (!arrived) {
      return refuse("no guest that could be stopped");
    }
    qemuDies();
    lacksMemory = false;
    return nothing();
  }

  private AgentAnswer retire(boolean notNeeded) {
    FakeHost to = cloud.destination();
    if (!to.arrived) {
      throw new AssertionError("retired before the guest arrived");
    }
    if (handedOver && !allSent && !notNeeded) {
      return qemu
          ? refuse("its memory is still on its way")
          : new Refused(new Failure(ErrorCode.SOURCE_ENDED, "not known to have sent all"));
    }
    if (to.qemu && to.lacksMemory) {
      throw new AssertionError("retired while its guest lacks memory");
    }
    qemu = false;
    disk = false;
    handedOver = false;
    halfKey = false;
    return nothing();
  }

  private GuestReport report() {
    FakeHost home = cloud.host(FakeCloud.HOME);
    Optional<MissingMemory> missing =
        lacksMemory && qemu
            // Of a host that was switched off QEMU does not hear.
            ? Optional.of(
                home.qemu || cloud.silent(home.name) ? MissingMemory.COMING : MissingMemory.CUT_OFF)
            : handedOver && !qemu && !allSent
                ? Optional.of(MissingMemory.CUT_OFF)
                : Optional.empty();
    return new GuestReport(runner(), 3, "", missing, handedOver ? said() : Optional.empty());
  }

  private Optional<Boolean> said() {
    if (allSent) {
      return Optional.of(true);
    }
    return qemu && !failed ? Optional.empty() : Optional.of(false);
  }

  private Runner runner() {
    if (runs) {
      return cloud.pausedByItsUser ? Runner.PAUSED : Runner.RUNNING;
    }
    if (handedOver) {
      return Runner.HANDED_OVER;
    }
    if (dead) {
      return Runner.DEAD;
    }
    if (incoming) {
      return Runner.INCOMING;
    }
    if (disk && !qemu) {
      return Runner.STOPPED;
    }
    return Runner.ABSENT;
  }

  /** QEMU is gone, by itself. */
  void qemuDies() {
    qemu = false;
    runs = false;
    incoming = false;
    export = false;
    mirror = false;
  }

  private static AgentAnswer nothing() {
    return new Done(new Nothing());
  }

  private static AgentAnswer refuse(String why) {
    return new Refused(new Failure(ErrorCode.INSTANCE_INVALID_STATE, why));
  }

  private static SourceFacts described() {
    return new SourceFacts(
        "{}",
        "QEMU",
        7_002_022,
        "pc-q35-7.2",
        "tcg",
        1,
        128,
        List.of(
            new DiskFacts(
                "vda",
                DiskKind.LOCAL,
                "qcow2",
                1L << 30,
                1L << 20,
                2L << 20,
                Optional.of(BASE),
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.of(List.of(new DiskLayer(BASE, "qcow2", 2L << 20))))),
        List.of(),
        List.of(new ImmutableFile(BASE, 1 << 20)),
        false,
        Optional.empty(),
        true);
  }
}
