package dev.tern.agent;

import dev.tern.agent.Jobs.Lane;
import dev.tern.agent.Jobs.Work;
import dev.tern.contract.ComputeException;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentAnswer.Refused;
import dev.tern.contract.agent.AgentAnswer.Working;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AgreeOnKey;
import dev.tern.contract.agent.AgentRequest.AskGuest;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CancelHandOver;
import dev.tern.contract.agent.AgentRequest.CancelMirrors;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CheckResize;
import dev.tern.contract.agent.AgentRequest.CheckSource;
import dev.tern.contract.agent.AgentRequest.ClearArrival;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DescribeServer;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.DigestFiles;
import dev.tern.contract.agent.AgentRequest.DropKept;
import dev.tern.contract.agent.AgentRequest.DropLayers;
import dev.tern.contract.agent.AgentRequest.EndCheck;
import dev.tern.contract.agent.AgentRequest.FindKept;
import dev.tern.contract.agent.AgentRequest.ForceComplete;
import dev.tern.contract.agent.AgentRequest.GatherLayers;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.KeepConsole;
import dev.tern.contract.agent.AgentRequest.KeepDisks;
import dev.tern.contract.agent.AgentRequest.KeepLayers;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.LandServer;
import dev.tern.contract.agent.AgentRequest.LeaveServer;
import dev.tern.contract.agent.AgentRequest.LetGo;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.OfColdMove;
import dev.tern.contract.agent.AgentRequest.OfDisks;
import dev.tern.contract.agent.AgentRequest.PauseServer;
import dev.tern.contract.agent.AgentRequest.ReadConsole;
import dev.tern.contract.agent.AgentRequest.RebootServer;
import dev.tern.contract.agent.AgentRequest.ReceiveFiles;
import dev.tern.contract.agent.AgentRequest.ReleaseSpace;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.ResizeHere;
import dev.tern.contract.agent.AgentRequest.ResumeServer;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.ReturnHome;
import dev.tern.contract.agent.AgentRequest.SealConsole;
import dev.tern.contract.agent.AgentRequest.SealSecrets;
import dev.tern.contract.agent.AgentRequest.SendFiles;
import dev.tern.contract.agent.AgentRequest.SendLayers;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.SteerFiles;
import dev.tern.contract.agent.AgentRequest.SteerMove;
import dev.tern.contract.agent.AgentRequest.StopLayers;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.SuspendServer;
import dev.tern.contract.agent.AgentRequest.TakeBack;
import dev.tern.contract.agent.AgentRequest.UnpauseServer;
import dev.tern.contract.agent.AgentRequest.WantConsole;
import dev.tern.contract.agent.AgentRequest.WithdrawKey;
import dev.tern.contract.agent.AgentResult;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every request an agent knows, and who carries it out. Whatever arrives is answered; asking again
 * is always safe.
 */
final class AgentRequests {
  private static final Logger log = LoggerFactory.getLogger(AgentRequests.class);

  private final Instances instances;
  private final Jobs jobs;
  private final GuestLife life;
  private final GuestPausing pausing;
  private final GuestSuspending suspending;
  private final SourceSide source;
  private final DestinationSide destination;
  private final DiskSide disks;
  private final Layers layers;
  private final ConsoleMoves consoles;
  private final Cold cold;

  /** The files below the disks, both ways. */
  record Layers(LayerArrival in, LayerDeparture out) {}

  /** Both hosts of a cold migration. */
  record Cold(ColdSource source, ColdDestination destination, ColdResize here) {}

  AgentRequests(
      Instances instances,
      Jobs jobs,
      GuestLife life,
      GuestSuspending suspending,
      SourceSide source,
      DestinationSide destination,
      DiskSide disks,
      Layers layers,
      ConsoleMoves consoles,
      Cold cold) {
    this.instances = instances;
    this.jobs = jobs;
    this.life = life;
    this.pausing = new GuestPausing(instances);
    this.suspending = suspending;
    this.source = source;
    this.destination = destination;
    this.disks = disks;
    this.layers = layers;
    this.consoles = consoles;
    this.cold = cold;
  }

  AgentAnswer answer(AgentRequest request) {
    try {
      if (!(request instanceof AskGuest)) {
        instances.of(request.header().server()).check(request.header().epoch());
      }
      return dispatch(request);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return new Working("this agent is stopping");
    } catch (Exception e) {
      if (!(e instanceof ComputeException)) {
        log.atWarn()
            .addKeyValue("step", request.getClass().getSimpleName())
            .addKeyValue("server", request.header().server())
            .setCause(e)
            .log("request refused");
      }
      return new Refused(Refusals.failure(e));
    }
  }

