package dev.tern.agent;

import dev.tern.contract.ServerId;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Passphrases of encrypted disks, each a file of the agent's user alone. QEMU reads the file; the
 * passphrase itself is on no command line, in no message and in no log.
 */
final class DiskSecrets {
  /** As long as the key it opens, so that guessing it is no shorter way. */
  private static final int BYTES = 32;

  /** What the names of those begin with whose disks are put aside. */
  static final String ASIDE = "kept-";

  private final Path directory;
  private final SecureRandom random;

  /**
   * The secrets of one host.
   *
   * @param directory made when it is missing, for the agent's user alone
   */
  DiskSecrets(Path directory, SecureRandom random) throws IOException {
    this.directory = directory.toAbsolutePath();
    this.random = random;
    Durable.directory(this.directory);
  }

  Path path(LaunchRecipe recipe, String disk) {
    return directory.resolve(recipe.secretOf(disk));
  }

  /** Where the passphrase of an encrypted disk is; empty for any other. */
  Optional<Path> of(LaunchRecipe recipe, LocalDisk disk) {
    return disk.encrypted() ? Optional.of(path(recipe, disk.id())) : Optional.empty();
  }

  /** A new passphrase, durable. */
  void make(LaunchRecipe recipe, String disk) throws IOException {
    byte[] secret = new byte[BYTES];
    random.nextBytes(secret);
    keep(recipe, disk, Base64.getEncoder().encode(secret));
  }

  /** A passphrase made elsewhere, durable. */
  void keep(LaunchRecipe recipe, String disk, byte[] passphrase) throws IOException {
    Durable.write(path(recipe, disk), passphrase);
  }

  byte[] read(LaunchRecipe recipe, String disk) throws IOException {
    return Files.readAllBytes(path(recipe, disk));
  }

  /**
   * The passphrases of a guest's encrypted disks, sealed for the other host of its migration.
   *
   * @throws dev.tern.contract.ComputeException when there is a passphrase and no key to seal it
   *     with
   */
  Map<String, String> sealed(LaunchRecipe recipe, Optional<AgreedKey> key) throws IOException {
    Map<String, String> sealed = new HashMap<>();
    for (LocalDisk disk : recipe.localDisks()) {
      if (disk.encrypted()) {
        sealed.put(
            disk.id(),
            required(key, disk.id()).seal(name(disk.id()), read(recipe, disk.id()), random));
      }
    }
    return sealed;
  }

  /** Keeps what the other host of the migration sealed, for each encrypted disk of the recipe. */
  void open(LaunchRecipe recipe, Map<String, String> sealed, Optional<AgreedKey> key)
      throws IOException {
    for (LocalDisk disk : recipe.localDisks()) {
      if (disk.encrypted()) {
        String secret = sealed.get(disk.id());
        if (secret == null) {
          throw Refusals.invalid("The passphrase of disk %s was not sent.".formatted(disk.id()));
        }
        keep(recipe, disk.id(), required(key, disk.id()).open(name(disk.id()), secret));
      }
    }
  }

  private static String name(String disk) {
    return "passphrase of " + disk;
  }

  private static AgreedKey required(Optional<AgreedKey> key, String disk) {
    return key.orElseThrow(() ->
        Refusals.invalid(
            "The passphrase of disk %s is not sent in plaintext: both hosts need tern.agent.insecure=false."
                .formatted(disk)));
  }

  /** Gives those of a copy that is kept names that no later copy has. */
  void setAside(ServerId server, long epoch) throws IOException {
    for (Path file : starting(server + "-")) {
      String disk = file.getFileName().toString().substring((server + "-").length());
      Durable.rename(file, directory.resolve(ASIDE + server + "-" + epoch + "-" + disk));
    }
  }

  /** All of a server's, but those of copies that are kept. Harmless when there are none. */
  void remove(ServerId server) throws IOException {
    removeStarting(server + "-");
  }

  /** All of a server's copies that were kept. */
  void removeAside(ServerId server) throws IOException {
    removeStarting(ASIDE + server + "-");
  }

  private List<Path> starting(String name) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.filter(file -> file.getFileName().toString().startsWith(name)).toList();
    }
  }

  private void removeStarting(String name) throws IOException {
    for (Path file : starting(name)) {
      // Nothing overwrites it: on most file systems that would only write elsewhere.
      Files.deleteIfExists(file);
    }
  }
}
