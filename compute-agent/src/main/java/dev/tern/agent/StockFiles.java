package dev.tern.agent;

import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.host.HostAnswer.ObjectInStock;
import dev.tern.contract.host.ReceiptEntry.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files of a host that are no server's own for good: there while something is under way, or
 * nobody's. Names alone are read.
 */
final class StockFiles {
  private static final Set<String> OWN =
      Set.of(
          "agent.lock",
          "secrets",
          "instances",
          "receiving",
          "reserved",
          "proofs",
          "unused",
          "_base",
          "kept",
          "keys",
          "probes",
          "receipts",
          "trash",
          "lost+found");

  private static final String ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
  private static final Pattern OF_SERVER = Pattern.compile("(" + ID + ")(?:\\.new)?");
  private static final Pattern OF_EPOCH = Pattern.compile("(" + ID + ")-[0-9]{1,18}(?:\\.new)?");
  private static final Pattern OF_DISK = Pattern.compile("(" + ID + ")-.+");
  private static final Pattern OF_KEPT =
      Pattern.compile(DiskSecrets.ASIDE + "(" + ID + "-[0-9]{1,18})-.+");
  private static final Pattern BASE = Pattern.compile("[0-9a-f]{64}(?:\\..+)?");

  private final Instances instances;
  private final Path secrets;

  StockFiles(Instances instances, Path secrets) {
    this.instances = instances;
    this.secrets = secrets;
  }

  /** What a name says: that it is in order, that it is a server's, or nothing. */
  private sealed interface Name {
    record InOrder() implements Name {}

    record Of(ServerId server) implements Name {}

    record Unknown() implements Name {}
  }

  private static final Name IN_ORDER = new Name.InOrder();
  private static final Name UNKNOWN = new Name.Unknown();

  /**
   * Looks once.
   *
   * @throws IOException when a directory cannot be read
   */
  List<ObjectInStock> look() throws IOException {
    HostDirectories at = instances.directories();
    List<ObjectInStock> objects = new ArrayList<>();
    add(objects, at.data(), "", Kind.FILE, name -> known(OWN.contains(name)));
    add(
        objects,
        at.instances(),
        Kind.FILE,
        name -> known(server(OF_SERVER, name).isPresent() || ProbeFiles.isProbe(name)));
    add(objects, at.bases(), Kind.FILE, name -> known(BASE.matcher(name).matches()));
    add(objects, at.receiving(), Kind.FILE, name -> of(server(OF_SERVER, name)));
    add(objects, at.reserved(), Kind.RESERVATION, name -> of(server(OF_SERVER, name)));
    add(objects, at.keys(), Kind.KEY, name -> of(server(OF_EPOCH, name)));
    add(objects, at.kept(), Kind.FILE, this::kept);
    add(objects, at.probes(), Kind.FILE, name -> known(name.matches(ID)));
    add(objects, at.receipts(), Kind.FILE, name -> known(isMigration(name)));
    add(objects, secrets, "secrets/", Kind.KEY, this::passphrase);
    return objects;
  }

  private static Name known(boolean known) {
    return known ? IN_ORDER : UNKNOWN;
  }

  private static Name of(Optional<ServerId> server) {
    return server.<Name>map(Name.Of::new).orElse(UNKNOWN);
  }

  /** What was kept on demand is in order; what may be the last copy is named until it is gone. */
  private Name kept(String name) {
    Path directory = instances.directories().kept().resolve(name);
    return KeptDisks.mayBeTheLast(directory)
        ? of(server(OF_EPOCH, name))
        : known(server(OF_EPOCH, name).isPresent());
  }

  /**
   * A server that is here may have passphrases, and has them while it comes; a copy that is kept
   * has its own.
   */
  private Name passphrase(String name) {
    Matcher aside = OF_KEPT.matcher(name);
    if (aside.matches()) {
      Path copy = instances.directories().kept().resolve(aside.group(1));
      return Files.exists(copy, LinkOption.NOFOLLOW_LINKS)
          ? IN_ORDER
          : of(server(OF_EPOCH, aside.group(1)));
    }
    Optional<ServerId> server = server(OF_DISK, name);
    return server.isPresent() && instances.of(server.get()).present() ? IN_ORDER : of(server);
  }

  private static Optional<ServerId> server(Pattern pattern, String name) {
    Matcher matcher = pattern.matcher(name);
    return matcher.matches()
        ? Optional.of(new ServerId(UUID.fromString(matcher.group(1))))
        : Optional.empty();
  }

  /** Whether a file of that name is for one server. */
  static boolean isServers(String name) {
    return OF_SERVER.matcher(name).matches();
  }

  /** Whether a file of that name is for one migration of a server. */
  static boolean isEpochs(String name) {
    return OF_EPOCH.matcher(name).matches();
  }

  private static boolean isMigration(String name) {
    Matcher matcher = OF_SERVER.matcher(name);
    return matcher.matches()
        && MigrationId.parse(matcher.group(1)).toString().equals(matcher.group(1));
  }

  private static void add(
      List<ObjectInStock> objects, Path directory, Kind kind, Function<String, Name> judge)
      throws IOException {
    add(objects, directory, directory.getFileName() + "/", kind, judge);
  }

  private static void add(
      List<ObjectInStock> objects,
      Path directory,
      String prefix,
      Kind kind,
      Function<String, Name> judge)
      throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      for (Path file : (Iterable<Path>) all.sorted()::iterator) {
        String name = file.getFileName().toString();
        switch (judge.apply(name)) {
          case Name.InOrder _ -> {}
          case Name.Of(ServerId server) ->
              objects.add(
                  new ObjectInStock(kind, prefix + name, Optional.of(server), changed(file)));
          case Name.Unknown _ ->
              objects.add(
                  new ObjectInStock(Kind.FILE, prefix + name, Optional.empty(), changed(file)));
        }
      }
    } catch (NoSuchFileException e) {
      if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
        throw e;
      }
    }
  }

  /** When a file was changed last; empty when it is not there. */
  static Optional<Instant> changed(Path file) throws IOException {
    try {
      return Optional.of(Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).toInstant());
    } catch (NoSuchFileException _) {
      return Optional.empty();
    }
  }

  /** The server in whose directory, below that one, any of the paths is. */
  static Optional<ServerId> serverBelow(Collection<Path> paths, Path directory) {
    return paths.stream()
        .filter(path -> path.startsWith(directory) && path.getNameCount() > 1)
        .flatMap(path -> server(OF_SERVER, path.getName(1).toString()).stream())
        .findFirst();
  }
}