  private AgentAnswer dispatch(AgentRequest request) throws Exception {
    return switch (request) {
      case AskGuest r -> new Done(GuestReports.of(instances.of(r.header().server())));
      case BuildServer r -> change(r, () -> life.build(r.header(), r.spec()));
      case StartServer r -> change(r, () -> life.start(r.header()));
      case StopServer r -> change(r, () -> life.stop(r.header(), r.grace()));
      case RebootServer r -> change(r, () -> life.reboot(r.header(), r.grace()));
      case PauseServer r -> change(r, () -> pausing.pause(r.header()));
      case UnpauseServer r -> change(r, () -> pausing.unpause(r.header()));
      case SuspendServer r -> change(r, () -> suspending.suspend(r.header(), why -> say(r, why)));
      case ResumeServer r -> change(r, () -> suspending.resume(r.header(), why -> say(r, why)));
      case DestroyServer r -> destroy(r);
      case LeaveServer r -> change(r, () -> life.leave(r.header(), r.keepDisks()));
      case DescribeSource r -> look(r, () -> source.describe(r.header()));
      case CheckSource r ->
          look(r, () -> source.check(r.header(), r.probeFile(), r.blockMigration()));
      case AgreeOnKey r -> change(r, () -> agree(r));
      case WithdrawKey r -> change(r, () -> withdraw(r));
      case SealSecrets r -> look(r, () -> source.sealSecrets(r.header()));
      case MirrorDisks r ->
          change(r, () -> source.mirrorDisks(r.header(), r.target(), r.ways(), r.move()));
      case CancelMirrors r -> beside(r, () -> source.cancelMirrors(r.header()));
      case HandOver r -> change(r, () -> source.handOver(r.header(), r.target(), r.move()));
      case CancelHandOver r -> beside(r, () -> source.cancelHandOver(r.header()));
      case SteerMove r -> {
        instances.of(r.header().server()).take(r.header().epoch());
        yield source.steer(r.header(), r.policy());
      }
      case ForceComplete r -> {
        instances.of(r.header().server()).take(r.header().epoch());
        yield source.forceComplete(r.header());
      }
      case ReturnHome r -> change(r, () -> source.returnHome(r.header(), r.handedOver()));
      case RetireSource r ->
          change(r, () -> source.retire(r.header(), r.keepDisks(), r.notNeeded().orElse(false)));
      case CheckDestination r ->
          look(r, () -> destination.check(r.header(), r.source(), r.diskOverCommit()));
      case EndCheck r -> look(r, () -> destination.endCheck(r.probeFile()));
      case ReserveSpace r ->
          change(r, () -> destination.reserveSpace(r.header(), r.source(), r.diskOverCommit()));
      case ReleaseSpace r -> change(r, () -> destination.releaseSpace(r.header()));
      case GatherLayers r -> change(r, () -> layers.in().gather(r.header(), r.source()));
      case KeepLayers r -> change(r, () -> layers.in().keep(r.header()));
      case DropLayers r ->
          instead(
              r, List.of(GatherLayers.class, KeepLayers.class), () -> layers.in().drop(r.header()));
      case SendLayers r -> change(r, () -> layers.out().send(r.header(), r.wanted(), r.limits()));
      case StopLayers r -> beside(r, () -> layers.out().stop(r.header()));
      case CreateDisks r ->
          change(r, () -> destination.createDisks(r.header(), r.source(), r.secrets()));
      case DeleteDisks r ->
          instead(r, List.of(CreateDisks.class), () -> destination.deleteDisks(r.header()));
      case KeepDisks r ->
          instead(r, List.of(CreateDisks.class), () -> destination.keepDisks(r.header()));
      case StartIncoming r ->
          change(
              r,
              () ->
                  destination.startIncoming(
                      r.header(),
                      r.source(),
                      r.streams(),
                      r.awaitSource().orElse(false),
                      why -> say(r, why)));
      case KillIncoming r -> killIncoming(r);
      case AwaitArrival r -> awaitArrival(r);
      case ReadConsole r -> new Done(consoles.read(r.header(), r.lines()));
      case WantConsole r -> change(r, () -> consoles.want(r.header()));
      case SealConsole r -> change(r, () -> consoles.seal(r.header(), r.peer()));
      case KeepConsole r -> change(r, () -> consoles.keep(r.header(), r.console()));
      case OfDisks r -> disks.answer(r);
      case OfColdMove r -> cold(r);
    };
  }

