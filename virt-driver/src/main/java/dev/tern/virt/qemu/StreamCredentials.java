package dev.tern.virt.qemu;

import dev.tern.virt.MigrationObjects;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The key of a migration where QEMU can use it: an object in QEMU, named after the key, that reads
 * the secret from a file. A command only ever carries the file's directory.
 *
 * <p>QEMU as a client reads the file when the object is made; as a server GnuTLS reads it anew at
 * each handshake, so there the file stays until {@link #remove}.
 */
final class StreamCredentials {
  private static final Logger log = LoggerFactory.getLogger(StreamCredentials.class);
  private static final String OBJECT = MigrationObjects.key("");
  private static final String TYPE = "tls-creds-psk";
  private static final String SERVER = "tls-server";
  private static final String CLIENT = "tls-client";
  private static final String KEYS = "keys.psk";
  private static final String DH_PARAMETERS = "dh-params.pem";

  /**
   * With a pre-shared key GnuTLS cannot use the AES-256 it likes best (the key is bound to SHA-256)
   * and would fall to ChaCha20, at a third of this one's throughput where the processor has AES:
   * docs/decisions/0005-stream-keys.md.
   */
  static final String PRIORITY =
      "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:-GROUP-ALL:+GROUP-X25519";

  /**
   * The group ffdhe2048 of RFC 7919, public. TLS 1.3 as above never uses it, but without the file
   * QEMU computes a group of its own, which takes up to 1.5 s with its main loop held.
   */
  private static final String FFDHE2048 =
      """
      -----BEGIN DH PARAMETERS-----
      MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
      +8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
      87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
      YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
      7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
      ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
      -----END DH PARAMETERS-----
      """;

  private static final FileAttribute<Set<PosixFilePermission>> DIRECTORY_OF_OWNER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final FileAttribute<Set<PosixFilePermission>> FILE_OF_OWNER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final Session session;
  private final Path instance;

  StreamCredentials(Session session, Path instance) {
    this.session = session;
    this.instance = instance;
  }

  /**
   * Lets this QEMU accept who has the key, until {@link #remove}. May be repeated.
   *
   * @return the object to name where QEMU listens; {@code ""} without a key, as QEMU spells it
   */
  String accept(Optional<StreamKey> key) throws VirtException {
    check(key);
    return key.isPresent() ? accept(key.get()) : "";
  }

  private String accept(StreamKey key) throws VirtException {
    boolean present = present(key);
    Path directory = instance.resolve(SERVER);
    if (!present || !Files.isRegularFile(directory.resolve(KEYS), LinkOption.NOFOLLOW_LINKS)) {
      write(directory, key);
    }
    if (!present) {
      session.call(
          new Commands.ObjectAdd(
              TYPE, object(key), "server", directory.toString(), null, PRIORITY, true));
    }
    return object(key);
  }

  /**
   * Lets this QEMU connect with the key, until {@link #remove}. May be repeated. No file is left.
   *
   * @return the object to name where QEMU connects; {@code ""} without a key
   */
  String connect(Optional<StreamKey> key) throws VirtException {
    check(key);
    return key.isPresent() ? connect(key.get()) : "";
  }

  private String connect(StreamKey key) throws VirtException {
    if (!present(key)) {
      Path directory = instance.resolve(CLIENT);
      try {
        write(directory, key);
        session.call(
            new Commands.ObjectAdd(
                TYPE, object(key), "client", directory.toString(), key.identity(), PRIORITY, true));
      } finally {
        delete(directory);
      }
    }
    return object(key);
  }

  private void check(Optional<StreamKey> key) throws VirtException {
    if (key.isEmpty() && !session.settings().insecure()) {
      throw new VirtException(
          Kind.REFUSED, "Streams without a key are plaintext, and insecure is not set.", null);
    }
  }

  /**
   * Options with which a tool of QEMU's connects to this guest's listener; none when it takes no
   * key. The tool reads the same file GnuTLS does, so the secret is on no command line.
   *
   * @throws VirtException {@code REFUSED} when the file cannot be read
   */
  List<String> asClientOptions() throws VirtException {
    Path directory = instance.resolve(SERVER);
    Path keys = directory.resolve(KEYS);
    if (!Files.isRegularFile(keys, LinkOption.NOFOLLOW_LINKS)) {
      return List.of();
    }
    try {
      String line = Files.readString(keys, StandardCharsets.US_ASCII);
      String identity = line.substring(0, Math.max(0, line.indexOf(':')));
      return List.of(
          "--object",
          "%s,id=look,dir=%s,endpoint=client,username=%s,priority=%s"
              .formatted(TYPE, directory.toString().replace(",", ",,"), identity, PRIORITY),
          "--tls-creds",
          "look");
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be read.".formatted(keys), e);
    }
  }

  /**
   * The key as an object of a tool that receives and has no monitor; the secret is in a file until
   * {@link #forget(Path)}.
   *
   * @return what the tool's {@code --object} takes
   */
  static String forServer(Path instance, StreamKey key, String id) throws VirtException {
    write(instance.resolve(SERVER), key);
    return option(id, "server", instance.resolve(SERVER));
  }

  /** As {@link #forServer}, of a tool that sends; until {@link #forgetClient}. */
  static String forClient(Path instance, StreamKey key, String id) throws VirtException {
    write(instance.resolve(CLIENT), key);
    return option(id, "client", instance.resolve(CLIENT)) + ",username=" + key.identity();
  }

  /** Removes the file of a tool that has sent. */
  static void forgetClient(Path instance) throws VirtException {
    delete(instance.resolve(CLIENT));
  }

  /** Where {@link #forServer} has put the key. */
  static Path serverKeys(Path instance) {
    return instance.resolve(SERVER).resolve(KEYS);
  }

  /** As {@link #forClient}, of a tool that reads a key file that is there. */
  static String clientOption(String id, Path keys, String identity) {
    Path directory = java.util.Objects.requireNonNull(keys.toAbsolutePath().getParent());
    return option(id, "client", directory) + ",username=" + identity;
  }

  private static String option(String id, String endpoint, Path directory) {
    return "%s,id=%s,endpoint=%s,verify-peer=on,priority=%s,dir=%s"
        .formatted(TYPE, id, endpoint, PRIORITY, directory.toString().replace(",", ",,"));
  }

  private boolean present(StreamKey key) throws VirtException {
    return session.call(new Commands.QomList("/objects")).stream()
        .anyMatch(o -> o.name().equals(object(key)));
  }

  /** Objects carry the key's name, so one left by an earlier migration is never taken for it. */
  private static String object(StreamKey key) {
    return MigrationObjects.key(key.identity());
  }

  /** The names of the keys that QEMU has. */
  Set<String> names() throws VirtException {
    return session.call(new Commands.QomList("/objects")).stream()
        .map(Commands.QomProperty::name)
        .filter(name -> name.startsWith(OBJECT))
        .collect(Collectors.toSet());
  }

  /** Takes all keys away from QEMU and from the directory. Harmless when there are none. */
  void remove() throws VirtException {
    forget(instance);
    for (Commands.QomProperty object : session.call(new Commands.QomList("/objects"))) {
      if (object.name().startsWith(OBJECT)) {
        session.callUnlessRefused(new Commands.ObjectDel(object.name()));
      }
    }
  }

  /**
   * As {@link #remove} after a migration that came to its end, which stands however this goes: no
   * stream is left to be opened with what stays, and the next migration or the process's end takes
   * it away.
   */
  void removeAtEnd() {
    try {
      remove();
    } catch (VirtException e) {
      log.atWarn()
          .addKeyValue("step", "remove-keys")
          .setCause(e)
          .log("the key of a finished migration could not be taken away");
    }
  }

  /** Removes the files of keys; for a QEMU that is gone. */
  void forget() throws VirtException {
    forget(instance);
  }

  /** As {@link #forget()}, where no QEMU was connected to. */
  static void forget(Path instance) throws VirtException {
    delete(instance.resolve(SERVER));
    delete(instance.resolve(CLIENT));
  }

  private static void write(Path directory, StreamKey key) throws VirtException {
    delete(directory);
    String line = key.identity() + ":" + HexFormat.of().formatHex(key.secret()) + "\n";
    try {
      Files.createDirectory(directory, DIRECTORY_OF_OWNER);
      write(directory.resolve(DH_PARAMETERS), FFDHE2048);
      write(directory.resolve(KEYS), line);
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be written.".formatted(directory), e);
    }
  }

  private static void write(Path file, String content) throws IOException {
    try (var channel =
        Files.newByteChannel(
            file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), FILE_OF_OWNER)) {
      var bytes = StandardCharsets.US_ASCII.encode(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }
  }

  private static void delete(Path directory) throws VirtException {
    try {
      if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
        Files.deleteIfExists(directory.resolve(KEYS));
        Files.deleteIfExists(directory.resolve(DH_PARAMETERS));
      }
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be removed.".formatted(directory), e);
    }
  }
}
