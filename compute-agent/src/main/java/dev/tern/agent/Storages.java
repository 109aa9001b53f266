package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ServerId;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Directories of this host that disks may be in besides the instances' own, by name. Each server
 * has one of its own in there, which a link in the instance directory leads to.
 */
final class Storages {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]{0,15}");

  private final Map<String, Path> directories;

  private Storages(Map<String, Path> directories) {
    this.directories = directories;
  }

  /** No storage but the instances' own. */
  static Storages none() {
    return new Storages(Map.of());
  }

  /**
   * @throws IOException when one of them is no directory
   * @throws IllegalArgumentException when a name cannot be used
   */
  static Storages open(Map<String, Path> configured) throws IOException {
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
    return new Storages(real);
  }

  /**
   * The directory a server's files are in, made if need be.
   *
   * @param instance the server's instance directory
   * @throws ComputeException STORAGE_NOT_FOUND naming those there are
   */
  Path of(ServerId server, Path instance, Optional<String> storage) throws IOException {
    if (storage.isEmpty()) {
      return instance;
    }
    Path root = directories.get(storage.get());
    if (root == null) {
      throw new ComputeException(
          ErrorCode.STORAGE_NOT_FOUND,
          "This host has no storage '%s'; it has: %s."
              .formatted(
                  storage.get(),
                  directories.isEmpty() ? "none" : String.join(", ", directories.keySet())),
          null);
    }
    Path own = root.resolve(server.toString());
    Durable.directory(own);
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

  /** Removes all files of a server. */
  void remove(ServerId server) throws IOException {
    for (Path root : directories.values()) {
      Durable.removeTree(root.resolve(server.toString()));
    }
  }
}
