package dev.tern.system;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program of somebody who uses Tern by a library. Its first word is a scene, for which it prints
 * lines {@code what: found}.
 */
final class Scenes {
  private static final Pattern LINE = Pattern.compile("(?m)^([^:\n]+): ?(.*)$");

  private final CommandLine shell;
  private final List<Object> program;

  Scenes(CommandLine shell, List<Object> program) {
    this.shell = shell;
    this.program = program;
  }

  /** What it found; fails with all that it printed when it does not end well. */
  Map<String, String> play(String scene, Object... more) throws IOException, InterruptedException {
    List<Object> words = new ArrayList<>(program);
    words.add(scene);
    words.addAll(List.of(more));
    String line = "%s ".repeat(words.size()).strip();
    Matcher found = LINE.matcher(shell.run(line, words.toArray()).ok().out());
    Map<String, String> all = new LinkedHashMap<>();
    while (found.find()) {
      all.put(found.group(1), found.group(2).strip());
    }
    return all;
  }
}
