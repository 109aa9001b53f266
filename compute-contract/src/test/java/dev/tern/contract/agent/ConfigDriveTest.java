package dev.tern.contract.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A config drive that comes in a message")
@Tag("S146")
class ConfigDriveTest {
  @ParameterizedTest
  @ValueSource(strings = {"openstack/latest/meta_data.json", "user_data", "a/b/c/d/e", "ec2/2009"})
  void has_files_by_their_paths(String path) {
    assertThat(new ConfigDrive(Map.of(path, "")).files()).containsOnlyKeys(path);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/./b",
        "a//b",
        "a/",
        ".ssh/id",
        "-o",
        "a\nb",
        "a\0",
        "a b",
        "a/b/c/d/e/f",
        "a2345678901234567890123456789012345678901234567890123456789012345"
      })
  void has_no_file_that_leaves_it(String path) {
    assertThatThrownBy(() -> new ConfigDrive(Map.of(path, "")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no file of that name");
  }

  @Test
  void has_nothing_but_base64_in_it() {
    assertThatThrownBy(() -> new ConfigDrive(Map.of("a", "no base64!")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void has_neither_too_many_files_nor_too_large_ones() {
    Map<String, String> many =
        IntStream.range(0, 17).boxed().collect(Collectors.toMap(i -> "f" + i, i -> ""));
    assertThatThrownBy(() -> new ConfigDrive(many)).hasMessageContaining("at most 16");
    String large = "A".repeat((1 << 20) + 4);
    assertThatThrownBy(() -> new ConfigDrive(Map.of("f", large))).hasMessageContaining("1 MiB");
  }
}
