package dev.tern.virt.qemu;

import dev.tern.virt.DriverContract;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.VirtDriver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The QEMU driver, by the contract of all drivers,")
class DriverContractQemuTest extends DriverContract {
  @TempDir Path directory;
  private final List<TestHost> hosts = new ArrayList<>();
  private final List<NbdVolume> volumes = new ArrayList<>();

  private TestHost host(int host) {
    try {
      while (hosts.size() < 2) {
        hosts.add(new TestHost(directory.resolve("host" + hosts.size())));
      }
      return hosts.get(host);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  protected VirtDriver driver(int host) {
    return host(host).driver;
  }

  @Override
  protected Path instance(int host) throws Exception {
    Path instance = host(host).instance("s");
    host(host).createDisks(host(host).recipe("", 96, "qcow2"), instance);
    return instance;
  }

  @Override
  protected LaunchRecipe recipe() throws Exception {
    return host(0).recipe("", 96, "qcow2");
  }

  @Override
  protected void crash(Guest guest, Path instance) throws Exception {
    ProcessHandle process = ProcessHandle.of(guest.pid()).orElseThrow();
    process.destroyForcibly();
    process.onExit().get(10, java.util.concurrent.TimeUnit.SECONDS);
    guest.kill();
  }

  @Override
  protected Path secret(LaunchRecipe recipe, String disk) throws Exception {
    Path secrets = host(0).directory.resolve("secrets");
    return Files.writeString(secrets.resolve(recipe.secretOf(disk)), "open sesame");
  }

  @Override
  protected int freePort() {
    return TestHost.freePort();
  }

  @AfterEach
  void endVolumes() throws Exception {
    for (NbdVolume volume : volumes) {
      volume.end();
    }
  }

  @Override
  protected int volumeServer() throws Exception {
    NbdVolume volume = NbdVolume.serve(directory.resolve("volume.raw"), 1 << 20);
    volumes.add(volume);
    return volume.port();
  }

  @Override
  protected boolean suppressesVmdesc(Path instance) throws Exception {
    return QomGet.suppressesVmdesc(instance);
  }

  @Override
  protected void awaitBooted(Path instance) throws Exception {
    TestHost.awaitConsole(instance, "R ready", Duration.ofSeconds(60));
  }
}
