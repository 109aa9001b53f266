package dev.tern.virt.qemu;

import dev.tern.virt.DiskImages;
import dev.tern.virt.Guest;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.Pauses;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;

/** The installed QEMU of this host. */
public final class QemuDriver implements VirtDriver {
  private final QemuSettings settings;
  private final Clock clock;
  private final Pauses pauses;

  public QemuDriver(QemuSettings settings) {
    this(settings, Clock.systemUTC(), Pauses.real());
  }

  public QemuDriver(QemuSettings settings, Clock clock, Pauses pauses) {
    this.settings = settings;
    this.clock = clock;
    this.pauses = pauses;
  }

  @Override
  public HostCapabilities capabilities() throws VirtException {
    throw new UnsupportedOperationException(settings + " " + clock + " " + pauses);
  }

  @Override
  public DiskImages images() {
    throw new UnsupportedOperationException("images");
  }

  @Override
  public Guest launch(LaunchRecipe recipe, Path instanceDirectory, LaunchMode mode)
      throws VirtException {
    throw new UnsupportedOperationException("launch");
  }

  @Override
  public Optional<Guest> adopt(Path instanceDirectory) throws VirtException {
    throw new UnsupportedOperationException("adopt");
  }
}
