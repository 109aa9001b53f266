package dev.tern.agent;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.virt.VirtDriver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** All servers of this host. */
final class Instances implements AutoCloseable {
  private final HostName host;
  private final HostDirectories directories;
  private final VirtDriver driver;
  private final StreamKeys keys;
  private final Map<ServerId, Instance> known = new ConcurrentHashMap<>();

  Instances(HostName host, HostDirectories directories, VirtDriver driver, StreamKeys keys) {
    this.host = host;
    this.directories = directories;
    this.driver = driver;
    this.keys = keys;
  }

  HostDirectories directories() {
    return directories;
  }

  /** The keys of migrations that they are part of. */
  StreamKeys keys() {
    return keys;
  }

  /** The server, whether it is here or not. */
  Instance of(ServerId server) {
    return known.computeIfAbsent(server, id -> new Instance(id, host, directories, driver));
  }

  /** The servers that have a directory here; names that are no ids are left alone. */
  List<Instance> present() throws IOException {
    List<Instance> all = new ArrayList<>();
    try (Stream<Path> entries = Files.list(directories.instances())) {
      for (Path entry : (Iterable<Path>) entries::iterator) {
        id(entry).map(this::of).ifPresent(all::add);
      }
    }
    return all;
  }

  private static Optional<ServerId> id(Path entry) {
    try {
      ServerId id = ServerId.parse(entry.getFileName().toString());
      return entry.endsWith(id.toString()) ? Optional.of(id) : Optional.empty();
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  @Override
  public void close() throws IOException {
    for (Instance instance : known.values()) {
      instance.close();
    }
  }
}
