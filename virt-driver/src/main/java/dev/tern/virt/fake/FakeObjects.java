package dev.tern.virt.fake;

import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.MigrationObjects;
import dev.tern.virt.StreamKey;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What a migration made in a simulated QEMU, under the names a real one has. */
final class FakeObjects {
  private FakeObjects() {}

  static MigrationObjects of(FakeProcess process) {
    Set<String> exports = new HashSet<>();
    Set<String> nodes = new HashSet<>();
    Set<String> keys = new HashSet<>();
    Set<Integer> ports = new HashSet<>();
    process.recipe().disks().forEach(disk -> nodes.add(disk.id()));
    IncomingEndpoints open = process.endpoints;
    if (open != null && process.exporting) {
      open.exportNames().keySet().forEach(disk -> exports.add(MigrationObjects.export(disk)));
      ports.add(open.nbdPort());
    }
    if (open != null && process.state == RunState.INCOMING) {
      ports.add(open.migrationPort());
      add(keys, process.key);
    }
    process.mirrors.forEach((disk, to) -> {
      Stream.of(MigrationObjects.mirrorTarget(disk), MigrationObjects.mirrorConnection(disk))
          .forEach(nodes::add);
      add(keys, to.key);
    });
    return new MigrationObjects(exports, nodes, keys, ports);
  }

  private static void add(Set<String> keys, Optional<StreamKey> key) {
    key.ifPresent(one -> keys.add(MigrationObjects.key(one.identity())));
  }
}
