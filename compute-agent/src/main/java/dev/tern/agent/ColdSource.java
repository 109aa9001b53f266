package dev.tern.agent;

import dev.tern.agent.JournalEntry.HandedOver;
import dev.tern.agent.JournalEntry.TakenBack;
import dev.tern.agent.Sendings.Sending;
import dev.tern.agent.Standing.Place;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.MoveLimits;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.ColdDisks;
import dev.tern.contract.agent.AgentResult.ImmutableFile;
import dev.tern.contract.agent.AgentResult.LayersSent;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LayerTransfer.Endpoint;
import dev.tern.virt.LayerTransfer.Target;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The host that a server leaves without its guest running. That it has left is recorded before
 * anything is read, and nothing of it is changed here until it is taken back or cleared away.
 */
final class ColdSource {
  private static final Duration MAX_GRACE = Duration.ofMinutes(10);

  private final Instances instances;
  private final VirtDriver driver;
  private final Jobs jobs;
  private final Sendings sendings;

  ColdSource(Instances instances, VirtDriver driver, Jobs jobs, Sendings sendings) {
    this.sendings = sendings;
    this.instances = instances;
    this.driver = driver;
    this.jobs = jobs;
  }

  AgentResult letGo(Header header, Duration grace) throws Exception {
    if (grace.isNegative() || grace.compareTo(MAX_GRACE) > 0) {
      throw Refusals.invalid("A guest has between 0 and 10 minutes to power off.");
    }
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    switch (standing.place()) {
      case RUNNING -> {
        Optional<Guest> guest = instance.guest();
        if (guest.isPresent()) {
          guest.get().shutDown(grace);
        }
        instance.append(new HandedOver(header.epoch()));
      }
      case DEFINED, STOPPED -> {
        instance.kill();
        instance.append(new HandedOver(header.epoch()));
      }
      case HANDED_OVER -> requireLeft(header, instance, "let go");
      case NOTHING -> throw Refusals.absent(header.server());
      case SUSPENDED, RECEIVING, INCOMING, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), standing, "let go");
    }
    return new Nothing();
  }

  /** Also what may still be reading its disks ends first. */
  AgentResult takeBack(Header header, long letGo) throws Exception {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    if (CopyBefore.of(instance, letGo).present()) {
      giveBack(header, letGo, instance);
      instances.keys().end(header.server());
      return new Nothing();
    }
    if (instance.present()) {
      CopyBefore.of(instance, letGo).remove(); // what was made of one
    }
    switch (standing.place()) {
      case HANDED_OVER -> {
        if (standing.went().epoch() != letGo || instance.guest().isPresent()) {
          throw Refusals.wrongPlace(header.server(), standing, "taken back");
        }
        instance.append(new TakenBack(header.epoch(), letGo));
      }
      case DEFINED, RUNNING, STOPPED, SUSPENDED -> {}
      case NOTHING, RETIRED -> throw Refusals.absent(header.server());
      case RECEIVING, INCOMING, DEAD ->
          throw Refusals.wrongPlace(header.server(), standing, "taken back");
    }
    instances.keys().end(header.server());
    return new Nothing();
  }

  /** Nothing starts what is half the one and half the other: see {@link CopyBefore}. */
  private static void giveBack(Header header, long letGo, Instance instance)
      throws IOException, VirtException {
    Standing standing = instance.standing();
    if (instance.guest().isPresent()
        || (standing.place() != Place.HANDED_OVER && standing.place() != Place.STOPPED)) {
      throw Refusals.wrongPlace(header.server(), standing, "taken back");
    }
    if (standing.place() == Place.STOPPED) {
      instance.append(new HandedOver(header.epoch()));
    }
    CopyBefore before = CopyBefore.of(instance, letGo);
    before.giveBack();
    instance.append(new TakenBack(header.epoch(), instance.standing().went().epoch()));
    before.remove();
  }

  /** What reads a server's disks to send them. */
  void endSending(Header header) {
    sendings.end(header);
    jobs.running(header.server(), AgentRequest.ResizeHere.class).ifPresent(Jobs.Job::interrupt);
    jobs.running(header.server(), AgentRequest.SendFiles.class).ifPresent(Jobs.Job::interrupt);
    jobs.running(header.server(), AgentRequest.DigestFiles.class).ifPresent(Jobs.Job::interrupt);
    jobs.running(header.server(), AgentRequest.SendLayers.class).ifPresent(Jobs.Job::interrupt);
  }

  private static void requireLeft(Header header, Instance instance, String wish)
      throws IOException, VirtException {
    Standing standing = instance.standing();
    if (standing.place() != Place.HANDED_OVER
        || standing.went().epoch() != header.epoch()
        || instance.guest().isPresent()) {
      throw Refusals.wrongPlace(header.server(), standing, wish);
    }
  }

  AgentResult digest(Header header) throws Exception {
    Instance instance = instances.of(header.server());
    requireLeft(header, instance, "read");
    Map<String, ImmutableFile> files = new TreeMap<>();
    for (LocalDisk disk : recipe(instance).localDisks()) {
      Path file = disk.in(instance.directory());
      files.put(disk.id(), new ImmutableFile(LayerProofs.digest(file), Files.size(file)));
    }
    return new ColdDisks(files);
  }

  private static LaunchRecipe recipe(Instance instance) throws IOException {
    return Recipes.recipe(instance.directory(), instance.server());
  }

  AgentResult send(Header header, LayersWanted wanted, MoveLimits limits) throws Exception {
    Instance instance = instances.of(header.server());
    requireLeft(header, instance, "sent");
    try {
      MigrationAddress.parse(wanted.address());
    } catch (IllegalArgumentException e) {
      throw Refusals.invalid(
          "The destination's address cannot be used: %s.".formatted(e.getMessage()));
    }
    Sending sending = sendings.begin(header, bytes(instance), limits);
    try {
      return Deadline.within(sending::left, () -> sendAll(header, instance, wanted, sending));
    } catch (TimeoutException e) {
      throw new ComputeException(
          ErrorCode.HYPERVISOR_FAILED,
          "The disks of server %s were not sent within %s."
              .formatted(header.server(), limits.deadline()),
          e);
    } catch (VirtException e) {
      throw DestinationFull.named(e);
    } finally {
      sendings.end(header);
    }
  }

  private long bytes(Instance instance) throws IOException, VirtException {
    long bytes = 0;
    for (LocalDisk disk : recipe(instance).localDisks()) {
      bytes += driver.images().allocatedBytes(disk.in(instance.directory()));
    }
    return bytes;
  }

  /** So fast from now on, also what has not begun yet. */
  AgentAnswer steer(Header header, long bytesPerSecond) {
    sendings.steer(header, bytesPerSecond);
    return new AgentAnswer.Done(new Nothing());
  }

  private AgentResult sendAll(
      Header header, Instance instance, LayersWanted wanted, Sending sending)
      throws IOException, VirtException, InterruptedException {
    Optional<StreamKey> key = instances.keys().stream(header);
    Endpoint to = new Endpoint(wanted.address(), wanted.port());
    Map<String, String> exports = new TreeMap<>(wanted.exports());
    long bytes = 0;
    for (LocalDisk disk : recipe(instance).localDisks()) {
      @Nullable String export = exports.remove(disk.id());
      if (export == null) {
        throw Refusals.invalid("The destination does not ask for disk %s.".formatted(disk.id()));
      }
      Path file = disk.in(instance.directory());
      driver
          .layers()
          .send(file, instance.directory(), new Target(to, export, key), sending.rate(), _ -> {});
      bytes += driver.images().allocatedBytes(file);
    }
    if (!exports.isEmpty()) {
      throw Refusals.invalid("The destination asks for a file that the server does not have.");
    }
    return new LayersSent(bytes);
  }
}
