package dev.tern.virt.qemu;

import dev.tern.virt.HypervisorProcess;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** QEMUs by what their command lines say, ours and others'. */
final class QemuProcesses {
  /** What may end a path in an option of QEMU's. */
  private static final String NO_END = "[^\\x00,\"]+";

  private QemuProcesses() {}

  /** Live processes of those programs that name a path below the directory. */
  static List<HypervisorProcess> below(Path directory, List<String> programs) throws VirtException {
    List<String> names =
        programs.stream().map(p -> String.valueOf(Path.of(p).getFileName())).toList();
    Pattern paths = Pattern.compile(Pattern.quote(directory + "/") + "(" + NO_END + ")");
    List<HypervisorProcess> found = new ArrayList<>();
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      for (Path one : (Iterable<Path>) all::iterator) {
        String pid = one.getFileName().toString();
        if (pid.chars().allMatch(c -> c >= '0' && c <= '9')) {
          seen(Long.parseLong(pid), names, paths).ifPresent(found::add);
        }
      }
      return found;
    } catch (IOException | UncheckedIOException e) {
      throw new VirtException(Kind.NO_ANSWER, "/proc cannot be read.", e);
    }
  }

  private static Optional<HypervisorProcess> seen(long pid, List<String> programs, Pattern paths)
      throws IOException, VirtException {
    String line;
    try {
      line =
          new String(
              Files.readAllBytes(Path.of("/proc", Long.toString(pid), "cmdline")),
              StandardCharsets.UTF_8);
    } catch (IOException e) {
      // Linux answers ESRCH when the process ends between open and read.
      if (!Files.exists(Path.of("/proc", Long.toString(pid)))) {
        return Optional.empty();
      }
      throw e;
    }
    if (!isOneOf(programs, line)) {
      return Optional.empty();
    }
    Set<Path> touches = new HashSet<>();
    for (Matcher path = paths.matcher(line); path.find(); ) {
      touches.add(Path.of(path.group(1)).normalize());
    }
    return touches.isEmpty() || QemuProcess.of(pid).isEmpty()
        ? Optional.empty()
        : Optional.of(
            new HypervisorProcess(
                pid, touches, ProcessHandle.of(pid).flatMap(p -> p.info().startInstant())));
  }

  private static boolean isOneOf(List<String> programs, String commandLine) {
    int end = commandLine.indexOf('\0');
    try {
      return end > 0
          && programs.contains(
              String.valueOf(Path.of(commandLine.substring(0, end)).getFileName()));
    } catch (InvalidPathException _) {
      return false; // Nothing of ours is called so.
    }
  }
}
