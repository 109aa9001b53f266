package dev.tern.virt.fake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.DriverContract;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtDriver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The fake driver")
class FakeVirtDriverTest extends DriverContract {
  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private int port = 20_000;

  @AfterEach
  void no_two_runners() {
    assertThat(world.violations()).isEmpty();
  }

  @Override
  protected VirtDriver driver(int host) {
    return new FakeVirtDriver(world, Clock.systemUTC());
  }

  @Override
  protected Path instance(int host) throws Exception {
    Path instance = Files.createDirectory(directory.resolve("host" + host));
    LocalDisk disk = recipe().localDisks().getFirst();
    driver(host)
        .images()
        .create(instance.resolve(disk.file()), NewImage.empty(disk.format(), disk.virtualBytes()));
    assertThat(
            driver(host)
                .images()
                .inspectUntrusted(instance.resolve(disk.file()), "qcow2")
                .virtualBytes())
        .isEqualTo(disk.virtualBytes());
    return instance;
  }

  @Override
  protected LaunchRecipe recipe() {
    return new LaunchRecipe(
        LaunchRecipe.VERSION,
        "6f1f2b9e-53b1-4d0e-9a53-0c8a2f7f6f01",
        "test",
        "pc-q35-7.2",
        "tcg",
        "qemu64",
        1,
        1 << 17,
        Optional.empty(),
        List.of(new LocalDisk("disk0", "disk0.qcow2", "qcow2", 1L << 30, List.of(), false)),
        List.of(),
        LaunchRecipe.USUAL_PORTS);
  }

  @Override
  protected void crash(Guest guest, Path instance) {
    world.kill(instance);
  }

  @Override
  protected Path secret(LaunchRecipe recipe, String disk) throws Exception {
    return Files.writeString(directory.resolve(recipe.secretOf(disk)), "open sesame");
  }

  @Override
  protected int freePort() {
    return port++;
  }

  @Override
  protected int volumeServer() {
    return freePort();
  }

  @Override
  protected boolean suppressesVmdesc(Path instance) {
    return world.suppressesVmdesc(instance);
  }

  @Override
  protected void awaitBooted(Path instance) {}
}
