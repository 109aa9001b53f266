package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code qemu-nbd --list} prints, read. */
final class NbdList {
  private static final String NAME = "export: '";
  private static final String SIZE = "size:";
  private static final String FLAGS = "flags:";
  private static final String CONTEXTS = "available meta contexts:";

  private NbdList() {}

  /**
   * @param flags in the tool's words, without the number before them
   */
  record Listed(String name, long sizeBytes, List<String> flags, List<String> contexts) {}

  /**
   * Every export in the text.
   *
   * @throws VirtException {@code REFUSED} when it is not what the tool is known to print
   */
  static List<Listed> read(String said) throws VirtException {
    List<Listed> all = new ArrayList<>();
    @Nullable String name = null;
    long size = 0;
    List<String> flags = List.of();
    List<String> contexts = new ArrayList<>();
    boolean inContexts = false;
    for (String line : said.lines().map(String::strip).toList()) {
      if (line.startsWith(NAME) && line.endsWith("'")) {
        if (name != null) {
          all.add(new Listed(name, size, flags, List.copyOf(contexts)));
        }
        name = line.substring(NAME.length(), line.length() - 1);
        size = 0;
        flags = List.of();
        contexts.clear();
        inContexts = false;
      } else if (line.startsWith(SIZE)) {
        size = number(line.substring(SIZE.length()).strip());
      } else if (line.startsWith(FLAGS)) {
        flags = words(line);
      } else if (line.startsWith(CONTEXTS)) {
        inContexts = true;
      } else if (inContexts && !line.isEmpty()) {
        contexts.add(line);
      }
    }
    if (name != null) {
      all.add(new Listed(name, size, flags, List.copyOf(contexts)));
    }
    return all;
  }

  private static long number(String text) throws VirtException {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new VirtException(Kind.REFUSED, "qemu-nbd lists a size that is no number.", e);
    }
  }

  /** {@code flags: 0x48d ( flush fua trim )}. */
  private static List<String> words(String line) {
    int from = line.indexOf('(');
    int to = line.lastIndexOf(')');
    return from < 0 || to < from
        ? List.of()
        : List.of(line.substring(from + 1, to).strip().split("\\s+"));
  }
}
