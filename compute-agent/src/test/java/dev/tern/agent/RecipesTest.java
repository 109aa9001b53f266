package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ServerId;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("A launch recipe")
class RecipesTest {
  private static final ServerId SERVER = TwoHosts.SERVER;
  private static final String BASE = "a".repeat(64);
  private static final String LAYER = "b".repeat(64);
  private static final String DRIVE = "c".repeat(64);

  private static LaunchRecipe recipe(DiskRecipe... disks) {
    return new LaunchRecipe(
        LaunchRecipe.VERSION,
        SERVER.toString(),
        "vm",
        "pc-q35-7.2",
        "tcg",
        "qemu64",
        1,
        1 << 17,
        Optional.empty(),
        List.of(disks),
        List.of(),
        LaunchRecipe.USUAL_PORTS);
  }

  private static LocalDisk local(String id, String file, LayerRecipe... layers) {
    return new LocalDisk(id, file, "qcow2", 1 << 20, List.of(layers), false);
  }

  @Test
  void of_all_kinds_of_disks_is_read_as_it_was_written() {
    LaunchRecipe all =
        recipe(
            local(
                "disk0",
                "disk0.qcow2",
                new LayerRecipe(LAYER, "qcow2", false),
                new LayerRecipe(BASE, "raw", false)),
            new LocalDisk("disk1", "disk1.raw", "raw", 1 << 20, List.of(), false),
            new ReadOnlyDisk("config", DRIVE, 4096),
            new NetworkDisk("vol1", "127.0.0.1", 10809, "v", 1 << 20, 1));
    assertThat(Recipes.read(Recipes.write(all), SERVER)).isEqualTo(all);
    assertThat(Recipes.files(all)).containsExactly(LAYER, BASE, DRIVE);
  }

  @Test
  void of_the_first_version_is_the_same_machine_without_ports() {
    String old =
        """
        {"version":1,"serverId":"%s","name":"vm","machineType":"pc-q35-7.2","accelerator":"tcg",
         "cpuModel":"qemu64","vcpus":1,"memoryKib":131080,"kernel":null,
         "disks":[{"id":"disk0","file":"disk0.qcow2","format":"qcow2","virtualBytes":1048576,
                   "base":{"sha256":"%s","format":"raw"}},
                  {"id":"disk1","file":"disk1.raw","format":"raw","virtualBytes":1048576,"base":null}],
         "nics":[]}
        """
            .formatted(SERVER, BASE);
    LaunchRecipe read = Recipes.read(old, SERVER);
    assertThat(read.version()).isEqualTo(1);
    assertThat(read.hotPlugPorts()).isZero();
    assertThat(read.disks())
        .containsExactly(
            local("disk0", "disk0.qcow2", new LayerRecipe(BASE, "raw", false)),
            new LocalDisk("disk1", "disk1.raw", "raw", 1 << 20, List.of(), false));
    assertThat(Recipes.read(Recipes.write(read), SERVER)).isEqualTo(read);
  }

  static Stream<LaunchRecipe> hostile() {
    return Stream.of(
        recipe(),
        recipe(local("disk0", "../disk0.qcow2")),
        recipe(local("disk0", "/etc/passwd.qcow2")),
        recipe(local("disk0", "disk0.raw")),
        recipe(local("disk0", "journal")),
        recipe(local("disk0", "disk0.qcow2"), local("disk1", "disk0.qcow2")),
        recipe(local("disk0", "disk0.qcow2"), new ReadOnlyDisk("disk0", DRIVE, 4096)),
        recipe(local("disk0", "disk0.qcow2", new LayerRecipe("../" + BASE, "raw", false))),
        recipe(new ReadOnlyDisk("config", "/etc/passwd", 4096)),
        recipe(new ReadOnlyDisk("config", DRIVE, 0)),
        recipe(new NetworkDisk("vol1", "127.0.0.1", 10809, "v", -1, 1)));
  }

  @ParameterizedTest
  @MethodSource("hostile")
  void that_names_what_it_must_not_is_refused(LaunchRecipe recipe) {
    assertThatThrownBy(() -> Recipes.read(Recipes.write(recipe), SERVER))
        .isInstanceOf(ComputeException.class)
        .hasMessageContaining("The launch recipe");
  }
}
