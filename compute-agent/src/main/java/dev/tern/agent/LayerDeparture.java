package dev.tern.agent;

import dev.tern.agent.Sendings.Sending;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.MoveLimits;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.ImmutableFile;
import dev.tern.contract.agent.AgentResult.LayersSent;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LayerTransfer.Endpoint;
import dev.tern.virt.LayerTransfer.Target;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** The files below a leaving guest's disks, as far as the destination asks for them. */
final class LayerDeparture {
  static final String SENT = "layers-sent";

  private final Instances instances;
  private final VirtDriver driver;
  private final Jobs jobs;
  private final ProgressTeller progress;
  private final Sendings sendings;

  LayerDeparture(
      Instances instances,
      VirtDriver driver,
      Jobs jobs,
      ProgressTeller progress,
      Sendings sendings) {
    this.sendings = sendings;
    this.instances = instances;
    this.driver = driver;
    this.jobs = jobs;
    this.progress = progress;
  }

  /** How long the files of a recipe are, and what they take. */
  List<ImmutableFile> describe(LaunchRecipe recipe) throws IOException, VirtException {
    List<ImmutableFile> layers = new ArrayList<>();
    for (String digest : Recipes.files(recipe).distinct().sorted().toList()) {
      Path file = instances.directories().bases().resolve(digest);
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        throw new ComputeException(
            ErrorCode.HYPERVISOR_FAILED,
            "Layer %s of server %s is gone from this host.".formatted(digest, recipe.serverId()),
            null);
      }
      layers.add(new ImmutableFile(digest, Files.size(file)));
    }
    return layers;
  }

  /** Sends each; those sent before are sent again, over what is the same. */
  AgentResult send(Header header, LayersWanted wanted, MoveLimits limits) throws Exception {
    Instance instance = instances.of(header.server());
    LaunchRecipe recipe = Recipes.recipe(instance.directory(), header.server());
    check(wanted, recipe);
    Sending sending = sendings.begin(header, bytes(wanted), limits);
    try {
      return Deadline.within(
          sending::left, () -> sendAll(header, instance, wanted, limits, sending));
    } catch (TimeoutException e) {
      throw new ComputeException(
          ErrorCode.HYPERVISOR_FAILED,
          "The layers below the disks of server %s were not sent within %s."
              .formatted(header.server(), limits.deadline()),
          e);
    } catch (VirtException e) {
      throw DestinationFull.named(e);
    } finally {
      sendings.end(header);
    }
  }

  private void check(LayersWanted wanted, LaunchRecipe recipe) {
    try {
      MigrationAddress.parse(wanted.address());
    } catch (IllegalArgumentException e) {
      throw Refusals.invalid(
          "The destination's address cannot be used: %s.".formatted(e.getMessage()));
    }
    // Nobody is sent a file of another server.
    if (!Recipes.files(recipe).collect(Collectors.toSet()).containsAll(wanted.exports().keySet())) {
      throw Refusals.invalid("The destination asks for a layer that the server does not have.");
    }
  }

  private long bytes(LayersWanted wanted) throws IOException, VirtException {
    long bytes = 0;
    for (String digest : wanted.exports().keySet()) {
      bytes += driver.images().allocatedBytes(instances.directories().bases().resolve(digest));
    }
    return bytes;
  }

  private AgentResult sendAll(
      Header header, Instance instance, LayersWanted wanted, MoveLimits limits, Sending sending)
      throws IOException, VirtException, InterruptedException {
    LaunchRecipe recipe = Recipes.recipe(instance.directory(), header.server());
    Consumer<MoveProgress> told = progress.of(header, memoryBytes(recipe), limits.downtimeLimit());
    Map<String, String> exports = new TreeMap<>(wanted.exports());
    Optional<StreamKey> key = instances.keys().stream(header);
    Endpoint to = new Endpoint(wanted.address(), wanted.port());
    Path bases = instances.directories().bases();
    long all = bytes(wanted);
    long before = 0;
    for (Map.Entry<String, String> layer : exports.entrySet()) {
      Path file = bases.resolve(layer.getKey());
      long done = before;
      driver
          .layers()
          .send(
              file,
              instance.directory(),
              new Target(to, layer.getValue(), key),
              sending.rate(),
              sent -> told.accept(MoveProgress.ofLayers(all, done + sent)));
      before += driver.images().allocatedBytes(file);
    }
    Durable.write(
        instance.directory().resolve(SENT),
        "%d %d\n".formatted(header.epoch(), all).getBytes(StandardCharsets.US_ASCII));
    return new LayersSent(all);
  }

  static long memoryBytes(LaunchRecipe recipe) {
    return recipe.memoryKib() << 10;
  }

  /** Bytes of layers that were sent in this epoch: part of what the migration moves. */
  static long sent(Instance instance, Header header) throws IOException {
    Path file = instance.directory().resolve(SENT);
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return 0;
    }
    String[] said = Files.readString(file).strip().split(" ");
    return said.length == 2 && said[0].equals(Long.toString(header.epoch()))
        ? Long.parseLong(said[1])
        : 0;
  }

  /** Ends the sending. Harmless when there is none. */
  AgentResult stop(Header header) throws Exception {
    Optional<Jobs.Job> sending = jobs.running(header.server(), AgentRequest.SendLayers.class);
    if (sending.isPresent()) {
      sending.get().endNow();
    }
    Instance instance = instances.of(header.server());
    if (instance.present() && sent(instance, header) > 0) {
      Files.deleteIfExists(instance.directory().resolve(SENT));
    }
    return new Nothing();
  }
}
