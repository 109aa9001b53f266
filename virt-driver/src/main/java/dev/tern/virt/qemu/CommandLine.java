package dev.tern.virt.qemu;

import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.BaseRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.NicRecipe;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.BlockNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A launch recipe as QEMU's command line. The recipe is checked first: it came from outside. */
final class CommandLine {
  private static final Pattern ID = Pattern.compile("[a-z][a-z0-9]{0,15}");
  private static final Pattern UUID = Pattern.compile("[0-9a-fA-F-]{36}");
  private static final Pattern WORD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]{0,63}");
  private static final Pattern CPU = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+,=-]{0,255}");
  private static final Pattern FILE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern MAC = Pattern.compile("([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}");

  private final LaunchRecipe recipe;
  private final Path instance;
  private final QemuSettings settings;

  CommandLine(LaunchRecipe recipe, Path instance, QemuSettings settings) throws VirtException {
    this.recipe = recipe;
    this.instance = instance.toAbsolutePath();
    this.settings = settings;
    check();
  }

  List<String> arguments(LaunchMode mode, MonitorSockets sockets) throws VirtException {
    List<String> line = new ArrayList<>();
    line.add(settings.qemu());
    line.addAll(List.of("-name", "guest=" + recipe.serverId() + ",debug-threads=on"));
    line.addAll(List.of("-uuid", recipe.serverId()));
    line.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none", "-vga", "none"));
    line.addAll(List.of("-machine", recipe.machineType() + ",hpet=off"));
    line.addAll(List.of("-accel", recipe.accelerator(), "-cpu", recipe.cpuModel()));
    line.addAll(List.of("-smp", Integer.toString(recipe.vcpus())));
    line.addAll(List.of("-m", recipe.memoryKib() + "k"));
    // QEMU forks to become a daemon after it has locked itself in, so fork stays allowed.
    line.addAll(List.of("-sandbox", "on,obsolete=deny,resourcecontrol=deny"));
    addKernel(line);
    addMonitor(line, "mon1", sockets.first());
    addMonitor(line, "mon2", sockets.second());
    line.addAll(
        List.of(
            "-chardev",
            "file,id=console,append=on,path=" + escaped(instance.resolve("console.log"))));
    line.addAll(List.of("-serial", "chardev:console"));
    for (DiskRecipe disk : recipe.disks()) {
      addDisk(line, disk);
    }
    for (NicRecipe nic : recipe.nics()) {
      line.addAll(List.of("-netdev", "user,id=net-" + nic.id()));
      line.addAll(
          List.of(
              "-device",
              "virtio-net-pci,id=dev-%s,netdev=net-%s,mac=%s,romfile="
                  .formatted(nic.id(), nic.id(), nic.macAddress())));
    }
    switch (mode) {
      case RUN -> {}
      case INCOMING -> line.addAll(List.of("-S", "-incoming", "defer"));
    }
    line.addAll(List.of("-daemonize", "-pidfile", QemuProcess.pidFile(instance).toString()));
    // With a log file a daemon keeps its standard error, which is where failures are explained.
    line.addAll(List.of("-msg", "timestamp=on", "-D", instance.resolve("qemu.log").toString()));
    return line;
  }

  private void addKernel(List<String> line) {
    recipe
        .kernel()
        .ifPresent(boot -> {
          line.addAll(List.of("-kernel", base(boot.kernelSha256())));
          boot.initrdSha256().ifPresent(sha -> line.addAll(List.of("-initrd", base(sha))));
          line.addAll(List.of("-append", boot.commandLine()));
        });
  }

  private static void addMonitor(List<String> line, String id, Path socket) {
    line.addAll(
        List.of(
            "-chardev", "socket,id=%s,server=on,wait=off,path=%s".formatted(id, escaped(socket))));
    line.addAll(List.of("-mon", "chardev=%s,mode=control".formatted(id)));
  }

  private void addDisk(List<String> line, DiskRecipe disk) {
    BlockNode.@Nullable Backing backing =
        disk.format().equals("qcow2") ? new BlockNode.NoBacking() : null;
    if (disk.base().isPresent()) {
      BaseRecipe base = disk.base().get();
      String node = Nodes.base(disk.id());
      addNode(line, new BlockNode.File(node + "-file", base(base.sha256()), true, null));
      addNode(
          line,
          new BlockNode.Format(
              base.format(),
              node,
              node + "-file",
              true,
              null,
              null,
              base.format().equals("qcow2") ? new BlockNode.NoBacking() : null));
      backing = new BlockNode.BackingNode(node);
    }
    String file = Nodes.file(disk.id());
    addNode(
        line, new BlockNode.File(file, instance.resolve(disk.file()).toString(), false, "unmap"));
    addNode(
        line,
        new BlockNode.Format(disk.format(), disk.id(), file, false, "unmap", "unmap", backing));
    line.addAll(
        List.of(
            "-device",
            "virtio-blk-pci,id=%s,drive=%s%s"
                .formatted(
                    Nodes.device(disk.id()),
                    disk.id(),
                    recipe.kernel().isEmpty() && disk.equals(recipe.disks().getFirst())
                        ? ",bootindex=0"
                        : "")));
  }

  private static void addNode(List<String> line, BlockNode node) {
    line.addAll(List.of("-blockdev", node.json()));
  }

  private String base(String sha256) {
    return settings.bases().toAbsolutePath().resolve(sha256).toString();
  }

  /** A comma ends an option's value unless it is doubled. */
  private static String escaped(Path path) {
    return path.toString().replace(",", ",,");
  }

  private void check() throws VirtException {
    require(UUID.matcher(recipe.serverId()).matches(), "server id", recipe.serverId());
    require(WORD.matcher(recipe.machineType()).matches(), "machine type", recipe.machineType());
    require(
        recipe.accelerator().equals("kvm") || recipe.accelerator().equals("tcg"),
        "accelerator",
        recipe.accelerator());
    require(CPU.matcher(recipe.cpuModel()).matches(), "cpu model", recipe.cpuModel());
    require(recipe.vcpus() > 0 && recipe.vcpus() <= 255, "vcpus", "" + recipe.vcpus());
    require(recipe.memoryKib() >= 1024, "memory", "" + recipe.memoryKib());
    for (DiskRecipe disk : recipe.disks()) {
      require(ID.matcher(disk.id()).matches(), "disk id", disk.id());
      require(FILE.matcher(disk.file()).matches(), "disk file", disk.file());
      requireFormat(disk.format());
      if (disk.base().isPresent()) {
        require(disk.format().equals("qcow2"), "format over a base", disk.format());
        require(
            SHA256.matcher(disk.base().get().sha256()).matches(),
            "base",
            disk.base().get().sha256());
        requireFormat(disk.base().get().format());
      }
    }
    if (recipe.kernel().isPresent()) {
      String kernel = recipe.kernel().get().kernelSha256();
      require(SHA256.matcher(kernel).matches(), "kernel", kernel);
      String initrd = recipe.kernel().get().initrdSha256().orElse(kernel);
      require(SHA256.matcher(initrd).matches(), "initrd", initrd);
    } else {
      require(!recipe.disks().isEmpty(), "disk list without a kernel", "nothing to boot from");
    }
    for (NicRecipe nic : recipe.nics()) {
      require(ID.matcher(nic.id()).matches(), "nic id", nic.id());
      require(MAC.matcher(nic.macAddress()).matches(), "mac address", nic.macAddress());
    }
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
