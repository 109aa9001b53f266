package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.virt.DiskImages;
import dev.tern.virt.DiskImages.Expected;
import dev.tern.virt.DiskImages.ImageFacts;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code _base/<sha256>}: base images, kernels and ramdisks by content, fetched when first needed.
 * The image service is believed in nothing: size and digest are the request's, and a disk image is
 * looked at as an attacker's before any QEMU sees it.
 */
final class ImageStore {
  private static final Logger log = LoggerFactory.getLogger(ImageStore.class);
  private static final String HALF = ".fetching";
  private static final int CHUNK = 1 << 18;

  private final Path bases;
  private final ImageService service;
  private final DiskImages images;
  private final LayerProofs proofs;

  /** Guards one digest's file: two fetches of it at once fetch once. */
  private final Map<String, ReentrantLock> fetching = new ConcurrentHashMap<>();

  ImageStore(Path bases, ImageService service, DiskImages images, LayerProofs proofs) {
    this.bases = bases;
    this.service = service;
    this.images = images;
    this.proofs = proofs;
  }

  Path directory() {
    return bases;
  }

  Path path(String sha256) {
    if (!Recipes.isDigest(sha256)) {
      throw Refusals.invalid("A sha256 has 64 hexadecimal digits in lower case.");
    }
    return bases.resolve(sha256);
  }

  /**
   * The base image of a disk, fetched if need be, with what it holds.
   *
   * @throws ComputeException IMAGE_UNACCEPTABLE when it is not what it is said to be
   */
  ImageFacts disk(ImageRef image) throws IOException, VirtException, InterruptedException {
    file(image);
    // Looked at each time: the same bytes may be said to be of another format this time.
    return inspected(image.sha256(), image.format(), "Image " + image.id());
  }

  /** A kernel or ramdisk, fetched if need be. */
  void file(ImageRef image) throws IOException, InterruptedException {
    Path file = path(image.sha256());
    ReentrantLock mine = fetching.computeIfAbsent(image.sha256(), _ -> new ReentrantLock());
    mine.lockInterruptibly();
    try {
      if (!proofs.prove(image.sha256())) {
        fetch(image);
      } else if (Files.size(file) != image.sizeBytes()) {
        throw unacceptable(image, "it has %d bytes".formatted(Files.size(file)));
      }
    } finally {
      mine.unlock();
    }
  }

  /**
   * What the lowest layer of a disk holds.
   *
   * @throws ComputeException IMAGE_UNACCEPTABLE when it is not of the format it is said to be of
   */
  ImageFacts inspect(LayerRecipe lowest) throws VirtException {
    return lowest.encrypted()
        // Only ever made of a disk of its server, whose passphrase came with it.
        ? images.inspect(path(lowest.sha256()), new Expected(lowest.format(), true, List.of()))
        : inspected(lowest.sha256(), lowest.format(), "Layer " + lowest.sha256());
  }

  private ImageFacts inspected(String sha256, String format, String what) throws VirtException {
    try {
      return images.inspectUntrusted(path(sha256), format);
    } catch (VirtException e) {
      if (e.kind() == VirtException.Kind.REFUSED) {
        throw new ComputeException(
            ErrorCode.IMAGE_UNACCEPTABLE,
            "%s is unacceptable: %s".formatted(what, e.getMessage()),
            e);
      }
      throw e;
    }
  }

  private void fetch(ImageRef image) throws IOException, InterruptedException {
    Path half = bases.resolve(image.sha256() + HALF);
    Files.deleteIfExists(half);
    Files.createFile(half, Durable.FILE_OF_OWNER);
    try {
      Deadline.within(service.deadline(), () -> download(image, half));
      Files.setPosixFilePermissions(half, PosixFilePermissions.fromString("r--------"));
      proofs.accept(half, image.sha256());
      log.atInfo()
          .addKeyValue("image", image.id())
          .addKeyValue("bytes", image.sizeBytes())
          .log("image fetched");
    } catch (TimeoutException e) {
      throw unavailable(image, "it did not arrive within " + service.deadline(), e);
    } catch (IOException | InterruptedException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    } finally {
      Files.deleteIfExists(half);
    }
  }

  private boolean download(ImageRef image, Path half) throws IOException, InterruptedException {
    HttpResponse<InputStream> response;
    try {
      response =
          service.ask(
              service.request(image.id() + "/file").GET(),
              HttpResponse.BodyHandlers.ofInputStream());
    } catch (IOException e) {
      throw unavailable(image, ImageService.unreached(e), e);
    }
    try (InputStream body = response.body()) {
      if (response.statusCode() == 404) {
        throw new ComputeException(
            ErrorCode.IMAGE_NOT_FOUND, "Image %s could not be found.".formatted(image.id()), null);
      }
      if (response.statusCode() != 200) {
        throw unavailable(image, service.refused(response.statusCode()), null);
      }
      receive(image, body, half);
    }
    return true;
  }

  private void receive(ImageRef image, InputStream body, Path half)
      throws IOException, InterruptedException {
    MessageDigest sha256 = LayerProofs.sha256();
    long received = 0;
    try (RandomAccessFile out = new RandomAccessFile(half.toFile(), "rw")) {
      byte[] chunk = new byte[CHUNK];
      for (int n = read(image, body, chunk); n >= 0; n = read(image, body, chunk)) {
        received += n;
        if (received > image.sizeBytes()) {
          throw unacceptable(image, "it is longer than %d bytes".formatted(image.sizeBytes()));
        }
        sha256.update(chunk, 0, n);
        if (isZero(chunk, n)) {
          out.seek(received);
        } else {
          out.write(chunk, 0, n);
        }
        if (Thread.interrupted()) {
          throw new InterruptedException("fetching an image");
        }
      }
      out.setLength(received);
    }
    String digest = HexFormat.of().formatHex(sha256.digest());
    if (received != image.sizeBytes() || !digest.equals(image.sha256())) {
      throw unacceptable(image, "%d bytes with sha256 %s came instead".formatted(received, digest));
    }
    Durable.sync(half);
  }

  /** Zeros are left out of the file: a base is as sparse as its content. */
  private static boolean isZero(byte[] chunk, int length) {
    return length > 0 && chunk[0] == 0 && Arrays.equals(chunk, 0, length - 1, chunk, 1, length);
  }

  private static int read(ImageRef image, InputStream body, byte[] chunk)
      throws InterruptedException {
    try {
      return body.read(chunk);
    } catch (IOException e) {
      // The client's stream turns an interrupt into an IOException.
      if (Thread.interrupted() || e.getCause() instanceof InterruptedException) {
        InterruptedException interrupted = new InterruptedException("fetching an image");
        interrupted.initCause(e);
        throw interrupted;
      }
      throw unavailable(image, "the image service broke off", e);
    }
  }

  private static ComputeException unacceptable(ImageRef image, String why) {
    return new ComputeException(
        ErrorCode.IMAGE_UNACCEPTABLE,
        "Image %s is unacceptable: %s.".formatted(image.id(), why),
        null);
  }

  private static ComputeException unavailable(
      ImageRef image, String why, @Nullable Exception cause) {
    return new ComputeException(
        ErrorCode.IMAGE_NOT_ACTIVE,
        "Image %s cannot be fetched: %s.".formatted(image.id(), why),
        cause);
  }

  /** Removes what an agent that died was fetching or placing. */
  void removeHalves() throws IOException {
    try (Stream<Path> files = Files.list(bases)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = file.getFileName().toString();
        if (name.endsWith(HALF) || name.endsWith(LayerProofs.HALF)) {
          Files.delete(file);
        }
      }
    }
  }
}
