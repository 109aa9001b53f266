package dev.tern.virt.qemu;

import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.NicRecipe;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;

/** A launch recipe before it becomes a command line: it came from outside. */
final class RecipeCheck {
  private static final Pattern ID = Pattern.compile("[a-z][a-z0-9]{0,15}");
  private static final Pattern UUID = Pattern.compile("[0-9a-fA-F-]{36}");
  private static final Pattern WORD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]{0,63}");
  private static final Pattern CPU = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+,=-]{0,255}");
  private static final Pattern FILE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern MAC = Pattern.compile("([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}");
  private static final Pattern HOST =
      Pattern.compile("[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9a-fA-F:.]{2,45}");
  private static final Pattern EXPORT = Pattern.compile("[A-Za-z0-9._/-]{0,255}");
  private static final int MOST_PORTS = 7;
  private static final int MOST_LAYERS = 64;

  private RecipeCheck() {}

  /**
   * @throws VirtException {@code REFUSED}, naming what is not usable
   */
  static void check(LaunchRecipe recipe) throws VirtException {
    require(UUID.matcher(recipe.serverId()).matches(), "server id", recipe.serverId());
    require(WORD.matcher(recipe.machineType()).matches(), "machine type", recipe.machineType());
    require(
        recipe.accelerator().equals("kvm") || recipe.accelerator().equals("tcg"),
        "accelerator",
        recipe.accelerator());
    require(CPU.matcher(recipe.cpuModel()).matches(), "cpu model", recipe.cpuModel());
    require(recipe.vcpus() > 0 && recipe.vcpus() <= 255, "vcpus", "" + recipe.vcpus());
    require(recipe.memoryKib() >= 1024, "memory", "" + recipe.memoryKib());
    int ports = recipe.hotPlugPorts();
    require(ports >= 0 && ports <= MOST_PORTS, "number of hot-plug ports", "" + ports);
    require(
        ports == 0 || recipe.machineType().contains("q35"),
        "machine type with hot-plug ports",
        recipe.machineType());
    Set<String> taken = new HashSet<>();
    for (DiskRecipe disk : recipe.disks()) {
      check(disk, ports);
      require(taken.add(disk.id()), "disk id, which is there twice,", disk.id());
      if (disk instanceof NetworkDisk network) {
        require(
            taken.add("port " + network.hotPlugPort()),
            "hot-plug port, which is there twice,",
            "" + network.hotPlugPort());
      }
    }
    checkKernel(recipe);
    for (NicRecipe nic : recipe.nics()) {
      require(ID.matcher(nic.id()).matches(), "nic id", nic.id());
      require(MAC.matcher(nic.macAddress()).matches(), "mac address", nic.macAddress());
    }
  }

  /** One disk; it may be plugged into any of {@code ports} root ports. */
  static void check(DiskRecipe disk, int ports) throws VirtException {
    require(ID.matcher(disk.id()).matches(), "disk id", disk.id());
    require(disk.virtualBytes() > 0, "size of disk " + disk.id(), "" + disk.virtualBytes());
    switch (disk) {
      case LocalDisk local -> checkLocal(local);
      case ReadOnlyDisk readOnly -> requireDigest("read-only disk", readOnly.sha256());
      case NetworkDisk network -> {
        require(HOST.matcher(network.host()).matches(), "volume's host", network.host());
        require(
            network.port() > 0 && network.port() <= 65_535, "volume's port", "" + network.port());
        require(EXPORT.matcher(network.export()).matches(), "volume's export", network.export());
        require(
            network.hotPlugPort() > 0 && network.hotPlugPort() <= ports,
            "hot-plug port",
            "" + network.hotPlugPort());
      }
    }
  }

  private static void checkLocal(LocalDisk disk) throws VirtException {
    require(FILE.matcher(disk.file()).matches(), "disk file", disk.file());
    String storage = disk.storage().orElse("none");
    require(ID.matcher(storage).matches(), "storage", storage);
    requireFormat(disk.format());
    require(
        disk.format().equals("qcow2") || (disk.layers().isEmpty() && !disk.encrypted()),
        "format over a layer or of an encrypted disk",
        disk.format());
    require(disk.layers().size() <= MOST_LAYERS, "number of layers", "" + disk.layers().size());
    for (int n = 0; n < disk.layers().size(); n++) {
      LayerRecipe layer = disk.layers().get(n);
      requireDigest("layer", layer.sha256());
      requireFormat(layer.format());
      require(
          layer.format().equals("qcow2") || (n == disk.layers().size() - 1 && !layer.encrypted()),
          "format over a layer or of an encrypted layer",
          layer.format());
      require(disk.encrypted() || !layer.encrypted(), "encrypted layer of a plain disk", disk.id());
    }
  }

  private static void checkKernel(LaunchRecipe recipe) throws VirtException {
    if (recipe.kernel().isPresent()) {
      String kernel = recipe.kernel().get().kernelSha256();
      requireDigest("kernel", kernel);
      requireDigest("initrd", recipe.kernel().get().initrdSha256().orElse(kernel));
    } else {
      require(!recipe.disks().isEmpty(), "disk list without a kernel", "nothing to boot from");
    }
  }

  private static void requireDigest(String what, String digest) throws VirtException {
    require(SHA256.matcher(digest).matches(), what, digest);
  }

  private static void requireFormat(String format) throws VirtException {
    require(format.equals("qcow2") || format.equals("raw"), "format", format);
  }

  private static void require(boolean holds, String what, String found) throws VirtException {
    if (!holds) {
      throw new VirtException(
          Kind.REFUSED, "The launch recipe's %s is not usable: '%s'.".formatted(what, found), null);
    }
  }
}
