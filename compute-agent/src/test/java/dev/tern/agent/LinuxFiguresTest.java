package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.host.KernelNbd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A host's kernel")
@Tag("S6")
class LinuxFiguresTest {
  @TempDir Path root;
  private Path modules;

  @BeforeEach
  void of_some_version() throws IOException {
    Path version = Files.createDirectories(root.resolve("proc/sys/kernel")).resolve("osrelease");
    Files.writeString(version, "6.1.0-40-amd64\n");
    modules = Files.createDirectories(root.resolve("lib/modules/6.1.0-40-amd64"));
  }

  private KernelNbd nbd() throws IOException {
    return new LinuxFigures(root, root).kernelNbd();
  }

  private void list(String file, String lines) throws IOException {
    Files.writeString(modules.resolve(file), lines);
  }

  @Test
  void has_the_module_loaded() throws IOException {
    Files.createDirectories(root.resolve("sys/module/nbd"));
    assertThat(nbd()).isEqualTo(KernelNbd.LOADED);
  }

  @Test
  void has_it_built_in() throws IOException {
    list("modules.builtin", "kernel/fs/ext4/ext4.ko\nkernel/drivers/block/nbd.ko\n");
    assertThat(nbd()).isEqualTo(KernelNbd.LOADED);
  }

  @Test
  void could_load_it_also_where_it_is_compressed() throws IOException {
    list("modules.builtin", "kernel/fs/ext4/ext4.ko\n");
    list("modules.dep", "kernel/a.ko:\nkernel/drivers/block/nbd.ko.xz:\n");
    assertThat(nbd()).isEqualTo(KernelNbd.AVAILABLE);
    list("modules.dep", "kernel/drivers/block/nbd.ko: kernel/a.ko\n");
    assertThat(nbd()).isEqualTo(KernelNbd.AVAILABLE);
  }

  @Test
  void has_none() throws IOException {
    assertThat(nbd()).isEqualTo(KernelNbd.ABSENT);
    list(
        "modules.dep",
        "kernel/drivers/block/mynbd.ko:\nkernel/x.ko: kernel/drivers/block/nbd.ko\n");
    assertThat(nbd()).isEqualTo(KernelNbd.ABSENT);
  }
}
