package dev.tern.virt.fake;

import dev.tern.virt.Guest.ExportState;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.MigrationObjects;
import dev.tern.virt.StreamKey;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What a migration made in a simulated QEMU, as a real one has and tells it. */
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

  static List<ExportState> exports(FakeWorld world, FakeProcess process) {
    IncomingEndpoints open = process.endpoints;
    if (open == null || !process.exporting) {
      return List.of();
    }
    return process.recipe().disks().stream()
        .filter(disk -> open.exportNames().containsKey(disk.id()))
        .map(disk ->
            new ExportState(
                disk.id(),
                String.valueOf(open.exportNames().get(disk.id())),
                open.address(),
                open.nbdPort(),
                process.key.isPresent(),
                disk.virtualBytes(),
                List.of("flush", "fua", "trim"),
                List.of("base:allocation"),
                world.mirrorsTo(process)))
        .toList();
  }

  private static void add(Set<String> keys, Optional<StreamKey> key) {
    key.ifPresent(one -> keys.add(MigrationObjects.key(one.identity())));
  }
}
