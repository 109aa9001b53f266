package dev.tern.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Directories of this host that disks may be in besides the instances' own, by name. Each server
 * has one of its own in there, which a link in the instance directory leads to, and which says
 * whose it is: two hosts may have one directory as a storage, and neither touches what is the
 * other's.
 */
final class Storages {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]{0,15}");

  /** In a server's directory: the host that the files are on. */
  private static final String OWNER = "host";

  private final HostName host;
  private final Map<String, Path> directories;

  private Storages(HostName host, Map<String, Path> directories) {
    this.host = host;
    this.directories = directories;
  }

  /**
   * @throws IOException when one of them is no directory
   * @throws IllegalArgumentException when a name cannot be used
   */
  static Storages open(HostName host, Map<String, Path> configured) throws IOException {
    Map<String, Path> real = new TreeMap<>();
    for (Map.Entry<String, Path> storage : configured.entrySet()) {
      if (!NAME.matcher(storage.getKey()).matches()) {
        throw new IllegalArgumentException(
            "tern.agent.storages: '%s' is no name of lower-case letters and digits"
                .formatted(storage.getKey()));
      }
      if (!Files.isDirectory(storage.getValue())) {
        throw new IOException(
            "tern.agent.storages.%s: %s is no directory"
                .formatted(storage.getKey(), storage.getValue()));
      }
      real.put(storage.getKey(), storage.getValue().toRealPath());
    }
    return new Storages(host, real);
  }

  /**
   * The directory a server's files are in, made if need be.
   *
   * @param instance the server's instance directory
   * @throws ComputeException STORAGE_NOT_FOUND naming those there are; INVALID_SHARED_STORAGE when
   *     the directory there is another host's
   */
  Path of(ServerId server, Path instance, Optional<String> storage) throws IOException {
    if (storage.isEmpty()) {
      return instance;
    }
    Path own = notAnothers(server, storage.get());
    Durable.directory(own);
    own(own);
    Path link = instance.resolve(LocalDisk.linkTo(storage.get()));
    if (!Files.isSymbolicLink(link) || !Files.readSymbolicLink(link).equals(own)) {
      if (Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException("%s is not the link it should be".formatted(link.getFileName()));
      }
      Files.createSymbolicLink(link, own);
      Durable.syncDirectory(instance);
    }
    return link;
  }

  /**
   * As {@link #of}, for a server that comes: files of it that are there already, which nobody is
   * said to own, may be its source's.
   */
  Path arriving(ServerId server, Path instance, Optional<String> storage) throws IOException {
    if (storage.isPresent()) {
      where(server, storage.get());
    }
    return of(server, instance, storage);
  }

  private Path notAnothers(ServerId server, String storage) throws IOException {
    Path own = root(storage).resolve(server.toString());
    Optional<String> owner = owner(own);
    if (owner.isPresent() && !owner.get().equals(host.value())) {
      throw shared(
          "Storage '%s' of host %s is one directory with a storage of host %s, which has files of server %s there; name another storage."
              .formatted(storage, host, owner.get(), server));
    }
    return own;
  }

  /**
   * The directory the files of a server that comes would be in. Makes nothing.
   *
   * @throws ComputeException as {@link #arriving}
   */
  Path where(ServerId server, String storage) throws IOException {
    Path own = notAnothers(server, storage);
    if (owner(own).isEmpty() && holdsFiles(own)) {
      throw shared(
          "Storage '%s' of host %s has files of server %s, and nothing says which host's they are; name another storage, or remove them if no host uses them."
              .formatted(storage, host, server));
    }
    return own;
  }

  private static ComputeException shared(String why) {
    return new ComputeException(ErrorCode.INVALID_SHARED_STORAGE, why, null);
  }

  /** Whether there is more than the mark, or the half of one. */
  private static boolean holdsFiles(Path own) throws IOException {
    if (!Files.exists(own, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (Stream<Path> files = Files.list(own)) {
      return files.anyMatch(file -> !file.endsWith(OWNER) && !file.endsWith(OWNER + Durable.HALF));
    }
  }

  /**
   * The directory of a storage.
   *
   * @throws ComputeException STORAGE_NOT_FOUND naming those there are
   */
  Path root(String storage) {
    Path root = directories.get(storage);
    if (root == null) {
      throw new ComputeException(
          ErrorCode.STORAGE_NOT_FOUND,
          "Host %s has no storage '%s'; it has: %s."
              .formatted(
                  host,
                  storage,
                  directories.isEmpty() ? "none" : String.join(", ", directories.keySet())),
          null);
    }
    return root;
  }

  /** The names there are. */
  Set<String> names() {
    return directories.keySet();
  }

  private void own(Path directory) throws IOException {
    if (owner(directory).isEmpty()) {
      Durable.write(directory.resolve(OWNER), (host.value() + "\n").getBytes(UTF_8));
    }
  }

  private static Optional<String> owner(Path directory) throws IOException {
    Path file = directory.resolve(OWNER);
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        ? Optional.of(Files.readString(file).strip())
        : Optional.empty();
  }

  /** Says of what a server of this host has in storages that it is this host's. */
  void claim(Path instance) throws IOException {
    for (Map.Entry<String, Path> storage : directories.entrySet()) {
      Path link = instance.resolve(LocalDisk.linkTo(storage.getKey()));
      if (Files.isSymbolicLink(link) && Files.isDirectory(link)) {
        own(link.toRealPath());
      }
    }
  }

  /**
   * Gives what a server has in storages, and is this host's, a name that no later copy of it has;
   * the links in its instance directory follow. Repeated after a crash it goes on.
   */
  void setAside(ServerId server, Path instance, long epoch) throws IOException {
    for (Map.Entry<String, Path> storage : directories.entrySet()) {
      Path own = storage.getValue().resolve(server.toString());
      Path aside = storage.getValue().resolve(server + "-" + epoch);
      Path link = instance.resolve(LocalDisk.linkTo(storage.getKey()));
      if (!Files.isSymbolicLink(link)) {
        continue;
      }
      if (owner(own).equals(Optional.of(host.value()))
          && !Files.exists(aside, LinkOption.NOFOLLOW_LINKS)) {
        Durable.rename(own, aside);
      }
      if (Files.isDirectory(aside) && Files.readSymbolicLink(link).equals(own)) {
        Path half = link.resolveSibling(link.getFileName() + Durable.HALF);
        Files.deleteIfExists(half);
        Files.createSymbolicLink(half, aside);
        Durable.rename(half, link);
      }
    }
  }

  /** Removes what was put aside of a server and is this host's. */
  void removeAside(ServerId server) throws IOException {
    for (Path root : directories.values()) {
      List<Path> aside;
      try (Stream<Path> all = Files.list(root)) {
        aside = all.filter(path -> path.getFileName().toString().startsWith(server + "-")).toList();
      }
      for (Path one : aside) {
        if (owner(one).equals(Optional.of(host.value()))) {
          Durable.removeTree(one);
        }
      }
    }
  }

  /** Removes all files of a server that are this host's. */
  void remove(ServerId server) throws IOException {
    for (Path root : directories.values()) {
      Path own = root.resolve(server.toString());
      if (owner(own).equals(Optional.of(host.value()))) {
        try (Stream<Path> files = Files.list(own)) {
          for (Path file : (Iterable<Path>) files::iterator) {
            // Last of all, so that what a crash leaves is known to be this host's.
            if (!file.endsWith(OWNER)) {
              Durable.removeTree(file);
            }
          }
        }
        Durable.removeTree(own);
      }
    }
  }
}
