package dev.tern.virt.qemu;

import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.NicRecipe;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import dev.tern.virt.qmp.BlockNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A launch recipe as QEMU's command line. The recipe is checked first: it came from outside. */
final class CommandLine {
  /** The only slot of a root port that is real. */
  static final String PORT_SLOT = "0x0";

  private static final int FIRST_PORT_SLOT = 0x18;

  private final LaunchRecipe recipe;
  private final Path instance;
  private final QemuSettings settings;

  CommandLine(LaunchRecipe recipe, Path instance, QemuSettings settings) throws VirtException {
    this.recipe = recipe;
    this.instance = instance.toAbsolutePath();
    this.settings = settings;
    RecipeCheck.check(recipe);
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
    if (settings.sandbox()) {
      line.addAll(QemuStart.SANDBOX);
    }
    addKernel(line);
    addMonitor(line, "mon1", sockets.first());
    addMonitor(line, "mon2", sockets.second());
    line.addAll(
        List.of(
            "-chardev",
            "file,id=console,append=on,path=" + escaped(instance.resolve("console.log"))));
    line.addAll(List.of("-serial", "chardev:console"));
    addPorts(line);
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
    line.addAll(List.of("-pidfile", QemuProcess.pidFile(instance).toString()));
    line.addAll(List.of("-msg", "timestamp=on"));
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

  /** At addresses of their own, so that they move no other device. */
  private void addPorts(List<String> line) {
    for (int n = 1; n <= recipe.hotPlugPorts(); n++) {
      line.addAll(
          List.of(
              "-device",
              "pcie-root-port,id=%s,bus=pcie.0,chassis=%d,addr=0x%x"
                  .formatted(Nodes.port(n), n, FIRST_PORT_SLOT + n - 1)));
    }
  }

  private void addDisk(List<String> line, DiskRecipe disk) {
    if (disk instanceof LocalDisk local && local.encrypted()) {
      Path secret = settings.secrets().toAbsolutePath().resolve(recipe.secretOf(disk.id()));
      line.addAll(
          List.of(
              "-object",
              "secret,id=%s,file=%s".formatted(Nodes.secret(disk.id()), escaped(secret))));
    }
    new DiskGraph(instance, settings.bases()).nodes(disk).forEach(node -> addNode(line, node));
    String bus =
        switch (disk) {
          case NetworkDisk network ->
              ",bus=%s,addr=%s".formatted(Nodes.port(network.hotPlugPort()), PORT_SLOT);
          case LocalDisk _, ReadOnlyDisk _ -> "";
        };
    boolean boots = recipe.kernel().isEmpty() && disk.equals(recipe.disks().getFirst());
    line.addAll(
        List.of(
            "-device",
            "virtio-blk-pci,id=%s,drive=%s%s%s"
                .formatted(Nodes.device(disk.id()), disk.id(), bus, boots ? ",bootindex=0" : "")));
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
}
