package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.KernelBoot;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.testing.Mutations;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayName("A launch recipe of any bytes")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HostileRecipesTest {
  private static final String SHA = "0123456789abcdef".repeat(4);

  @Test
  void is_refused_or_names_files_of_its_own_directory_and_of_bases_alone() {
    LaunchRecipe honest =
        new LaunchRecipe(
            LaunchRecipe.VERSION,
            TwoHosts.SERVER.toString(),
            "vm",
            "pc-q35-7.2",
            "tcg",
            "qemu64",
            1,
            65_536,
            Optional.of(new KernelBoot(SHA, Optional.of(SHA), "console=ttyS0")),
            List.of(
                new LocalDisk(
                    "disk0",
                    "disk0.qcow2",
                    "qcow2",
                    8 << 20,
                    List.of(new LayerRecipe(SHA, "raw", false)),
                    false)),
            List.of(),
            LaunchRecipe.USUAL_PORTS);
    assertThat(Recipes.read(Recipes.write(honest), TwoHosts.SERVER)).isEqualTo(honest);
    Mutations.of(
        Mutations.texts(Recipes.write(honest)),
        20_000,
        (input, _) -> {
          try {
            LaunchRecipe read =
                Recipes.read(new String(input, StandardCharsets.UTF_8), TwoHosts.SERVER);
            assertThat(read.serverId()).isEqualTo(TwoHosts.SERVER.toString());
            assertThat(read.localDisks())
                .allMatch(d -> d.file().matches("[a-z0-9]+\\.(qcow2|raw)"));
            assertThat(Recipes.files(read)).allMatch(Recipes::isDigest);
          } catch (ComputeException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_INPUT);
          }
        });
  }
}
