package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.Guest.Sync;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtDriver.LaunchMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A source that fails behind the last byte that its destination needs runs the guest a second time.
 * So the last byte that is needed has to be the last there is: a destination that lacks it has no
 * guest. Without encryption, whose records are read whole or not at all.
 */
@DisplayName("The last byte of a memory stream between two real QEMUs")
class StreamEndQemuTest {
  private static final String EXPORT = "export-4f2a9c7d";
  private static final Duration PAUSE = Duration.ofMillis(300);
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path temporary;
  private final List<Guest> guests = new ArrayList<>();
  private final CompletableFuture<Arrival> arrival = new CompletableFuture<>();
  private Guest s;
  private Guest d;

  @BeforeEach
  void twoHosts() throws Exception {
    TestHost here = new TestHost(temporary.resolve("a"), true);
    TestHost there = new TestHost(temporary.resolve("b"), true);
    LaunchRecipe recipe = here.recipe("", 96, "raw");
    var _ = there.recipe("", 96, "raw"); // places kernel and initramfs
    Path source = here.instance("s");
    Path destination = there.instance("s");
    here.createDisks(recipe, source);
    there.createDisks(recipe, destination);
    s = kept(here.driver.launch(recipe, source, LaunchMode.RUN));
    d = kept(there.driver.launch(recipe, destination, LaunchMode.INCOMING));
    TestHost.awaitConsole(source, "R ready", SOON);
    d.watchArrival(() -> {}, false, arrival::complete);
  }

  private Guest kept(Guest guest) {
    guests.add(guest);
    return guest;
  }

  @AfterEach
  void endAll() throws Exception {
    for (Guest guest : guests) {
      TestHost.end(guest);
    }
  }

  @Test
  @Tag("S84")
  void is_one_that_the_destination_needs_once_both_have_agreed() throws Exception {
    moveButForTheLastByte(true);
    assertThat(arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Failed.class);
    assertThat(s.runState()).isNotEqualTo(RunState.RUNNING);
  }

  /** And so the source could still fail when the guest runs there. */
  @Test
  void is_needed_by_nobody_where_they_have_not() throws Exception {
    moveButForTheLastByte(false);
    assertThat(arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
  }

  private void moveButForTheLastByte(boolean suppressVmdesc) throws Exception {
    IncomingEndpoints to =
        d.openIncoming(
            new IncomingRequest(
                "127.0.0.1",
                TestHost.freePort(),
                0,
                Map.of("disk0", EXPORT),
                MoveOptions.PLAIN,
                Optional.empty(),
                suppressVmdesc));
    Steering steering =
        new Steering(
            new MovePolicy(PAUSE, 0, SOON, MovePolicy.AtDeadline.ABORT, false, true),
            MoveOptions.PLAIN,
            false);
    s.mirrorDisks(
        List.of(
            new MirrorTarget(
                "disk0", to.address(), to.nbdPort(), EXPORT, Sync.FULL, Optional.empty())),
        steering,
        p -> {});
    try (EndOfWire wire = new EndOfWire(to.migrationPort())) {
      assertThat(
              s.handOver(
                  new MemoryTarget(
                      to.address(), wire.port(), Optional.empty(), to.suppressVmdesc()),
                  steering,
                  false,
                  () -> {},
                  p -> {}))
          .as("as far as the source knows all was sent")
          .isInstanceOf(HandOver.Sent.class);
      assertThat(wire.awaitBreak()).isTrue();
    }
  }
}
