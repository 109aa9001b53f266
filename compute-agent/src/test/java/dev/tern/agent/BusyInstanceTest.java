package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.virt.DiskImages;
import dev.tern.virt.Guest;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.HypervisorProcess;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LayerTransfer;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A guest whose QEMU somebody is just connecting to")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class BusyInstanceTest {
  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private final CountDownLatch connecting = new CountDownLatch(1);
  private final CountDownLatch answers = new CountDownLatch(1);
  private TwoHosts hosts;
  private boolean silent;
  private boolean slow;

  /** A QEMU that is held: first it lets a connection time out, then it is waited for. */
  private final class Held implements VirtDriver {
    private final VirtDriver plain;

    Held(VirtDriver plain) {
      this.plain = plain;
    }

    @Override
    public HostCapabilities capabilities() throws VirtException {
      return plain.capabilities();
    }

    @Override
    public DiskImages images() {
      return plain.images();
    }

    @Override
    public LayerTransfer layers() {
      return plain.layers();
    }

    @Override
    public long volumeBytes(String host, int port, String export) throws VirtException {
      return plain.volumeBytes(host, port, export);
    }

    @Override
    public Guest launch(LaunchRecipe recipe, Path instance, LaunchMode mode) throws VirtException {
      return plain.launch(recipe, instance, mode);
    }

    @Override
    public Optional<Guest> adopt(Path instance) throws VirtException {
      if (silent) {
        throw new VirtException(VirtException.Kind.NO_ANSWER, "QEMU does not answer.", null);
      }
      if (slow) {
        connecting.countDown();
        try {
          assertThat(answers.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
          throw new VirtException(VirtException.Kind.NO_ANSWER, "interrupted", e);
        }
      }
      return plain.adopt(instance);
    }

    @Override
    public List<HypervisorProcess> processesBelow(Path below) throws VirtException {
      return plain.processesBelow(below);
    }
  }

  @BeforeEach
  void boot() throws Exception {
    hosts = new TwoHosts(directory, _ -> new Held(new FakeVirtDriver(world, Clock.systemUTC())));
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    hosts.source.done(new StartServer(header(1)));
  }

  @AfterEach
  void close() throws Exception {
    answers.countDown();
    hosts.close();
  }

  @Test
  @Tag("S68")
  void is_not_said_to_have_ended() throws Exception {
    silent = true;
    hosts.source.restart();
    silent = false;
    slow = true;

    CompletableFuture<Runner> first = CompletableFuture.supplyAsync(hosts.source::runner);
    assertThat(connecting.await(30, TimeUnit.SECONDS)).isTrue();

    assertThat(hosts.source.runner()).isEqualTo(Runner.UNKNOWN);
    assertThat(hosts.source.agent.report().guests()).containsEntry(TwoHosts.SERVER, Runner.UNKNOWN);
    answers.countDown();
    assertThat(first.get(30, TimeUnit.SECONDS)).isEqualTo(Runner.RUNNING);
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }
}
