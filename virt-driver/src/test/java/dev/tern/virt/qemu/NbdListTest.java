package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.VirtException;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("A list of exports")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class NbdListTest {
  @Test
  @Tag("S29")
  void is_read_export_by_export() throws Exception {
    assertThat(
            NbdList.read(
                """
                exports available: 2
                 export: '0b9a1f52'
                  size:  67108864
                  flags: 0x50d ( flush fua trim cache )
                  min block: 1
                  opt block: 4096
                  max block: 33554432
                  available meta contexts: 2
                   base:allocation
                   qemu:dirty-bitmap:moved
                 export: 'it's odd'
                  size:  512
                  flags: 0x3 ( readonly )
                  available meta contexts: 0
                """))
        .containsExactly(
            new NbdList.Listed(
                "0b9a1f52",
                67_108_864,
                List.of("flush", "fua", "trim", "cache"),
                List.of("base:allocation", "qemu:dirty-bitmap:moved")),
            new NbdList.Listed("it's odd", 512, List.of("readonly"), List.of()));
  }

  @Test
  void may_be_empty() throws Exception {
    assertThat(NbdList.read("exports available: 0")).isEmpty();
  }

  @Test
  void with_a_size_that_is_no_number_is_refused() {
    assertThatThrownBy(() -> NbdList.read(" export: 'a'\n  size:  much\n"))
        .isInstanceOf(VirtException.class)
        .hasMessageContaining("no number");
  }
}
