package dev.tern.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tern.agent.Standing.Place;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What had come of a server's disks when its source was lost with the guest: {@code
 * kept/SERVER-EPOCH}, with a file that says what it is, its disks in storages and its passphrases
 * under names of their own. No request removes one but the server's deletion on this host; whoever
 * brings the server here again makes disks beside it.
 */
final class KeptDisks {
  /** In a directory below {@code kept}: it may be the last copy. */
  static final String MARK = "LAST-COPY";

  private final Instances instances;
  private final DiskSecrets secrets;

  KeptDisks(Instances instances, DiskSecrets secrets) {
    this.instances = instances;
    this.secrets = secrets;
  }

  /** The copy of that epoch; empty when there is none. */
  Optional<Path> of(ServerId server, long epoch) {
    return Optional.of(instances.directories().kept(server, epoch)).filter(KeptDisks::mayBeTheLast);
  }

  /** Whether a directory is such a copy, or is about to be one. */
  static boolean mayBeTheLast(Path directory) {
    return Files.isRegularFile(directory.resolve(MARK), LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * Ends the QEMU of a copy that is recorded as dead, and puts its disks aside. Repeated after a
   * crash it goes on, and is one effect.
   *
   * @return where; empty when nothing had come
   * @throws dev.tern.contract.ComputeException unless a dead copy, or one without a QEMU yet, is
   *     here
   * @throws IOException when it is not all aside; then nothing of it is gone
   */
  Optional<Path> keep(Header header) throws IOException, VirtException {
    Optional<Path> before = of(header.server(), header.epoch());
    Instance instance = instances.of(header.server());
    if (before.isPresent()
        || !instance.present()
        || instance.belongsToAnotherHost()
        || !Recipes.present(instance.directory())) {
      return before;
    }
    Standing standing = instance.standing();
    if (standing.place() != Place.DEAD && standing.place() != Place.RECEIVING) {
      throw Refusals.wrongPlace(header.server(), standing, "kept aside");
    }
    instance.kill();
    putAside(header, instance, mark(header));
    return of(header.server(), header.epoch());
  }

  /**
   * Puts the disks of a server aside that lives elsewhere since this host was fenced. Its QEMU is
   * ended. Repeated after a crash it goes on.
   *
   * @throws IOException when they are not all aside; then nothing of them is gone
   */
  void leave(Header header) throws IOException {
    putAside(header, instances.of(header.server()), evacuated(header));
  }

  private void putAside(Header header, Instance instance, String mark) throws IOException {
    Durable.removeTree(instance.directory().resolve("tls-server"));
    // First of all, so that whoever finds half of this knows what it is.
    Durable.write(instance.directory().resolve(MARK), mark.getBytes(UTF_8));
    secrets.setAside(header.server(), header.epoch());
    instance.keep(header.epoch());
  }

  private static String evacuated(Header header) {
    return """
    Disks of server %s as they were when this host was stated to be down. The server
    was made anew from its image on another host (request %s), so these may be
    the last copy of what its guest wrote. recipe.json says what they are; passphrases are in the
    agent's directory of secrets, as kept-%s-%d-DISK. docs/operations.md says how to
    rescue from them. Remove this directory when nothing of it is needed any more.
    """
        .formatted(header.server(), header.request(), header.server(), header.epoch());
  }

  private static String mark(Header header) {
    return """
    Disks of server %s, as far as migration %s (epoch %d) had brought them here when its
    source was lost. They are all of the guest's, or only a part: nobody could say. They may be
    the last copy. recipe.json says what they are; passphrases are in the agent's directory of
    secrets, as kept-%s-%d-DISK. docs/operations.md says how to rescue from them. Remove this
    directory when the server was seen to run from its own disks, or is not needed any more.
    """
        .formatted(
            header.server(),
            header.migration().map(Object::toString).orElse("unknown"),
            header.epoch(),
            header.server(),
            header.epoch());
  }

  /** Removes all copies of a server that is being deleted, and what a migrated one left here. */
  void remove(ServerId server) throws IOException {
    try (Stream<Path> kept = Files.list(instances.directories().kept())) {
      for (Path entry : (Iterable<Path>) kept::iterator) {
        if (entry.getFileName().toString().startsWith(server + "-")) {
          Durable.removeTree(entry);
        }
      }
    }
    instances.directories().storages().removeAside(server);
    secrets.removeAside(server);
  }
}
