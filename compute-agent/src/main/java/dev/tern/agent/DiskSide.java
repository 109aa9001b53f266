package dev.tern.agent;

import dev.tern.agent.Jobs.Lane;
import dev.tern.agent.Jobs.Work;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AskCopy;
import dev.tern.contract.agent.AgentRequest.AttachVolume;
import dev.tern.contract.agent.AgentRequest.CheckCopy;
import dev.tern.contract.agent.AgentRequest.CheckVolume;
import dev.tern.contract.agent.AgentRequest.DescribeChain;
import dev.tern.contract.agent.AgentRequest.DescribeDisks;
import dev.tern.contract.agent.AgentRequest.DetachVolume;
import dev.tern.contract.agent.AgentRequest.DigestDisk;
import dev.tern.contract.agent.AgentRequest.DropCopy;
import dev.tern.contract.agent.AgentRequest.EndCopy;
import dev.tern.contract.agent.AgentRequest.FreezeDisk;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.LimitCopy;
import dev.tern.contract.agent.AgentRequest.OfDisks;
import dev.tern.contract.agent.AgentRequest.RemoveCopy;
import dev.tern.contract.agent.AgentRequest.StartCopy;
import dev.tern.contract.agent.AgentRequest.UploadCopy;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is asked of the disks of servers that live here. */
final class DiskSide {
  private static final Logger log = LoggerFactory.getLogger(DiskSide.class);

  private final Instances instances;
  private final Jobs jobs;
  private final DiskViews views;
  private final DiskCopying copying;
  private final DiskFreezing freezing;
  private final VolumePlugging volumes;
  private final ImageSender sender;

  DiskSide(
      Instances instances,
      Jobs jobs,
      DiskViews views,
      DiskCopying copying,
      DiskFreezing freezing,
      VolumePlugging volumes,
      ImageSender sender) {
    this.instances = instances;
    this.jobs = jobs;
    this.views = views;
    this.copying = copying;
    this.freezing = freezing;
    this.volumes = volumes;
    this.sender = sender;
  }

  private Path bases() {
    return instances.directories().bases();
  }

  private ServerDisks disks(Header header) throws IOException, VirtException {
    return ServerDisks.of(instances.of(header.server()), bases());
  }

  AgentAnswer answer(OfDisks request) throws Exception {
    Header header = request.header();
    return switch (request) {
      case DescribeDisks _ -> new Done(views.describe(disks(header)));
      case DescribeChain r -> new Done(views.chain(disks(header), r.disk()));
      case AskCopy r -> new Done(copying.look(disks(header), r.copy()));
      case DigestDisk r -> jobs.ask(r, Lane.WORK, () -> views.digest(disks(header), r.disk()));
      case CheckCopy r -> done(() -> copying.check(disks(header), r.copy()));
      case StartCopy r -> change(r, () -> copying.start(disks(header), r.copy()));
      case LimitCopy r ->
          change(r, () -> copying.limit(disks(header), r.copy(), r.bytesPerSecond()));
      case EndCopy r -> changed(r, () -> copying.end(disks(header), r.copy(), r.end()));
      case DropCopy r -> drop(r);
      case RemoveCopy r -> change(r, () -> copying.removeEnded(disks(header), r.copy()));
      case UploadCopy r ->
          change(r, () -> sender.send(copying.finished(disks(header), r.copy()), r.image()));
      case FreezeDisk r -> changed(r, () -> freezing.freeze(disks(header), r.disk(), r.layer()));
      case CheckVolume r -> jobs.ask(r, Lane.WORK, () -> volumes.check(disks(header), r.volume()));
      case AttachVolume r -> changed(r, () -> volumes.attach(disks(header), r.volume()));
      case DetachVolume r ->
          change(r, () -> volumes.detach(disks(header), r.volume(), r.patience()));
    };
  }

  /** Something without a result. */
  @FunctionalInterface
  private interface Change {
    void make() throws Exception;
  }

  private static AgentAnswer done(Change look) throws Exception {
    look.make();
    return new Done(new Nothing());
  }

  private AgentAnswer change(AgentRequest request, Change change)
      throws InterruptedException, IOException {
    return changed(
        request,
        () -> {
          change.make();
          return new Nothing();
        });
  }

  private AgentAnswer changed(AgentRequest request, Work work)
      throws InterruptedException, IOException {
    Header header = request.header();
    instances.of(header.server()).take(header.epoch());
    return jobs.ask(request, Lane.WORK, work);
  }

  private AgentAnswer drop(DropCopy request) throws InterruptedException, IOException {
    Header header = request.header();
    for (Class<? extends AgentRequest> longer :
        java.util.List.of(StartCopy.class, UploadCopy.class)) {
      jobs.running(header.server(), longer).ifPresent(Jobs.Job::interrupt);
    }
    return change(
        request, () -> copying.drop(disks(header), request.copy(), request.broken().orElse(false)));
  }

  /** What a former agent was ending is ended; one server that cannot be hinders no other. */
  void goOn() throws IOException {
    for (Instance instance : instances.present()) {
      try {
        switch (instance.standing().place()) {
          case RUNNING -> copying.goOn(ServerDisks.of(instance, bases()));
          case NOTHING,
              DEFINED,
              STOPPED,
              SUSPENDED,
              RECEIVING,
              INCOMING,
              HANDED_OVER,
              DEAD,
              RETIRED -> {}
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (IOException | VirtException | RuntimeException e) {
        log.atError()
            .addKeyValue("server", instance.server())
            .setCause(e)
            .log("a disk's copy could not be gone on with; it is when it is asked for");
      }
    }
  }
}
