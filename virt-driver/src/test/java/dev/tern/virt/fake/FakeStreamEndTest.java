package dev.tern.virt.fake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.Guest.Sync;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtDriver.LaunchMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The end of a simulated stream")
class FakeStreamEndTest {
  @TempDir Path directory;
  private static final String UNHEARD = "Handed over, but QEMU says FAILED.";
  private final CompletableFuture<Arrival> arrival = new CompletableFuture<>();
  private final FakeWorld world = new FakeWorld(new BreaksWhenAllIsThere());
  private volatile boolean breaks;
  private volatile boolean awaits;
  private volatile boolean linked = true;
  private volatile boolean postCopy;
  private Path source = Path.of("");
  private Path destination = Path.of("");
  private Guest s;
  private Guest d;

  /** The link breaks when the guest runs at its destination, before its source's last word. */
  private final class BreaksWhenAllIsThere implements FakeCourse {
    @Override
    public void at(Path instance, String point) {}

    @Override
    public void waits(Path instance, String what) {}

    @Override
    public void byItself(Path instance, String what, Runnable next) {
      if (what.equals("hears its peer's last word") && breaks) {
        if (!awaits) {
          arrival.orTimeout(30, TimeUnit.SECONDS).join();
        }
        linked = false;
        world.linkBroke();
      }
      if (what.equals("ends its stream") && !postCopy) {
        arrival.orTimeout(30, TimeUnit.SECONDS).join();
        if (breaks) {
          linked = false;
          world.linkBroke();
        }
      }
      next.run();
    }

    @Override
    public Runnable onBehalf(String name, Runnable work) {
      return () -> Thread.ofVirtual().name(name).start(work);
    }

    @Override
    public boolean linked(Path one, Path other) {
      return linked;
    }
  }

  @BeforeEach
  void twoHosts() throws Exception {
    FakeVirtDriver driver = new FakeVirtDriver(world, Clock.systemUTC());
    LocalDisk disk = new LocalDisk("disk0", "disk0.qcow2", "qcow2", 1L << 30, List.of(), false);
    LaunchRecipe recipe =
        new LaunchRecipe(
            LaunchRecipe.VERSION,
            "6f1f2b9e-53b1-4d0e-9a53-0c8a2f7f6f01",
            "test",
            "pc-q35-7.2",
            "tcg",
            "qemu64",
            1,
            1 << 17,
            Optional.empty(),
            List.of(disk),
            List.of(),
            LaunchRecipe.USUAL_PORTS);
    source = Files.createDirectory(directory.resolve("source"));
    destination = Files.createDirectory(directory.resolve("destination"));
    for (Path instance : List.of(source, destination)) {
      driver
          .images()
          .create(
              instance.resolve(disk.file()), NewImage.empty(disk.format(), disk.virtualBytes()));
    }
    s = driver.launch(recipe, source, LaunchMode.RUN);
    d = driver.launch(recipe, destination, LaunchMode.INCOMING);
    d.watchArrival(
        new Guest.ArrivalPermit() {
          @Override
          public void recordArrived() {}

          @Override
          public CompletableFuture<Void> sourceLetGo() {
            return awaits ? new CompletableFuture<>() : CompletableFuture.completedFuture(null);
          }
        },
        false,
        arrival::complete);
  }

  @Test
  @Tag("S68")
  void is_the_last_byte_that_is_needed_where_both_sides_agreed() throws Exception {
    breaks = true;
    assertThat(move(true, true)).isInstanceOf(HandOver.Sent.class);
    assertThat(world.violations()).isEmpty();
  }

  @Test
  void runs_the_guest_twice_when_the_link_breaks_in_what_is_not_needed() throws Exception {
    breaks = true;
    assertThat(move(false, false)).isInstanceOf(HandOver.Unknown.class);
    assertThat(world.violations()).isNotEmpty();
  }

  @Test
  void fails_the_source_that_writes_more_than_is_read() throws Exception {
    assertThat(move(true, false)).isInstanceOf(HandOver.Unknown.class);
    assertThat(world.violations()).isNotEmpty();
  }

  @Test
  void is_described_where_QEMU_knows_nothing_else() throws Exception {
    world.alwaysDescribes(destination);
    assertThat(d.canSuppressVmdesc()).isFalse();
    assertThat(open(true).suppressVmdesc()).isFalse();
  }

  @Test
  void keeps_a_guest_at_home_whose_QEMU_cannot_do_as_the_destination_expects() throws Exception {
    world.alwaysDescribes(source);
    assertThat(move(true, true)).isInstanceOf(HandOver.Stayed.class);
    assertThat(world.runners()).containsExactly(source);
  }

  @Test
  @Tag("S84")
  void is_a_word_from_the_destination_where_post_copy_is_allowed_so_that_one_waits()
      throws Exception {
    breaks = true;
    postCopy = true;
    awaits = true;
    assertThat(move(true, true)).isEqualTo(new HandOver.Unknown(UNHEARD, Optional.of(false)));
    assertThat(world.violations()).isEmpty();
    assertThat(arrival).isNotDone();
    d.kill();
    assertThat(arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Failed.class);
    s.recoverAtHome(false);
    assertThat(world.runners()).containsExactly(source);
  }

  @Test
  void runs_the_guest_twice_when_nobody_waits_for_that_word() throws Exception {
    breaks = true;
    postCopy = true;
    assertThat(move(true, true)).isInstanceOf(HandOver.Unknown.class);
    assertThat(world.violations()).isNotEmpty();
  }

  private IncomingEndpoints open(boolean suppressVmdesc) throws Exception {
    return d.openIncoming(
        new IncomingRequest(
            "127.0.0.1",
            20_000,
            20_001,
            Map.of("disk0", "export-0001"),
            MoveOptions.PLAIN,
            Optional.empty(),
            suppressVmdesc,
            postCopy));
  }

  private HandOver move(boolean there, boolean here) throws Exception {
    IncomingEndpoints to = open(there);
    Steering steering =
        new Steering(
            new MovePolicy(
                Duration.ofMillis(300),
                0,
                Duration.ofSeconds(60),
                MovePolicy.AtDeadline.ABORT,
                postCopy,
                false),
            MoveOptions.PLAIN,
            false);
    s.mirrorDisks(
        List.of(
            new MirrorTarget(
                "disk0", to.address(), to.nbdPort(), "export-0001", Sync.FULL, Optional.empty())),
        steering,
        p -> {});
    return s.handOver(
        new MemoryTarget(
            to.address(), to.migrationPort(), Optional.empty(), here, to.awaitsSource()),
        steering,
        false,
        () -> {},
        p -> {});
  }
}
