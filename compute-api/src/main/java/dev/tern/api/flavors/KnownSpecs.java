package dev.tern.api.flavors;

import dev.tern.api.errors.Refusals;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What extra specs may be from 2.86 on: those of a namespace that is known have to be known
 * themselves, and to have a value that they can have. Others are their operator's own.
 */
final class KnownSpecs {
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");
  private static final Pattern BOOLEAN =
      Pattern.compile("(?i)true|t|yes|y|on|1|false|f|no|n|off|0");
  private static final Pattern ANY = Pattern.compile(".*", Pattern.DOTALL);

  private static final Map<String, Pattern> KNOWN =
      Map.ofEntries(
          Map.entry("tern:disk_format", Pattern.compile("qcow2|raw")),
          Map.entry("tern:disk_encryption", Pattern.compile("luks|none")),
          Map.entry("hw:boot_menu", BOOLEAN),
          Map.entry("hw:cpu_cores", NUMBER),
          Map.entry("hw:cpu_dedicated_mask", ANY),
          Map.entry("hw:cpu_max_cores", NUMBER),
          Map.entry("hw:cpu_max_sockets", NUMBER),
          Map.entry("hw:cpu_max_threads", NUMBER),
          Map.entry("hw:cpu_policy", Pattern.compile("dedicated|shared|mixed")),
          Map.entry("hw:cpu_realtime", BOOLEAN),
          Map.entry("hw:cpu_realtime_mask", ANY),
          Map.entry("hw:cpu_sockets", NUMBER),
          Map.entry("hw:cpu_thread_policy", Pattern.compile("prefer|isolate|require")),
          Map.entry("hw:cpu_threads", NUMBER),
          Map.entry("hw:emulator_threads_policy", Pattern.compile("isolate|share")),
          Map.entry("hw:hide_hypervisor_id", BOOLEAN),
          Map.entry("hw:input_bus", Pattern.compile("usb|virtio")),
          Map.entry("hw:locked_memory", BOOLEAN),
          Map.entry("hw:max_disks", NUMBER),
          Map.entry("hw:mem_encryption", BOOLEAN),
          Map.entry("hw:mem_encryption_model", ANY),
          Map.entry("hw:mem_page_size", ANY),
          Map.entry("hw:numa_nodes", NUMBER),
          Map.entry("hw:pci_numa_affinity_policy", ANY),
          Map.entry("hw:pmem", ANY),
          Map.entry("hw:pmu", BOOLEAN),
          Map.entry("hw:serial_port_count", NUMBER),
          Map.entry("hw:tpm_model", Pattern.compile("tpm-tis|tpm-crb")),
          Map.entry("hw:tpm_version", Pattern.compile("1\\.2|2\\.0")),
          Map.entry("hw:vif_multiqueue_enabled", BOOLEAN),
          Map.entry("hw:viommu_model", Pattern.compile("intel|smmuv3|virtio|auto")),
          Map.entry("hw:virtio_packed_ring", BOOLEAN),
          Map.entry("hw:watchdog_action", Pattern.compile("none|pause|poweroff|reset|disabled")));

  private static final Pattern NUMBERED =
      Pattern.compile("hw:(numa_cpus|numa_mem|cpu_dedicated_mask)\\.[0-9]+");
  private static final Set<String> NAMESPACES = Set.of("hw", "tern");

  private KnownSpecs() {}

  /**
   * Passes a spec.
   *
   * @throws dev.tern.contract.ComputeException 400 in Nova's words
   */
  static void require(String key, String value) {
    int colon = key.indexOf(':');
    if (colon < 0 || !NAMESPACES.contains(key.substring(0, colon))) {
      return;
    }
    Pattern form = KNOWN.get(key);
    if (form == null && !NUMBERED.matcher(key).matches()) {
      throw Refusals.invalid(
          "Validation failed; extra spec '%s' does not appear to be a valid extra spec."
              .formatted(key));
    }
    if (form != null && !form.matcher(value).matches()) {
      throw Refusals.invalid(
          "Validation failed; '%s' is not a valid value for extra spec '%s'."
              .formatted(Refusals.shortened(value), key));
    }
  }
}
