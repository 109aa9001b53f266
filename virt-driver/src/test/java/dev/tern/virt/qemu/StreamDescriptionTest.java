package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.FakeQemu;
import dev.tern.virt.qmp.QmpDeadlines;
import dev.tern.virt.qmp.QmpMonitor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The description behind a stream")
class StreamDescriptionTest {
  private static final Duration LONG = Duration.ofSeconds(10);

  @TempDir Path directory;
  private FakeQemu qemu;
  private QmpMonitor monitor;

  @BeforeEach
  void connect() throws Exception {
    qemu = new FakeQemu(directory, true);
    monitor = QmpMonitor.connect(qemu.socket, new QmpDeadlines(LONG, LONG, LONG), LONG);
  }

  @AfterEach
  void close() throws Exception {
    monitor.close();
    qemu.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void is_what_it_is_wanted_to_be(boolean wanted) throws Exception {
    CompletableFuture<Boolean> told = suppress(wanted);
    assertThat(qemu.hear())
        .isEqualTo(
            "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"/machine\",\"property\":\"suppress-vmdesc\",\"value\":%s},\"id\":2}"
                .formatted(wanted));
    qemu.say("{\"return\":{},\"id\":2}");
    assertThat(told.get(10, TimeUnit.SECONDS)).isEqualTo(wanted);
  }

  @Test
  void stays_where_QEMU_knows_of_no_such_property() throws Exception {
    CompletableFuture<Boolean> told = suppress(true);
    qemu.hear();
    qemu.say("{\"error\":{\"class\":\"GenericError\",\"desc\":\"not found\"},\"id\":2}");
    assertThat(told.get(10, TimeUnit.SECONDS)).isFalse();
  }

  @Test
  void is_not_known_of_a_QEMU_that_is_gone() throws Exception {
    CompletableFuture<Boolean> told = suppress(true);
    qemu.hear();
    monitor.close();
    assertThatThrownBy(() -> told.get(10, TimeUnit.SECONDS))
        .cause()
        .isInstanceOfSatisfying(
            VirtException.class, e -> assertThat(e.kind()).isNotEqualTo(Kind.REFUSED));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void can_be_left_out_where_the_machine_has_a_property_for_it(boolean there) throws Exception {
    CompletableFuture<Boolean> told = later(() -> StreamDescription.canBeSuppressed(monitor));
    assertThat(qemu.hear()).contains("\"qom-list\"", "\"/machine\"");
    qemu.say(
        "{\"return\":[{\"name\":\"usb\",\"type\":\"bool\"},{\"name\":\"%s\",\"type\":\"bool\"}],\"id\":2}"
            .formatted(there ? "suppress-vmdesc" : "graphics"));
    assertThat(told.get(10, TimeUnit.SECONDS)).isEqualTo(there);
  }

  private CompletableFuture<Boolean> suppress(boolean wanted) {
    return later(() -> StreamDescription.suppress(monitor, wanted));
  }

  private static CompletableFuture<Boolean> later(Session.Look work) {
    CompletableFuture<Boolean> told = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            told.complete(work.look());
          } catch (VirtException e) {
            told.completeExceptionally(e);
          }
        });
    return told;
  }
}
