package dev.tern.virt;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Everything a guest can see of its machine, and nothing that differs between hosts: written when
 * the server is first started, kept beside the instance, and used on every host the guest ever
 * moves to. Only what the guest cannot see changes on the way: which layers lie below a disk. Paths
 * are relative to the instance directory ({@code disk0.qcow2}) or name an immutable file by its
 * content ({@code sha256}); QEMU resolves backing files through the driver, never through what an
 * image header says.
 *
 * @param version {@link #VERSION} for new guests
 * @param serverId the server's UUID, also the guest's SMBIOS UUID
 * @param machineType versioned, e.g. {@code pc-q35-7.2}
 * @param accelerator {@code kvm} or {@code tcg}
 * @param cpuModel as for {@code -cpu}
 * @param memoryKib RAM of the main block in KiB; under tcg before QEMU 9.0 never a multiple of 64
 *     pages (see {@code docs/live-migration.md})
 * @param kernel direct kernel boot; empty boots from the first disk
 * @param hotPlugPorts PCIe root ports disks can be plugged into while the guest runs, {@code port1}
 *     and so on; 0 for guests older than version 2
 */
public record LaunchRecipe(
    int version,
    String serverId,
    String name,
    String machineType,
    String accelerator,
    String cpuModel,
    int vcpus,
    long memoryKib,
    Optional<KernelBoot> kernel,
    List<DiskRecipe> disks,
    List<NicRecipe> nics,
    int hotPlugPorts) {
  /** Of recipes written now. 1 had one kind of disk, with at most one layer below it. */
  public static final int VERSION = 2;

  /** Root ports of new guests. */
  public static final int USUAL_PORTS = 4;

  public LaunchRecipe {
    disks = List.copyOf(disks);
    nics = List.copyOf(nics);
  }

  /**
   * Kernel and initramfs by content, as found in {@code _base/<sha256>}.
   *
   * @param initrdSha256 empty when the kernel needs none
   */
  public record KernelBoot(
      String kernelSha256, Optional<String> initrdSha256, String commandLine) {}

  /** The same machine with other disks. */
  public LaunchRecipe withDisks(List<DiskRecipe> others) {
    return sized(vcpus, memoryKib, others);
  }

  /** A machine of the same kind, of another size. */
  public LaunchRecipe sized(int itsVcpus, long itsMemoryKib, List<DiskRecipe> itsDisks) {
    return new LaunchRecipe(
        version,
        serverId,
        name,
        machineType,
        accelerator,
        cpuModel,
        itsVcpus,
        itsMemoryKib,
        kernel,
        itsDisks,
        nics,
        hotPlugPorts);
  }

  /** The same machine as another host could run it: every disk's file in the instance directory. */
  public LaunchRecipe portable() {
    return withDisks(
        disks.stream()
            .map(disk ->
                disk instanceof LocalDisk local ? local.at(local.file(), Optional.empty()) : disk)
            .toList());
  }

  /** The disks that are files of this host alone, and move when the guest moves. */
  public List<LocalDisk> localDisks() {
    return disks.stream().filter(LocalDisk.class::isInstance).map(LocalDisk.class::cast).toList();
  }

  /** Name of the file in the secrets directory that opens an encrypted disk of this guest. */
  public String secretOf(String diskId) {
    return serverId + "-" + diskId;
  }

  /** One disk of the guest: its own, read-only, or over the network. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
  public sealed interface DiskRecipe {
    /**
     * Short and stable, e.g. {@code disk0}: node name, device id ({@code dev-disk0}) and export
     * names derive from it.
     */
    String id();

    /** Size the guest sees. */
    long virtualBytes();
  }

  /**
   * A disk whose data is on this host alone.
   *
   * @param file file name in the instance directory, no slash
   * @param format {@code qcow2} or {@code raw}: recorded, never probed
   * @param layers what lies below the file, nearest first; only below qcow2
   * @param encrypted LUKS inside the qcow2; its passphrase is {@link LaunchRecipe#secretOf}
   * @param storage a named directory of this host that the file is in instead; other hosts may have
   *     none of that name, so it does not move with the guest
   */
  public record LocalDisk(
      String id,
      String file,
      String format,
      long virtualBytes,
      List<LayerRecipe> layers,
      boolean encrypted,
      Optional<String> storage)
      implements DiskRecipe {
    public LocalDisk {
      layers = List.copyOf(layers);
    }

    /** A disk in the instance directory. */
    public LocalDisk(
        String id,
        String file,
        String format,
        long virtualBytes,
        List<LayerRecipe> layers,
        boolean encrypted) {
      this(id, file, format, virtualBytes, layers, encrypted, Optional.empty());
    }

    /** The same disk, larger. */
    public LocalDisk of(long bytes) {
      return new LocalDisk(id, file, format, bytes, layers, encrypted, storage);
    }

    /** The same disk, its file elsewhere. */
    public LocalDisk at(String otherFile, Optional<String> otherStorage) {
      return new LocalDisk(id, otherFile, format, virtualBytes, layers, encrypted, otherStorage);
    }

    /** Where its file is; a storage is reached by a link in the instance directory. */
    public Path in(Path instance) {
      return storage.map(name -> instance.resolve(linkTo(name))).orElse(instance).resolve(file);
    }

    /** Name of the link to the server's directory in a storage. */
    public static String linkTo(String storage) {
      return "storage-" + storage;
    }

    /** The same disk on other layers. */
    public LocalDisk on(List<LayerRecipe> others) {
      return new LocalDisk(id, file, format, virtualBytes, others, encrypted, storage);
    }
  }

  /**
   * An immutable layer below a disk, opened read-only: a base image, or a snapshot nobody writes to
   * any more. All of them are files {@code _base/<sha256>}.
   *
   * @param format recorded, never probed
   * @param encrypted by the passphrase of the disk above it
   */
  public record LayerRecipe(String sha256, String format, boolean encrypted) {}

  /** A disk nobody writes to, such as a config drive: the raw file {@code _base/<sha256>}. */
  public record ReadOnlyDisk(String id, String sha256, long virtualBytes) implements DiskRecipe {}

  /**
   * A volume that another machine serves over NBD. It is attached by the same address on every
   * host, and never copied.
   *
   * @param host name or numeric address
   * @param export NBD export name; may be empty
   * @param hotPlugPort the root port it is plugged into, from 1
   */
  public record NetworkDisk(
      String id, String host, int port, String export, long virtualBytes, int hotPlugPort)
      implements DiskRecipe {
    /** As people write it. */
    public String url() {
      return "nbd://%s:%d/%s".formatted(host.contains(":") ? "[" + host + "]" : host, port, export);
    }
  }

  /** A user-mode ({@code slirp}) network card; no NIC at all is an empty list. */
  public record NicRecipe(String id, String macAddress) {}
}
