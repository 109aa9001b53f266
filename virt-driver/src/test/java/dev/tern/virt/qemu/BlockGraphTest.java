package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.BlockDevice;
import dev.tern.virt.qmp.Commands.NodeState;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("QEMU's block graph, asked for in two questions")
class BlockGraphTest {
  private static final NodeState DISK = node("disk0", "qcow2");
  private static final NodeState FILTER = node("#block123", "copy-before-write");

  private static NodeState node(String name, String driver) {
    return new NodeState(
        name,
        driver,
        false,
        "/a/disk0.qcow2",
        null,
        false,
        null,
        new Commands.ImageState(driver, 0, null));
  }

  private static BlockGraph graph(String inserted, NodeState... nodes) {
    BlockDevice device =
        new BlockDevice(
            "/machine/peripheral/dev-disk0/virtio-backend",
            new Commands.Inserted(inserted, new Commands.Cache(true, false, false), 0));
    return new BlockGraph(List.of(device), List.of(nodes));
  }

  @Test
  void is_whole_with_and_without_the_filter_of_a_job() {
    assertThat(graph("disk0", DISK).torn()).isFalse();
    assertThat(graph("#block123", DISK, FILTER).torn()).isFalse();
    assertThat(graph("#block123", DISK, FILTER).top("disk0")).isEqualTo(Optional.of(DISK));
  }

  @Test
  void is_torn_when_a_job_ended_between_the_two() {
    assertThat(graph("#block123", DISK).torn()).isTrue();
    assertThat(graph("#block123", FILTER).torn()).isTrue();
  }

  @Test
  void of_an_empty_drive_is_whole() {
    assertThat(
            new BlockGraph(
                    List.of(new BlockDevice("/machine/peripheral/dev-cd/x", null)), List.of())
                .torn())
        .isFalse();
  }
}
