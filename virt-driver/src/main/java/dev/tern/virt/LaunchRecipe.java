package dev.tern.virt;

import java.util.List;
import java.util.Optional;

/**
 * Everything a guest can see of its machine, and nothing that differs between hosts: written when
 * the server is first started, kept beside the instance, and used word for word on every host the
 * guest ever moves to. Paths are relative to the instance directory ({@code disk0.qcow2}) or name a
 * base image by its content ({@code sha256}); QEMU resolves backing files through the driver, never
 * through what an image header says.
 *
 * @param serverId the server's UUID, also the guest's SMBIOS UUID
 * @param machineType versioned, e.g. {@code pc-q35-7.2}
 * @param accelerator {@code kvm} or {@code tcg}
 * @param cpuModel as for {@code -cpu}
 * @param memoryKib RAM of the main block in KiB; under tcg before QEMU 9.0 never a multiple of 64
 *     pages (see {@code docs/live-migration.md})
 * @param kernel direct kernel boot; empty boots from the first disk
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
    List<NicRecipe> nics) {

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

  /**
   * One disk of the guest.
   *
   * @param id short and stable, e.g. {@code disk0}: node name, device id ({@code dev-disk0}) and
   *     export names derive from it
   * @param file file name in the instance directory, no slash
   * @param format {@code qcow2} or {@code raw}: recorded, never probed
   * @param virtualBytes size the guest sees
   * @param base the read-only image below an overlay, by content
   */
  public record DiskRecipe(
      String id, String file, String format, long virtualBytes, Optional<BaseRecipe> base) {}

  /** A base image: {@code _base/<sha256>}, opened read-only with the recorded format. */
  public record BaseRecipe(String sha256, String format) {}

  /** A user-mode ({@code slirp}) network card; no NIC at all is an empty list. */
  public record NicRecipe(String id, String macAddress) {}
}
