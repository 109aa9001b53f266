package dev.tern.agent;

import dev.tern.contract.ServerId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The agent's directories, held by one agent at a time:
 *
 * <pre>
 *   instances/SERVER/   disks, recipe, journal, console log, monitor sockets
 *   _base/SHA256        base images, kernels and ramdisks, by content
 *   proofs/SHA256       how a base image looked when its content was compared with its name
 *   unused/SHA256       since when nobody uses a file in _base
 *   receiving/SERVER/   layers on their way here, until they are known to be right
 *   reserved/SERVER     room on the disk that is promised to a server on its way here
 *   kept/SERVER-EPOCH/  what a migrated server left here on demand, or what came of one
 *                       that was lost with its source
 *   probes/PROBE/       a guest that only shows whether guests could move, under way
 *   keys/SERVER-EPOCH   this host's half of the key of a migration under way
 *   receipts/MIGRATION  what a migration makes on this host
 *   trash/              being removed
 * </pre>
 */
final class HostDirectories implements AutoCloseable {
  private final Path data;
  private final Storages storages;
  private final FileChannel lock;

  private HostDirectories(Path data, Storages storages, FileChannel lock) {
    this.data = data;
    this.storages = storages;
    this.lock = lock;
  }

  /**
   * Makes what is missing and takes the lock; what was being removed is gone.
   *
   * @param storages further places for disks
   * @throws IOException when another agent holds the directory
   */
  static HostDirectories open(Path data, Storages storages) throws IOException {
    Files.createDirectories(data, Durable.DIRECTORY_OF_OWNER);
    FileChannel channel =
        FileChannel.open(
            data.resolve("agent.lock"),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            Durable.FILE_OF_OWNER);
    HostDirectories directories = new HostDirectories(data.toRealPath(), storages, channel);
    try {
      if (locked(channel) == null) {
        throw new IOException("another agent uses %s".formatted(data));
      }
      Durable.directory(directories.instances());
      Durable.directory(directories.bases());
      Durable.directory(directories.proofs());
      Durable.directory(directories.unused());
      Durable.directory(directories.receiving());
      Durable.directory(directories.reserved());
      Durable.directory(directories.kept());
      Durable.directory(directories.keys());
      Durable.directory(directories.probes());
      Durable.directory(directories.receipts());
      Durable.removeTree(directories.trash());
      Durable.directory(directories.trash());
      return directories;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  private static @Nullable FileLock locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException _) {
      return null;
    }
  }

  Storages storages() {
    return storages;
  }

  Path instances() {
    return data.resolve("instances");
  }

  Path instance(ServerId server) {
    return instances().resolve(server.toString());
  }

  Path receiving() {
    return data.resolve("receiving");
  }

  Path reserved() {
    return data.resolve("reserved");
  }

  Path proofs() {
    return data.resolve("proofs");
  }

  Path unused() {
    return data.resolve("unused");
  }

  Path bases() {
    return data.resolve("_base");
  }

  Path kept() {
    return data.resolve("kept");
  }

  Path keys() {
    return data.resolve("keys");
  }

  /** What is left, or put aside, here of a server's migration. */
  Path kept(ServerId server, long epoch) {
    return kept().resolve(server + "-" + epoch);
  }

  Path probes() {
    return data.resolve("probes");
  }

  Path receipts() {
    return data.resolve("receipts");
  }

  /** What all the others are below. */
  Path data() {
    return data;
  }

  Path trash() {
    return data.resolve("trash");
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }
}
