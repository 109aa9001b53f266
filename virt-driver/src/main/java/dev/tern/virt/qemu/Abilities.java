package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.QmpMonitor;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What one QEMU can do, asked once in its life: the list is long, and it stays the same. This
 * object's lock guards it.
 */
final class Abilities {
  private final QmpMonitor monitor;
  private Set<String> commands = Set.of();

  Abilities(QmpMonitor monitor) {
    this.monitor = monitor;
  }

  boolean has(String command) throws VirtException {
    return all().contains(command);
  }

  /** Of the commands that Tern cannot do without, those this QEMU does not know; sorted. */
  List<String> missing() throws VirtException {
    Set<String> there = all();
    return Commands.names().stream().filter(name -> !there.contains(name)).sorted().toList();
  }

  private synchronized Set<String> all() throws VirtException {
    if (commands.isEmpty()) {
      commands =
          monitor.call(new Commands.QueryCommands()).stream()
              .map(Commands.CommandName::name)
              .collect(Collectors.toUnmodifiableSet());
    }
    return commands;
  }
}
