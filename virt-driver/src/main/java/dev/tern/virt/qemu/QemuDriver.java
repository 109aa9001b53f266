package dev.tern.virt.qemu;

import dev.tern.virt.DiskImages;
import dev.tern.virt.Guest;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.HypervisorProcess;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LayerTransfer;
import dev.tern.virt.Pauses;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.disk.QemuImages;
import dev.tern.virt.qmp.QmpDeadlines;
import dev.tern.virt.qmp.QmpMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The installed QEMU of this host. */
public final class QemuDriver implements VirtDriver {
  private final QemuSettings settings;
  private final Pauses pauses;
  private final QemuImages images;
  private final QemuLayers layers;
  private final ReentrantLock asking = new ReentrantLock(); // guards known
  private @Nullable HostCapabilities known;

  public QemuDriver(QemuSettings settings) {
    this(settings, Pauses.real());
  }

  public QemuDriver(QemuSettings settings, Pauses pauses) {
    this.settings = settings;
    this.pauses = pauses;
    this.images = new QemuImages(settings.qemuImg(), settings.deadlines().imageTool());
    this.layers = new QemuLayers(settings, images, pauses);
  }

  @Override
  public HostCapabilities capabilities() throws VirtException {
    asking.lock();
    try {
      HostCapabilities found = known;
      if (found == null) {
        found = new HostProbe(settings, pauses).ask();
        known = found;
      }
      return found;
    } finally {
      asking.unlock();
    }
  }

  @Override
  public DiskImages images() {
    return images;
  }

  @Override
  public LayerTransfer layers() {
    return layers;
  }

  @Override
  public long volumeBytes(String host, int port, String export) throws VirtException {
    return new VolumeProbe(settings).bytes(host, port, export);
  }

  @Override
  public Guest launch(LaunchRecipe recipe, Path instanceDirectory, LaunchMode mode)
      throws VirtException {
    Path instance = instanceDirectory.toAbsolutePath();
    CommandLine line = new CommandLine(recipe, instance, settings);
    prepareDirectory(instance);
    if (QemuProcess.find(instance).isPresent()) {
      throw new VirtException(Kind.REFUSED, "A QEMU runs in %s already.".formatted(instance), null);
    }
    QemuProcess.forget(instance);
    StreamCredentials.forget(instance);
    new EndpointsFile(instance).delete();
    RecipeFiles.check(recipe, instance, settings.bases(), images);
    return start(line, instance, mode);
  }

  private Guest start(CommandLine line, Path instance, LaunchMode mode) throws VirtException {
    try (MonitorSockets sockets = MonitorSockets.of(instance, settings.runtime())) {
      QemuStart start =
          QemuStart.of(
              line.arguments(mode, sockets), instance, instance.resolve("qemu.log"), pauses);
      try {
        Optional<QemuProcess> process = QemuProcess.of(start.pid());
        if (process.isPresent()) {
          process.get().record(instance);
        }
        QmpMonitor monitor =
            start.monitor(sockets.first(), deadlines(), settings.deadlines().start());
        return guest(process.orElseThrow(), monitor, instance);
      } catch (VirtException e) {
        if (start.end(settings.deadlines().end())) {
          QemuProcess.forget(instance);
        }
        throw e;
      }
    }
  }

  private QmpDeadlines deadlines() {
    QemuSettings.Deadlines d = settings.deadlines();
    return new QmpDeadlines(d.query(), d.change(), d.network());
  }

  private Guest guest(QemuProcess process, QmpMonitor monitor, Path instance) throws VirtException {
    return new QemuGuest(new Session(process, monitor, settings, pauses, new Progress()), instance);
  }

  @Override
  public Optional<Guest> adopt(Path instanceDirectory) throws VirtException {
    Path instance = instanceDirectory.toAbsolutePath();
    Optional<QemuProcess> process = QemuProcess.find(instance);
    if (process.isEmpty()) {
      StreamCredentials.forget(instance);
      return Optional.empty();
    }
    try {
      return Optional.of(connect(process.get(), instance));
    } catch (VirtException e) {
      if (!process.get().alive()) {
        return Optional.empty();
      }
      throw new VirtException(Kind.NO_ANSWER, String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public List<HypervisorProcess> processesBelow(Path directory) throws VirtException {
    return QemuProcesses.below(
        directory.toAbsolutePath(), List.of(settings.qemu(), settings.storageDaemon()));
  }

  private Guest connect(QemuProcess process, Path instance) throws VirtException {
    Duration patience = settings.deadlines().query();
    QmpMonitor monitor;
    try (MonitorSockets sockets = MonitorSockets.of(instance, settings.runtime())) {
      try {
        monitor = QmpMonitor.connect(sockets.first(), deadlines(), patience);
      } catch (VirtException first) {
        // Another client may hold the first socket; the second is for this.
        try {
          monitor = QmpMonitor.connect(sockets.second(), deadlines(), patience);
        } catch (VirtException second) {
          second.addSuppressed(first);
          throw second;
        }
      }
    }
    return guest(process, monitor, instance);
  }

  private static void prepareDirectory(Path instance) throws VirtException {
    try {
      if (!Files.isDirectory(instance)) {
        throw new VirtException(Kind.REFUSED, "%s is not a directory.".formatted(instance), null);
      }
      Files.setPosixFilePermissions(instance, PosixFilePermissions.fromString("rwx------"));
      for (String log : new String[] {"console.log", "qemu.log"}) {
        Path file = instance.resolve(log);
        if (!Files.exists(file)) {
          Files.createFile(file);
        }
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      }
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be prepared.".formatted(instance), e);
    }
  }
}
