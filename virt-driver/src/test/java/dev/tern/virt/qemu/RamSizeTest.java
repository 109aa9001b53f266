package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A guest's RAM block")
class RamSizeTest {
  private static final int KIB_OF_64_PAGES = 256;

  @Test
  void is_never_a_multiple_of_64_pages_under_tcg_before_9_0() {
    for (int mib = 1; mib < 2000; mib++) {
      assertThat(RamSize.forGuest(mib, "tcg", 8_002_099) % KIB_OF_64_PAGES).isNotZero();
    }
  }

  @Test
  void is_what_was_asked_for_everywhere_else() {
    assertThat(RamSize.forGuest(256, "tcg", 9_000_000)).isEqualTo(256 * 1024);
    assertThat(RamSize.forGuest(256, "kvm", 7_002_022)).isEqualTo(256 * 1024);
  }
}
