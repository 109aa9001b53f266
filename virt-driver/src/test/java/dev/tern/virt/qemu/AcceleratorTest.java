package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("The accelerator")
@Tag("S8")
class AcceleratorTest {
  @Test
  void is_kvm_only_where_everything_says_so() {
    assertThat(Accelerator.decide("auto", true, true, true).name()).isEqualTo("kvm");
    assertThat(Accelerator.decide("auto", false, true, true).name()).isEqualTo("tcg");
    assertThat(Accelerator.decide("auto", true, false, true).name()).isEqualTo("tcg");
    assertThat(Accelerator.decide("auto", true, true, false).name()).isEqualTo("tcg");
    assertThat(Accelerator.decide("tcg", true, true, true).name()).isEqualTo("tcg");
  }

  @Test
  void comes_with_its_reason() {
    assertThat(Accelerator.decide("auto", false, true, true).reason()).contains("vmx");
    assertThat(Accelerator.decide("auto", true, false, false).reason()).contains("/dev/kvm");
  }

  @Test
  void looks_at_whole_flags() {
    assertThat(Accelerator.processorCan("flags\t\t: fpu svm sse")).isTrue();
    assertThat(Accelerator.processorCan("flags\t\t: fpu vmx")).isTrue();
    assertThat(Accelerator.processorCan("flags\t\t: svm_lock nosvmx\nbugs: vmx")).isFalse();
  }
}
