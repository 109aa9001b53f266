package dev.tern.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The recorded pages of Horizon; {@code horizon/pages.txt} says how they are written down. */
final class HorizonPages {
  private static final Pattern CALL =
      Pattern.compile(
          "(?<version>-|2\\.\\d+) (?<method>[A-Z]+) (?<path>\\S+)(?: (?<body>\\{.*}))? (?<status>\\d{3})");
  private static final Pattern FIELDS = Pattern.compile(" {2}(?<place>[^ ]*): (?<fields>.+)");

  /** A page and what is asked to draw it. */
  record Page(String name, List<Call> calls) {
    @Override
    public String toString() {
      return name;
    }
  }

  record Call(
      Optional<String> version,
      String method,
      String path,
      Optional<String> body,
      int status,
      List<Fields> read) {}

  /** What a page reads at one place of an answer. */
  record Fields(List<String> place, List<String> names) {}

  private HorizonPages() {}

  /** All of them, in the order in which they were visited. */
  static List<Page> all() {
    List<Page> pages = new ArrayList<>();
    for (String line : lines()) {
      Matcher call = CALL.matcher(line);
      Matcher fields = FIELDS.matcher(line);
      if (line.startsWith("page: ")) {
        pages.add(new Page(line.substring(6), new ArrayList<>()));
      } else if (call.matches()) {
        pages.getLast().calls().add(call(call));
      } else if (fields.matches()) {
        pages.getLast().calls().getLast().read().add(fields(fields));
      } else {
        throw new IllegalStateException("what is this: " + line);
      }
    }
    return pages;
  }

  private static Call call(Matcher line) {
    return new Call(
        Optional.of(line.group("version")).filter(version -> !version.equals("-")),
        line.group("method"),
        line.group("path"),
        Optional.ofNullable(line.group("body")),
        Integer.parseInt(line.group("status")),
        new ArrayList<>());
  }

  private static Fields fields(Matcher line) {
    return new Fields(
        Arrays.stream(line.group("place").split("\\.", -1)).filter(s -> !s.isEmpty()).toList(),
        List.of(line.group("fields").split(" ", -1)));
  }

  private static List<String> lines() {
    try (InputStream text = HorizonPages.class.getResourceAsStream("/horizon/pages.txt")) {
      return new String(Objects.requireNonNull(text).readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
