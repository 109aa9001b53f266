package dev.tern.virt;

import java.util.List;
import java.util.Map;

/**
 * What the installed QEMU and this machine offer.
 *
 * @param version e.g. {@code 7.2.22}
 * @param versionNumber {@code major * 1_000_000 + minor * 1_000 + micro}, Nova's {@code
 *     hypervisor_version}
 * @param machineTypes every versioned machine type QEMU knows
 * @param defaultMachineType what new guests get, versioned
 * @param cpuFeatures of the models {@code max} and {@code qemu64}: what a guest gets that is given
 *     that model here; {@code max} is all there is
 * @param accelerator {@code kvm} only where processor flags and {@code /dev/kvm} both say a guest
 *     can run under it, else {@code tcg}
 * @param acceleratorReason why, in one sentence
 * @param missingCommands QMP commands Tern needs and this QEMU lacks; a host with any is refused as
 *     a destination
 */
public record HostCapabilities(
    String binary,
    String version,
    int versionNumber,
    List<String> machineTypes,
    String defaultMachineType,
    List<String> cpuModels,
    Map<String, List<String>> cpuFeatures,
    String accelerator,
    String acceleratorReason,
    List<String> missingCommands) {}
