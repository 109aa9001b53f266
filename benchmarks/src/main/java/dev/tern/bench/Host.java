package dev.tern.bench;

import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One of the two places a guest moves between: a directory of its own and a driver on it, on this
 * machine.
 *
 * @param instance where the guest's disks and sockets are while it is here
 * @param bases images by content
 */
record Host(String name, Path instance, Path bases, QemuDriver driver) {
  static Host in(Path work, String name) throws IOException {
    Path instance = Files.createDirectories(work.resolve(name).resolve("guest"));
    Path bases = Files.createDirectories(work.resolve(name).resolve("_base"));
    return new Host(
        name, instance, bases, new QemuDriver(QemuSettings.defaults(bases).insecurely()));
  }

  Path console() {
    return instance.resolve("console.log");
  }
}
