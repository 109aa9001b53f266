package dev.tern.virt.qemu;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

/**
 * Settings of the QEMU driver.
 *
 * @param qemu the emulator: a path, or a name looked up on the PATH
 * @param qemuImg the image tool, likewise
 * @param storageDaemon what takes layers in from other hosts, likewise
 * @param bases directory of base images, kernels and initramfs, each file named by its sha256
 * @param secrets directory of passphrases of encrypted disks, of the agent's user alone
 * @param runtime directory for short-lived links to sockets whose own path is too long for a Unix
 *     socket address (108 bytes)
 * @param accelerator {@code auto}, {@code kvm} or {@code tcg}; {@code auto} takes kvm only where
 *     processor flags and {@code /dev/kvm} both say that it works
 * @param sandbox locks guests' QEMUs in by seccomp; off only for a QEMU that was built without it
 * @param insecure allows streams in plaintext, which are refused otherwise
 * @param deadlines how long each class of waiting may take
 */
public record QemuSettings(
    String qemu,
    String qemuImg,
    String storageDaemon,
    Path bases,
    Path secrets,
    Path runtime,
    String accelerator,
    boolean sandbox,
    boolean insecure,
    Deadlines deadlines) {

  public QemuSettings {
    Objects.requireNonNull(qemu);
    Objects.requireNonNull(qemuImg);
    Objects.requireNonNull(storageDaemon);
    Objects.requireNonNull(bases);
    Objects.requireNonNull(secrets);
    Objects.requireNonNull(runtime);
    Objects.requireNonNull(deadlines);
    if (!accelerator.equals("auto") && !accelerator.equals("kvm") && !accelerator.equals("tcg")) {
      throw new IllegalArgumentException(
          "The accelerator is auto, kvm or tcg, not '%s'.".formatted(accelerator));
    }
  }

  /** The installed QEMU, accelerator by itself, loopback only, usual deadlines. */
  public static QemuSettings defaults(Path bases) {
    return new QemuSettings(
        "qemu-system-x86_64",
        "qemu-img",
        "qemu-storage-daemon",
        bases,
        bases.resolveSibling("secrets"),
        Path.of(System.getProperty("java.io.tmpdir")),
        "auto",
        true,
        false,
        Deadlines.usual());
  }

  /** The same, with streams in plaintext allowed: a stream without a key is not refused. */
  public QemuSettings insecurely() {
    return new QemuSettings(
        qemu,
        qemuImg,
        storageDaemon,
        bases,
        secrets,
        runtime,
        accelerator,
        sandbox,
        true,
        deadlines);
  }

  /**
   * How long each class of waiting may take.
   *
   * @param query a QMP command that only looks
   * @param change a QMP command that changes something inside QEMU
   * @param network a QMP command that talks to another host while it runs
   * @param start from the start of the process until its monitor answers
   * @param imageTool one run of {@code qemu-img}
   * @param mirrorStall a mirror that moves no byte for so long has failed
   * @param outage a mirror whose connection breaks waits so long for it to come back, in whole
   *     seconds, and then goes on where it was; 0 fails it at once; below {@code mirrorStall}
   * @param switchover from the guest's stop to QEMU's last word on the migration
   * @param end from {@code quit} until the process is ended by force
   */
  public record Deadlines(
      Duration query,
      Duration change,
      Duration network,
      Duration start,
      Duration imageTool,
      Duration mirrorStall,
      Duration outage,
      Duration switchover,
      Duration end) {

    public Deadlines {
      if (outage.isNegative() || outage.compareTo(mirrorStall) >= 0) {
        throw new IllegalArgumentException(
            "An outage of %s is not between 0 and the %s after which a mirror has failed."
                .formatted(outage, mirrorStall));
      }
    }

    /** For a loaded host; nothing healthy comes near them. */
    public static Deadlines usual() {
      return new Deadlines(
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofSeconds(20),
          Duration.ofSeconds(30),
          Duration.ofMinutes(2),
          Duration.ofSeconds(30),
          Duration.ofSeconds(10),
          Duration.ofSeconds(30),
          Duration.ofSeconds(3));
    }

    /** The same, but for the outage that mirrors ride out. */
    public Deadlines withOutage(Duration ridden) {
      return new Deadlines(
          query, change, network, start, imageTool, mirrorStall, ridden, switchover, end);
    }
  }
}
