package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.ImmutableFile;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files below an arriving guest's disks: those that are here are proven right, those that the
 * image service has are fetched, and the rest is asked of the source.
 */
final class LayerArrival {
  private static final Logger log = LoggerFactory.getLogger(LayerArrival.class);

  private final ImageStore images;
  private final LayerProofs proofs;
  private final LayerClaims claims;
  private final Receptions receptions;
  private final Reservations reservations;

  LayerArrival(
      ImageStore images,
      LayerProofs proofs,
      LayerClaims claims,
      Receptions receptions,
      Reservations reservations) {
    this.images = images;
    this.proofs = proofs;
    this.claims = claims;
    this.receptions = receptions;
    this.reservations = reservations;
  }

  /**
   * What the recipe needs, by digest and in its order.
   *
   * @throws ComputeException INVALID_INPUT when the source does not say how long a file is
   */
  static List<ImmutableFile> needed(LaunchRecipe recipe, SourceFacts source) {
    Map<String, ImmutableFile> said =
        source.layers().stream()
            .collect(Collectors.toMap(ImmutableFile::sha256, layer -> layer, (a, _) -> a));
    Set<String> digests = Recipes.files(recipe).collect(Collectors.toSet());
    if (!said.keySet().containsAll(digests)
        || said.values().stream().anyMatch(layer -> layer.sizeBytes() <= 0)) {
      throw Refusals.invalid("The source does not say how long the files of its recipe are.");
    }
    return digests.stream()
        .map(said::get)
        .sorted(Comparator.comparing(ImmutableFile::sha256))
        .toList();
  }

  /** Of these, what is not here. */
  List<String> absent(List<ImmutableFile> needed) {
    return needed.stream()
        .map(ImmutableFile::sha256)
        .filter(digest -> !proofs.present(digest))
        .toList();
  }

  /** Of these, what is not here, or not known to be right without reading it. */
  List<String> unproven(List<ImmutableFile> needed) throws IOException {
    List<String> unknown = new ArrayList<>();
    for (ImmutableFile layer : needed) {
      if (!proofs.proven(layer.sha256())) {
        unknown.add(layer.sha256());
      }
    }
    return unknown;
  }

  AgentResult gather(Header header, SourceFacts source) throws Exception {
    LaunchRecipe recipe = DiskWays.arriving(header, source);
    List<ImmutableFile> needed = needed(recipe, source);
    List<ImageRef> fetchable = fetchable(recipe, source);
    Optional<LayersWanted> open = receptions.open(header);
    if (open.isPresent()) {
      return open.get();
    }
    Map<String, Long> wanted = new LinkedHashMap<>();
    try {
      for (ImmutableFile layer : needed) {
        claims.claim(layer.sha256(), header.server());
        if (has(header, layer, fetchable)) {
          claims.release(layer.sha256(), header.server());
        } else {
          wanted.put(layer.sha256(), layer.sizeBytes());
        }
      }
      return wanted.isEmpty() ? LayersWanted.none() : receptions.open(header, wanted);
    } catch (Exception e) {
      dropAfter(header, e);
      throw e;
    }
  }

  private void dropAfter(Header header, Exception failure) {
    try {
      receptions.drop(header.server(), header.epoch());
    } catch (IOException | VirtException e) {
      failure.addSuppressed(e);
    }
  }

  /** What the image service may be asked for: all images but those below a disk that goes whole. */
  private static List<ImageRef> fetchable(LaunchRecipe recipe, SourceFacts source) {
    Set<String> fromSource = DiskWays.fromSource(recipe, source);
    return source.images().stream().filter(i -> !fromSource.contains(i.sha256())).toList();
  }

  private boolean has(Header header, ImmutableFile layer, List<ImageRef> fetchable)
      throws IOException, VirtException, InterruptedException {
    // Before it is looked for, so that it stays; and again when it is not here, for its room.
    reservations.extend(header, layer.sha256(), layer.sizeBytes());
    if (proofs.prove(layer.sha256())) {
      return true;
    }
    reservations.extend(header, layer.sha256(), layer.sizeBytes());
    for (ImageRef image : fetchable) {
      if (image.sha256().equals(layer.sha256()) && fetched(image)) {
        return true;
      }
    }
    return false;
  }

  /** False when the image service does not have it any more, or cannot be asked. */
  private boolean fetched(ImageRef image) throws IOException, InterruptedException {
    try {
      images.file(image);
      return true;
    } catch (ComputeException e) {
      return switch (e.code()) {
        case IMAGE_NOT_FOUND, IMAGE_NOT_ACTIVE, IMAGE_UNACCEPTABLE -> {
          log.atInfo()
              .addKeyValue("image", image.id())
              .addKeyValue("reason", e.explanation())
              .log("an image cannot be fetched; its bytes are asked of the source");
          yield false;
        }
        default -> throw e;
      };
    }
  }

  /**
   * Ends with every file of the recipe here and right, fetched where that can be.
   *
   * @throws ComputeException naming the file that is not here, or that is not what it is said to be
   */
  void ensure(LaunchRecipe recipe, SourceFacts source) throws Exception {
    List<ImageRef> fetchable = fetchable(recipe, source);
    for (ImmutableFile layer : needed(recipe, source)) {
      Optional<ImageRef> image =
          fetchable.stream().filter(i -> i.sha256().equals(layer.sha256())).findFirst();
      if (image.isPresent()) {
        images.file(image.get());
      } else if (!proofs.prove(layer.sha256())) {
        throw new ComputeException(
            ErrorCode.IMAGE_NOT_FOUND,
            "Layer %s is not here, and was not sent.".formatted(layer.sha256()),
            null);
      }
    }
    for (LocalDisk disk : recipe.localDisks()) {
      if (!disk.layers().isEmpty()
          && images.inspect(disk.layers().getLast()).virtualBytes() > disk.virtualBytes()) {
        throw Refusals.invalid("A disk of the recipe is smaller than its base.");
      }
    }
  }

  AgentResult keep(Header header) throws Exception {
    receptions.keep(header);
    return new Nothing();
  }

  AgentResult drop(Header header) throws Exception {
    receptions.drop(header.server(), header.epoch());
    return new Nothing();
  }
}
