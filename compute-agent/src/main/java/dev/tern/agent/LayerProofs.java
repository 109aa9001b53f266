package dev.tern.agent;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the files in {@code _base} hold what their names say. A file is read once, and again only
 * when anything about it has changed since: its inode, length, or either of its times. What was
 * found is kept in {@code proofs}, so that a restarted agent does not read everything anew.
 */
final class LayerProofs {
  /** A file that is not what it was named after; kept for people until housekeeping takes it. */
  static final String WRONG = ".wrong";

  /** A file that is being placed from this host. */
  static final String HALF = ".half";

  private static final Logger log = LoggerFactory.getLogger(LayerProofs.class);
  private static final int CHUNK = 1 << 20;

  private final Path bases;
  private final Path proofs;
  private final Path unused;

  /** Guards one digest's file and proof: two that need it at once read it once. */
  private final Map<String, ReentrantLock> looking = new ConcurrentHashMap<>();

  LayerProofs(HostDirectories directories) {
    this.bases = directories.bases();
    this.proofs = directories.proofs();
    this.unused = directories.unused();
  }

  private Path file(String sha256) {
    if (!Recipes.isDigest(sha256)) {
      throw Refusals.invalid("A sha256 has 64 hexadecimal digits in lower case.");
    }
    return bases.resolve(sha256);
  }

  boolean present(String sha256) {
    return Files.isRegularFile(file(sha256), LinkOption.NOFOLLOW_LINKS);
  }

  /** Whether the file is there and known to be right, without reading it. */
  boolean proven(String sha256) throws IOException {
    try {
      return Files.readString(proof(sha256)).equals(stamp(file(sha256)));
    } catch (NoSuchFileException _) {
      return false;
    }
  }

  /**
   * Whether the file is there and right; reads it if that is not known. One that is wrong is moved
   * aside, so that nobody opens it by its name any more; who has it open keeps it.
   *
   * @throws InterruptedException while it was being read
   */
  boolean prove(String sha256) throws IOException, InterruptedException {
    return alone(sha256, () -> proved(sha256));
  }

  /** What is done with one file while nobody else looks at it. */
  @FunctionalInterface
  interface Look<T> {
    T at() throws IOException, InterruptedException;
  }

  private <T> T alone(String sha256, Look<T> look) throws IOException, InterruptedException {
    ReentrantLock mine = looking.computeIfAbsent(sha256, _ -> new ReentrantLock());
    mine.lockInterruptibly();
    try {
      return look.at();
    } finally {
      mine.unlock();
    }
  }

  private boolean proved(String sha256) throws IOException, InterruptedException {
    if (!present(sha256)) {
      return false;
    }
    Files.deleteIfExists(unused.resolve(sha256)); // Somebody asks: it is not unused since then.
    if (proven(sha256)) {
      return true;
    }
    Path file = file(sha256);
    String before = stamp(file);
    String found = digest(file);
    if (found.equals(sha256)) {
      // As it was before it was read: whoever changed it meanwhile makes this proof void.
      keep(sha256, before);
      return true;
    }
    Files.move(
        file,
        bases.resolve(sha256 + WRONG),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    Durable.syncDirectory(bases);
    Files.deleteIfExists(proof(sha256));
    log.atError()
        .addKeyValue("layer", sha256)
        .addKeyValue("found", found)
        .log("a layer does not hold what it is named after; it was moved aside");
    return false;
  }

  /** Puts a whole and forced file with the digest it is told where that leads. */
  @FunctionalInterface
  interface Placing {
    void place(Path half) throws IOException, InterruptedException;
  }

  /**
   * Ends with the file there and right. One that is there is read, whatever is known of it; when it
   * is wrong or missing another one is placed.
   */
  void provenOrPlaced(String sha256, Placing placing) throws IOException, InterruptedException {
    var _ =
        alone(
            sha256,
            () -> {
              Files.deleteIfExists(proof(sha256));
              if (!proved(sha256)) {
                Path half = bases.resolve(sha256 + HALF);
                Files.deleteIfExists(half);
                placing.place(half);
                accept(half, sha256);
              }
              return true;
            });
  }

  /** Makes a whole and forced file, whose digest the caller has compared, a layer. */
  void accept(Path proven, String sha256) throws IOException, InterruptedException {
    var _ =
        alone(
            sha256,
            () -> {
              Durable.rename(proven, file(sha256));
              keep(sha256, stamp(file(sha256)));
              return true;
            });
  }

  /** Lost in a crash it only costs another reading. */
  private void keep(String sha256, String stamp) throws IOException {
    Path fresh = proofs.resolve(sha256 + ".new");
    Durable.note(fresh, stamp.getBytes(StandardCharsets.UTF_8));
    Files.move(
        fresh, proof(sha256), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private Path proof(String sha256) {
    return proofs.resolve(sha256);
  }

  /** The change time is in it because, unlike the others, nobody can set it back. */
  private static String stamp(Path file) throws IOException {
    Map<String, Object> of =
        Files.readAttributes(
            file, "unix:dev,ino,size,lastModifiedTime,ctime", LinkOption.NOFOLLOW_LINKS);
    return "%s %s %s %s %s\n"
        .formatted(
            of.get("dev"),
            of.get("ino"),
            of.get("size"),
            of.get("lastModifiedTime"),
            of.get("ctime"));
  }

  /**
   * The SHA-256 of a file, as its name spells it.
   *
   * @throws InterruptedException while it was being read
   */
  static String digest(Path file) throws IOException, InterruptedException {
    MessageDigest sha256 = sha256();
    byte[] chunk = new byte[CHUNK];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        sha256.update(chunk, 0, n);
        if (Thread.interrupted()) {
          throw new InterruptedException("reading a layer");
        }
      }
    } catch (ClosedByInterruptException e) {
      Thread.interrupted();
      InterruptedException interrupted = new InterruptedException("reading a layer");
      interrupted.initCause(e);
      throw interrupted;
    }
    return HexFormat.of().formatHex(sha256.digest());
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
