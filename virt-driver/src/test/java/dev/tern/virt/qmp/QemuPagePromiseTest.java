package dev.tern.virt.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("docs/qemu.md")
class QemuPagePromiseTest {
  /** The QEMU of the oldest system that is supported. */
  private static final List<Integer> OLDEST = List.of(7, 2);

  private static String page;

  @BeforeAll
  static void read() throws IOException {
    page = Files.readString(Path.of("..", "docs", "qemu.md"));
  }

  /** The cells of a table's rows, without its head. */
  private static List<List<String>> table(String name) {
    String begin = "<!-- " + name + " -->\n";
    String end = "<!-- /" + name + " -->";
    assertThat(page).contains(begin, end);
    return page.substring(page.indexOf(begin) + begin.length(), page.indexOf(end))
        .lines()
        .skip(2)
        .map(row -> Arrays.stream(row.split("\\|")).skip(1).map(String::strip).toList())
        .toList();
  }

  private static List<String> sent(Class<?> commands) {
    return Arrays.stream(commands.getDeclaredClasses())
        .filter(c -> c.isRecord() && QmpCommand.class.isAssignableFrom(c))
        .map(QmpJson::commandName)
        .sorted()
        .toList();
  }

  private static List<String> named(String table) {
    return table(table).stream().map(row -> row.getFirst().replace("`", "")).toList();
  }

  private static List<Integer> version(List<String> row) {
    assertThat(row.get(1)).as("version of %s", row.getFirst()).matches("\\d+\\.\\d+");
    return Arrays.stream(row.get(1).split("\\.")).map(Integer::valueOf).toList();
  }

  private static boolean isNewer(List<Integer> version) {
    int major = version.getFirst().compareTo(OLDEST.getFirst());
    return major > 0 || (major == 0 && version.getLast() > OLDEST.getLast());
  }

  @Test
  void names_every_command_that_is_sent_and_no_other() {
    assertThat(named("commands")).isEqualTo(sent(Commands.class));
    assertThat(named("newer")).isEqualTo(sent(NewerCommands.class));
  }

  @Test
  void says_why_each_is_sent_and_since_when_there_is_one() {
    assertThat(table("commands"))
        .allSatisfy(row -> {
          assertThat(row).hasSize(3);
          assertThat(isNewer(version(row))).as(row.getFirst()).isFalse();
          assertThat(row.get(2)).as(row.getFirst()).isNotBlank();
        });
    assertThat(table("newer"))
        .allSatisfy(row -> {
          assertThat(row).hasSize(4);
          assertThat(isNewer(version(row))).as(row.getFirst()).isTrue();
          assertThat(row.subList(2, 4)).as(row.getFirst()).noneMatch(String::isBlank);
        });
  }
}