  private AgentAnswer cold(OfColdMove request) throws Exception {
    return switch (request) {
      case DescribeServer r -> look(r, () -> source.describeServer(r.header()));
      case LetGo r -> change(r, () -> cold.source().letGo(r.header(), r.grace()));
      case TakeBack r -> {
        cold.source().endSending(r.header());
        yield change(r, () -> cold.source().takeBack(r.header(), r.letGo()));
      }
      case DigestFiles r -> change(r, () -> cold.source().digest(r.header()));
      case SendFiles r -> change(r, () -> cold.source().send(r.header(), r.wanted(), r.limits()));
      case SteerFiles r -> {
        instances.of(r.header().server()).take(r.header().epoch());
        yield cold.source().steer(r.header(), r.bytesPerSecond());
      }
      case ReceiveFiles r ->
          change(r, () -> cold.destination().receive(r.header(), r.source(), r.files()));
      case LandServer r -> change(r, () -> cold.destination().land(r));
      case CheckResize r -> look(r, () -> cold.here().check(r.header(), r.size()));
      case ResizeHere r -> change(r, () -> cold.here().resize(r.header(), r.size()));
      case FindKept r -> look(r, () -> cold.here().find(r.header(), r.letGo()));
      case DropKept r -> change(r, () -> cold.here().drop(r.header(), r.letGo()));
      case ClearArrival r ->
          instead(
              r,
              List.of(GatherLayers.class, KeepLayers.class, ReceiveFiles.class, LandServer.class),
              () -> cold.destination().clear(r.header()));
    };
  }

  private void say(AgentRequest request, String why) {
    jobs.running(request.header().server(), request.getClass()).ifPresent(job -> job.say(why));
  }

  private AgentResult agree(AgreeOnKey request) throws IOException {
    Header header = request.header();
    Standing standing = instances.of(header.server()).standing();
    if (StreamKeys.over(standing, header.epoch())) {
      throw Refusals.wrongPlace(header.server(), standing, "given a key");
    }
    return instances.keys().agree(header, request.peer());
  }

  private AgentResult withdraw(WithdrawKey request) throws IOException {
    instances.keys().end(request.header().server());
    return new AgentResult.Nothing();
  }

  private AgentAnswer look(AgentRequest request, Work work) throws InterruptedException {
    return jobs.ask(request, Lane.WORK, work);
  }

  private AgentAnswer change(AgentRequest request, Work work)
      throws InterruptedException, IOException {
    Header header = request.header();
    instances.of(header.server()).take(header.epoch());
    return jobs.ask(request, Lane.WORK, work);
  }

  private AgentAnswer beside(AgentRequest request, Work work)
      throws InterruptedException, IOException {
    Header header = request.header();
    instances.of(header.server()).take(header.epoch());
    return jobs.ask(request, Lane.CANCEL, work);
  }

  /** What the request takes back is not waited for. */
  private AgentAnswer instead(
      AgentRequest request, List<Class<? extends AgentRequest>> undone, Work work)
      throws InterruptedException, IOException {
    for (Class<? extends AgentRequest> kind : undone) {
      jobs.running(request.header().server(), kind).ifPresent(Jobs.Job::interrupt);
    }
    return change(request, work);
  }

  private AgentAnswer destroy(DestroyServer request) throws InterruptedException, IOException {
    jobs.running(request.header().server(), CreateDisks.class).ifPresent(Jobs.Job::interrupt);
    jobs.running(request.header().server(), MirrorDisks.class).ifPresent(Jobs.Job::interrupt);
    jobs.running(request.header().server(), SuspendServer.class).ifPresent(Jobs.Job::interrupt);
    jobs.running(request.header().server(), ResumeServer.class).ifPresent(Jobs.Job::interrupt);
    return change(request, () -> life.destroy(request.header()));
  }

  private AgentAnswer killIncoming(KillIncoming request) throws InterruptedException, IOException {
    destination.recordDead(request.header());
    jobs.running(request.header().server(), CreateDisks.class).ifPresent(Jobs.Job::interrupt);
    return jobs.ask(request, Lane.WORK, () -> destination.killIncoming(request.header()));
  }

  /** No job: the guest's own QEMU moves it on, and this only looks. */
  private AgentAnswer awaitArrival(AwaitArrival request) throws Exception {
    Optional<AgentResult> arrived =
        destination.awaitArrival(request.header(), request.sourceLetGo().orElse(false), jobs);
    if (arrived.isEmpty()) {
      return new Working("the guest is under way");
    }
    // Once more: its QEMU may have died before the arrival was noted, or the disk was full then.
    instances.keys().end(request.header());
    return new Done(arrived.get());
  }
}
