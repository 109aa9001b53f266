package dev.tern.virt.qemu;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Which accelerator guests get, and why. There are machines with a {@code /dev/kvm} on which guests
 * hang, so the processor's flags must say yes too.
 */
record Accelerator(String name, String reason) {

  /** The decision, from facts alone. */
  static Accelerator decide(
      String wanted, boolean processorCan, boolean deviceOpens, boolean qemuAnswersWithKvm) {
    if (wanted.equals("tcg")) {
      return new Accelerator("tcg", "The settings ask for tcg.");
    }
    if (!processorCan) {
      return new Accelerator(
          "tcg", "The processor's flags have neither vmx nor svm, so kvm cannot run guests here.");
    }
    if (!deviceOpens) {
      return new Accelerator(
          "tcg", "/dev/kvm is missing or does not open for reading and writing.");
    }
    if (!qemuAnswersWithKvm) {
      return new Accelerator("tcg", "/dev/kvm opens, but QEMU cannot use it.");
    }
    return new Accelerator(
        "kvm", "The processor's flags, /dev/kvm and QEMU all say that kvm works.");
  }

  /** Whether the flags of {@code /proc/cpuinfo} have hardware virtualisation. */
  static boolean processorCan(String cpuinfo) {
    return cpuinfo
        .lines()
        .filter(line -> line.startsWith("flags"))
        .flatMap(line -> Arrays.stream(line.split("\\s+")))
        .anyMatch(flag -> flag.equals("vmx") || flag.equals("svm"));
  }

  static boolean processorCan() {
    try {
      return processorCan(Files.readString(Path.of("/proc/cpuinfo")));
    } catch (IOException e) {
      return false; // no processor flags, no kvm
    }
  }

  static boolean deviceOpens() {
    try (FileChannel kvm =
        FileChannel.open(Path.of("/dev/kvm"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return kvm.isOpen();
    } catch (IOException e) {
      return false; // the reason is in the decision's words
    }
  }
}
