package dev.tern.agent;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
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

  LayerProofs(HostDirectories directories) {
    this.bases = directories.bases();
    this.proofs = directories.proofs();
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
    if (!present(sha256)) {
      return false;
    }
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

  /** As {@link #prove}, and reads the file whatever is known of it. */
  boolean proveAnew(String sha256) throws IOException, InterruptedException {
    Files.deleteIfExists(proof(sha256));
    return prove(sha256);
  }

  /** Makes a whole and forced file, whose digest the caller has compared, a layer. */
  void accept(Path proven, String sha256) throws IOException {
    Durable.rename(proven, file(sha256));
    keep(sha256, stamp(file(sha256)));
  }

  /** Lost in a crash it only costs another reading. */
  private void keep(String sha256, String stamp) throws IOException {
    Path fresh = proofs.resolve(sha256 + ".new");
    Files.writeString(fresh, stamp);
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
