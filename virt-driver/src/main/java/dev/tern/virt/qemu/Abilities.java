package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.QmpMonitor;
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

  synchronized boolean has(String command) throws VirtException {
    if (commands.isEmpty()) {
      commands =
          monitor.call(new Commands.QueryCommands()).stream()
              .map(Commands.CommandName::name)
              .collect(Collectors.toUnmodifiableSet());
    }
    return commands.contains(command);
  }
}
