package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The demo's story in the README. Figures differ from run to run, so the two are compared with
 * every figure blotted out, and those that a host which was killed could not say; with {@code
 * -Dwrite.readme=true} the README gets the new one.
 */
final class ReadmeTranscript {
  private final Path readme;
  private final String beginMark;
  private final String endMark;

  /** The transcript between marks of this name. */
  ReadmeTranscript(Path readme, String name) {
    this.readme = readme;
    this.beginMark = "<!-- " + name + " -->\n```\n";
    this.endMark = "```\n<!-- /" + name + " -->";
  }

  /** Fails when the README tells another story than {@code printed}. */
  void mustTell(String printed) throws IOException {
    String page = Files.readString(readme);
    int begin = page.indexOf(beginMark) + beginMark.length();
    int end = page.indexOf(endMark);
    assertThat(end).as("README.md has its transcript markers").isGreaterThanOrEqualTo(begin);
    if (Boolean.getBoolean("write.readme")) {
      Files.writeString(
          readme, page.substring(0, begin) + printed.strip() + "\n" + page.substring(end));
    } else {
      assertThat(blotted(page.substring(begin, end)))
          .as("README.md: run this test with -Dwrite.readme=true")
          .isEqualTo(blotted(printed));
    }
  }

  private static String blotted(String story) {
    return story
        .lines()
        .filter(line -> !line.contains("["))
        .map(line ->
            line.replaceAll("[0-9a-f]{8}-[0-9a-f-]{27}", "ID")
                .replaceAll("[KM]iB", "B")
                .replaceAll("\\bunknown\\b", "0")
                .replaceAll("\\d+(\\.\\d+)?", "N")
                .strip()
                .replaceAll(" +", " "))
        .reduce("", (all, line) -> all + line + "\n")
        .strip();
  }
}
