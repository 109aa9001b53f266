package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.agent.NbdExport;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The NBD servers that disks may be copied to")
class AllowedExportsTest {
  private static final AllowedExports SOME =
      AllowedExports.of(
          List.of("Backup.Example:10809", "10.1.0.0/16", "[2001:DB8::7]:10810", "fd00::/8"));

  @ParameterizedTest
  @Tag("S3")
  @ValueSource(
      strings = {
        "nbd://backup.example/v",
        "nbd:BACKUP.example:10809:exportname=w",
        "nbd://10.1.255.255:1/v",
        "nbd://[::ffff:10.1.0.1]:1/v",
        "nbd://[2001:db8:0:0::7]:10810/v",
        "nbd://[fd12::1]/v"
      })
  void are_those_that_are_listed(String export) {
    assertThat(SOME.contain(NbdExport.parse(export))).isTrue();
  }

  @ParameterizedTest
  @Tag("S3")
  @ValueSource(
      strings = {
        "nbd://backup.example:10810/v",
        "nbd://a.backup.example/v",
        "nbd://backup.example.evil/v",
        "nbd://10.2.0.1/v",
        "nbd://10.1/v",
        "nbd://010.1.0.1/v",
        "nbd://0x0a010001/v",
        "nbd://167837697/v",
        "nbd://10.1.0.1.example/v",
        "nbd://127.0.0.1/v",
        "nbd://localhost/v",
        "nbd://[2001:db8::7]/v",
        "nbd://[fe80::1]/v",
        "nbd://[::1]/v"
      })
  void are_no_others(String export) {
    assertThat(SOME.contain(NbdExport.parse(export))).isFalse();
  }

  @Test
  @Tag("S3")
  void are_none_unless_somebody_lists_one() {
    assertThat(AllowedExports.of(List.of()).contain(NbdExport.parse("nbd://127.0.0.1/v")))
        .isFalse();
    assertThat(
            AllowedExports.of(List.of("0.0.0.0/0")).contain(NbdExport.parse("nbd://127.0.0.1/v")))
        .isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "backup",
        "backup:0",
        "backup:65536",
        "10.1.0.0/33",
        "10.1/16",
        "backup/8",
        "::1:9",
        "fd00::/129",
        "nbd://backup:1",
        "*:10809",
        "0.0.0.0:1"
      })
  void are_not_listed_in_any_other_way(String entry) {
    assertThatThrownBy(() -> AllowedExports.of(List.of(entry)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tern.agent.copy-targets")
        .hasMessageContaining(entry);
  }
}
