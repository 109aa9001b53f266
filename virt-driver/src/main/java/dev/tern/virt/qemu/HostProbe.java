package dev.tern.virt.qemu;

import dev.tern.virt.HostCapabilities;
import dev.tern.virt.Pauses;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.QueryCpuModelExpansion;
import dev.tern.virt.qmp.QmpDeadlines;
import dev.tern.virt.qmp.QmpMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the installed QEMU what it can do, with a guest of no machine. */
final class HostProbe {
  private static final Pattern VERSIONED = Pattern.compile("pc-(q35|i440fx)-\\d+\\.\\d+(\\.\\d+)?");
  // q35 and pc boot a kernel in the same time (1.9 s under tcg, 3 rounds); q35 is the maintained
  // one.
  private static final String PREFERRED_ALIAS = "q35";

  // True or false, but about how QEMU shows the processor, or how it is made, not what it can do.
  private static final Set<String> NO_FEATURES =
      Set.of(
          "check",
          "enforce",
          "fill-mtrr-mask",
          "full-cpuid-auto-level",
          "host-cache-info",
          "host-phys-bits",
          "hotpluggable",
          "hotplugged",
          "kvm",
          "l3-cache",
          "legacy-cache",
          "migratable",
          "pmu",
          "realized",
          "start-powered-off",
          "tcg-cpuid",
          "vmware-cpuid-freq",
          "acpi",
          "cpuid-0xb");

  private static final int TRIES = 3;
  private static final Logger log = LoggerFactory.getLogger(HostProbe.class);

  private final QemuSettings settings;
  private final Pauses pauses;

  HostProbe(QemuSettings settings, Pauses pauses) {
    this.settings = settings;
    this.pauses = pauses;
  }

  HostCapabilities ask() throws VirtException {
    Path directory = temporary();
    try {
      boolean mayUseKvm =
          !settings.accelerator().equals("tcg")
              && Accelerator.processorCan()
              && Accelerator.deviceOpens();
      Optional<HostCapabilities> withKvm = mayUseKvm ? tryAsk(directory) : Optional.empty();
      HostCapabilities found = withKvm.isPresent() ? withKvm.get() : askUntilAnswered(directory);
      if (settings.accelerator().equals("kvm") && !found.accelerator().equals("kvm")) {
        throw new VirtException(
            Kind.REFUSED,
            "The settings ask for kvm, which does not work here: " + found.acceleratorReason(),
            null);
      }
      return found;
    } finally {
      delete(directory);
    }
  }

  /**
   * A QEMU was seen to greet and then to answer nothing for half a minute. This one has no guest,
   * so it is ended early, and another one is asked; only the last is given all the time.
   */
  private HostCapabilities askUntilAnswered(Path directory) throws VirtException {
    for (int tries = 1; ; tries++) {
      try {
        Duration all = settings.deadlines().start();
        return ask(directory, "tcg", false, tries == TRIES ? all : all.dividedBy(TRIES));
      } catch (VirtException e) {
        if (e.kind() != Kind.NO_ANSWER || tries == TRIES) {
          throw e;
        }
        log.atWarn().setCause(e).log("a QEMU that was asked what it can do is asked again");
      }
    }
  }

  private Optional<HostCapabilities> tryAsk(Path directory) throws VirtException {
    try {
      return Optional.of(ask(directory, "kvm", true, settings.deadlines().start()));
    } catch (VirtException e) {
      QemuProcess.forget(directory);
      return Optional.empty(); // the decision's reason says that QEMU cannot use it
    }
  }

  private HostCapabilities ask(
      Path directory, String accelerator, boolean kvmAnswers, Duration patience)
      throws VirtException {
    try (MonitorSockets sockets = MonitorSockets.of(directory, settings.runtime())) {
      QemuStart probe =
          QemuStart.of(
              line(accelerator, directory, sockets),
              directory,
              directory.resolve("qemu.log"),
              pauses);
      QemuSettings.Deadlines d = settings.deadlines();
      try (QmpMonitor monitor =
          probe.monitor(
              sockets.first(), new QmpDeadlines(d.query(), d.change(), d.network()), patience)) {
        HostCapabilities found = read(monitor, kvmAnswers);
        monitor.call(new Commands.Quit());
        return found;
      } catch (VirtException e) {
        throw explained(e);
      } finally {
        probe.end(d.end());
        QemuProcess.forget(directory);
      }
    }
  }

  private List<String> line(String accelerator, Path directory, MonitorSockets sockets) {
    List<String> line = new ArrayList<>();
    line.add(settings.qemu());
    line.addAll(List.of("-machine", "none", "-accel", accelerator));
    line.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none"));
    if (settings.sandbox()) {
      line.addAll(QemuStart.SANDBOX);
    }
    line.addAll(
        List.of(
            "-chardev",
            "socket,id=mon,server=on,wait=off,path="
                + sockets.first().toString().replace(",", ",,")));
    line.addAll(List.of("-mon", "chardev=mon,mode=control"));
    line.addAll(List.of("-pidfile", QemuProcess.pidFile(directory).toString()));
    return line;
  }

  /** A QEMU without seccomp ends over {@code -sandbox}, and says so. */
  private VirtException explained(VirtException e) {
    String said = String.valueOf(e.getMessage());
    return settings.sandbox() && said.contains("sandbox")
        ? new VirtException(
            e.kind(),
            "This QEMU cannot be locked in: install one built with seccomp, or switch the setting"
                + " sandbox off. "
                + said,
            e)
        : e;
  }

  private HostCapabilities read(QmpMonitor monitor, boolean kvmAnswers) throws VirtException {
    Commands.Version.Triple version = monitor.call(new Commands.QueryVersion()).qemu();
    List<Commands.Machine> machines = monitor.call(new Commands.QueryMachines());
    List<String> versioned =
        machines.stream()
            .map(Commands.Machine::name)
            .filter(name -> VERSIONED.matcher(name).matches())
            .sorted()
            .toList();
    String preferred =
        machines.stream()
            .filter(m -> PREFERRED_ALIAS.equals(m.alias()))
            .map(Commands.Machine::name)
            .findFirst()
            .orElseThrow(
                () -> new VirtException(Kind.REFUSED, "This QEMU has no q35 machine.", null));
    Accelerator accelerator =
        Accelerator.decide(
            settings.accelerator(),
            Accelerator.processorCan(),
            Accelerator.deviceOpens(),
            kvmAnswers && monitor.call(new Commands.QueryKvm()).enabled());
    return new HostCapabilities(
        settings.qemu(),
        "%d.%d.%d".formatted(version.major(), version.minor(), version.micro()),
        version.major() * 1_000_000 + version.minor() * 1_000 + version.micro(),
        versioned,
        preferred,
        monitor.call(new Commands.QueryCpuDefinitions()).stream()
            .map(Commands.CpuModel::name)
            .sorted()
            .toList(),
        Map.of("max", features(monitor, "max"), "qemu64", features(monitor, "qemu64")),
        accelerator.name(),
        accelerator.reason(),
        new Abilities(monitor).missing());
  }

  private static List<String> features(QmpMonitor monitor, String model) throws VirtException {
    return monitor.call(QueryCpuModelExpansion.full(model)).model().props().entrySet().stream()
        .filter(property -> property.getValue().isBoolean() && property.getValue().booleanValue())
        .map(Map.Entry::getKey)
        .filter(name -> !NO_FEATURES.contains(name))
        .sorted()
        .toList();
  }

  private static Path temporary() throws VirtException {
    try {
      return Files.createTempDirectory("tern-probe");
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "No temporary directory can be made.", e);
    }
  }

  private static void delete(Path directory) throws VirtException {
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be removed.".formatted(directory), e);
    }
  }
}
