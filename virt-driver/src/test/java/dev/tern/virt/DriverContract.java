package dev.tern.virt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.DiskCopies.State;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.Guest.Sync;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException.Kind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What every driver keeps, the real one and the fake one. */
public abstract class DriverContract {
  private static final String EXPORT = "export-8d0b11e2";

  private static final StreamKey KEY = key("migration-2", 7);
  private static final StreamKey OTHER_SECRET = key("migration-2", 8);
  private static final StreamKey OTHER_MIGRATION = key("migration-1", 7);

  private final List<Guest> guests = new ArrayList<>();
  private Path source = Path.of("");
  private Path destination = Path.of("");

  /** The driver of host 0 or 1. */
  protected abstract VirtDriver driver(int host);

  /** A fresh instance directory on a host, with the recipe's disks in it. */
  protected abstract Path instance(int host) throws Exception;

  protected abstract LaunchRecipe recipe() throws Exception;

  protected abstract int freePort();

  /** The guest's QEMU is killed, and has no time for anything. */
  protected abstract void crash(Guest guest, Path instance) throws Exception;

  /** A file with the passphrase of a disk, where the driver of host 0 looks for it. */
  protected abstract Path secret(LaunchRecipe recipe, String disk) throws Exception;

  /** Port of an NBD server with an export {@code v} of 1 MiB. */
  protected abstract int volumeServer() throws Exception;

  /** What the machine of the QEMU in the directory has as {@code suppress-vmdesc}. */
  protected abstract boolean suppressesVmdesc(Path instance) throws Exception;

  /** Returns when the guest in the directory listens to its hardware. */
  protected abstract void awaitBooted(Path instance) throws Exception;

  @BeforeEach
  void directories() throws Exception {
    source = instance(0);
    destination = instance(1);
  }

  @AfterEach
  void endAll() throws Exception {
    for (Guest guest : guests) {
      guest.kill();
      guest.close();
    }
  }

  @Test
  void runs_a_guest_once_and_finds_it_again() throws Exception {
    Guest guest = launch(0, LaunchMode.RUN);
    assertThat(guest.runState()).isEqualTo(RunState.RUNNING);
    assertThat(guest.missingCommands()).isEmpty();
    guest.cont();
    guest.pause();
    guest.pause();
    assertThat(guest.runState()).isEqualTo(RunState.PAUSED);
    guest.cont();
    assertThat(guest.runState()).isEqualTo(RunState.RUNNING);
    assertRefused(() -> launch(0, LaunchMode.RUN));
    guest.close();
    Guest adopted = adopt(0);
    assertThat(adopted.pid()).isEqualTo(guest.pid());
    adopted.recoverAtHome(false);
    adopted.cancelMirrors();
    adopted.kill();
    adopted.kill();
    assertThat(adopted.alive()).isFalse();
    assertThatThrownBy(adopted::runState)
        .isInstanceOfSatisfying(
            VirtException.class, e -> assertThat(e.kind()).isEqualTo(Kind.GONE));
    assertThat(driver(0).adopt(source)).isEmpty();
  }

  @Test
  void saves_a_guest_and_lets_it_go_on_in_another_QEMU() throws Exception {
    Guest guest = launch(0, LaunchMode.RUN);
    ByteArrayOutputStream memory = new ByteArrayOutputStream();
    List<Long> told = new ArrayList<>();
    guest.save(Channels.newChannel(memory), told::add);
    assertThat(guest.runState()).isEqualTo(RunState.POSTMIGRATE);
    assertThat(told).last().isEqualTo((long) memory.size());
    memory.reset(); // as when an agent died before it was recorded
    guest.save(Channels.newChannel(memory), told::add);
    guest.kill();
    Guest other = launch(0, LaunchMode.INCOMING);
    other.load(Channels.newChannel(new ByteArrayInputStream(memory.toByteArray())), told::add);
    assertThat(other.runState()).isEqualTo(RunState.PAUSED);
    assertRefused(
        () -> other.load(Channels.newChannel(new ByteArrayInputStream(new byte[9])), _ -> {}));
    other.cont();
    assertThat(other.runState()).isEqualTo(RunState.RUNNING);
  }

  @Test
  void lets_a_guest_run_on_whose_memory_finds_no_room() throws Exception {
    Guest guest = launch(0, LaunchMode.RUN);
    WritableByteChannel full =
        Channels.newChannel(
            new OutputStream() {
              private int taken;

              @Override
              public void write(int b) throws IOException {
                if (++taken > 1000) {
                  throw new IOException("No space left on device");
                }
              }
            });
    assertThatThrownBy(() -> guest.save(full, _ -> {}))
        .isInstanceOf(VirtException.class)
        .hasMessageContaining("No space left on device");
    assertThat(guest.runState()).isEqualTo(RunState.RUNNING);
    guest.save(Channels.newChannel(OutputStream.nullOutputStream()), _ -> {});
    guest.recoverAtHome(false);
    assertThat(guest.runState()).isEqualTo(RunState.RUNNING);
    guest.kill();
    Guest other = launch(0, LaunchMode.INCOMING);
    assertThatThrownBy(() ->
            other.load(Channels.newChannel(new ByteArrayInputStream(new byte[100_000])), _ -> {}))
        .isInstanceOf(VirtException.class);
  }

  @Test
  @Tag("S166")
  void sees_every_process_below_a_directory_and_none_beside_it() throws Exception {
    Path above = source.toAbsolutePath().resolve("..").normalize();
    Path name = above.relativize(source.toAbsolutePath());
    assertThat(touching(above, name)).isEmpty();
    Guest guest = launch(0, LaunchMode.RUN);
    assertThat(touching(above, name))
        .singleElement()
        .satisfies(process -> {
          assertThat(process.pid()).isEqualTo(guest.pid());
          assertThat(process.touches(name.resolve("other"))).isFalse();
        });
    assertThat(driver(0).processesBelow(destination)).isEmpty();
    guest.kill();
    assertThat(touching(above, name)).isEmpty();
  }

  private List<HypervisorProcess> touching(Path above, Path name) throws Exception {
    return driver(0).processesBelow(above).stream().filter(one -> one.touches(name)).toList();
  }

  @Test
  @Tag("S46")
  @Tag("S78")
  void never_runs_a_guest_before_it_arrived() throws Exception {
    Guest d = launch(1, LaunchMode.INCOMING);
    assertThat(d.runState()).isEqualTo(RunState.INCOMING);
    assertRefused(d::cont);
    assertRefused(d::pause);
    IncomingRequest look =
        new IncomingRequest(
            "127.0.0.1", 0, 0, Map.of("disk0", EXPORT), MoveOptions.PLAIN, Optional.of(KEY), true);
    assertRefused(() -> d.openIncoming(look));
    IncomingEndpoints first = open(d);
    assertThat(open(d)).isEqualTo(first);
    assertThat(d.openIncoming(look)).isEqualTo(first);
    d.closeExports();
    d.closeExports();
    Guest s = launch(0, LaunchMode.RUN);
    assertRefused(() -> open(s));
  }

  @Test
  @Tag("S29")
  void shows_its_exports_as_a_client_is_told_of_them() throws Exception {
    Guest s = launch(0, LaunchMode.RUN);
    assertThat(s.exports()).isEmpty();
    Guest d = launch(1, LaunchMode.INCOMING);
    assertThat(d.exports()).isEmpty();
    assertThat(d.opened()).isEmpty();
    IncomingEndpoints to = open(d);
    assertThat(d.opened()).contains(to);
    assertThat(d.exports())
        .hasSize(recipe().disks().size())
        .allSatisfy(export -> {
          assertThat(export.name()).isEqualTo(to.exportNames().get(export.diskId()));
          assertThat(export.port()).isEqualTo(to.nbdPort());
          assertThat(export.tls()).isTrue();
          assertThat(export.sizeBytes()).isEqualTo(size(export.diskId()));
          assertThat(export.flags()).contains("flush", "trim").doesNotContain("readonly");
          assertThat(export.contexts()).contains("base:allocation");
          assertThat(export.clients()).isZero();
        });
    mirror(s, to);
    assertThat(d.exports()).allSatisfy(export -> assertThat(export.clients()).isPositive());
    d.closeExports();
    assertThat(d.exports()).isEmpty();
    s.cancelMirrors();
  }

  private long size(String disk) throws Exception {
    return recipe().disks().stream()
        .filter(d -> d.id().equals(disk))
        .findAny()
        .orElseThrow()
        .virtualBytes();
  }

  @Test
  @Tag("S37")
  void moves_a_guest_and_repeats_each_step() throws Exception {
    Guest s = launch(0, LaunchMode.RUN);
    Guest d = launch(1, LaunchMode.INCOMING);
    IncomingEndpoints to = open(d);
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    d.watchArrival(() -> {}, false, arrival::complete);
    mirror(s, to);
    mirror(s, to);
    List<String> order = new ArrayList<>();
    HandOver handOver = handOver(s, to, false, () -> order.add("recorded"));
    assertThat(handOver).isInstanceOf(HandOver.Sent.class);
    assertThat(order).containsExactly("recorded");
    assertThat(arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
    assertThat(d.runState()).isEqualTo(RunState.RUNNING);
    assertThat(s.runState()).isEqualTo(RunState.POSTMIGRATE);
    assertThat(handOver(s, to, true, () -> order.add("again"))).isInstanceOf(HandOver.Sent.class);
    assertThat(order).hasSize(1);

    // An agent that comes back later finds the arrival by query.
    CompletableFuture<Arrival> late = new CompletableFuture<>();
    d.close();
    adopt(1).watchArrival(() -> {}, false, late::complete);
    assertThat(late.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
  }

  /** A QEMU keeps what a guest came with, so each move sets it at both ends. */
  @Test
  @Tag("S84")
  void describes_a_stream_behind_its_end_as_the_destination_has_confirmed() throws Exception {
    Guest s = launch(0, LaunchMode.RUN);
    assertThat(s.canSuppressVmdesc()).isTrue();
    Guest d = launch(1, LaunchMode.INCOMING);
    IncomingEndpoints bare = open(d, true);
    assertThat(bare.suppressVmdesc()).isTrue();
    assertThat(suppressesVmdesc(destination)).isTrue();
    move(s, d, bare);
    assertThat(suppressesVmdesc(source)).isTrue();

    s.kill();
    Guest back = launch(0, LaunchMode.INCOMING);
    IncomingEndpoints described = open(back, false);
    assertThat(described.suppressVmdesc()).isFalse();
    assertThat(suppressesVmdesc(source)).isFalse();
    assertThat(suppressesVmdesc(destination)).as("as it came").isTrue();
    move(d, back, described);
    assertThat(suppressesVmdesc(destination)).isFalse();
  }

  private static void move(Guest from, Guest to, IncomingEndpoints opened) throws Exception {
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    to.watchArrival(() -> {}, false, arrival::complete);
    mirror(from, opened);
    assertThat(handOver(from, opened, false, () -> {})).isInstanceOf(HandOver.Sent.class);
    assertThat(arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
  }

  @Test
  @Tag("S80")
  void keeps_a_guest_at_home_whose_disks_are_not_mirrored() throws Exception {
    Guest s = launch(0, LaunchMode.RUN);
    IncomingEndpoints to = open(launch(1, LaunchMode.INCOMING));
    assertThat(handOver(s, to, false, DriverContract::mustNot)).isInstanceOf(HandOver.Stayed.class);
    assertThat(s.runState()).isEqualTo(RunState.RUNNING);
  }

  @Test
  void keeps_a_guest_at_home_whose_destination_died() throws Exception {
    Guest s = launch(0, LaunchMode.RUN);
    Guest d = launch(1, LaunchMode.INCOMING);
    IncomingEndpoints to = open(d);
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    d.watchArrival(() -> {}, false, arrival::complete);
    mirror(s, to);
    d.kill();
    assertThat(arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Failed.class);
    assertThat(handOver(s, to, false, DriverContract::mustNot)).isInstanceOf(HandOver.Stayed.class);
    assertThat(s.runState()).isEqualTo(RunState.RUNNING);
    assertRefused(() -> mirror(s, to));
  }

  @Test
  void keeps_a_guest_at_home_when_the_record_fails() throws Exception {
    Guest s = launch(0, LaunchMode.RUN);
    IncomingEndpoints to = open(launch(1, LaunchMode.INCOMING));
    mirror(s, to);
    HandOver handOver =
        handOver(
            s,
            to,
            false,
            () -> {
              throw new IOException("no space");
            });
    assertThat(handOver).isInstanceOf(HandOver.Stayed.class);
    assertThat(s.runState()).isEqualTo(RunState.RUNNING);
  }

  @Test
  void leaves_a_guest_paused_that_nobody_permits_to_run() throws Exception {
    Guest s = launch(0, LaunchMode.RUN);
    Guest d = launch(1, LaunchMode.INCOMING);
    IncomingEndpoints to = open(d);
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    d.watchArrival(
        () -> {
          throw new IOException("no");
        },
        false,
        arrival::complete);
    mirror(s, to);
    assertThat(handOver(s, to, false, () -> {})).isInstanceOf(HandOver.Sent.class);
    assertThat(arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Failed.class);
    assertThat(d.runState()).isEqualTo(RunState.PAUSED);
  }

  @Test
  @Tag("S84")
  void lets_a_guest_that_may_come_by_post_copy_run_only_when_its_source_has_let_go()
      throws Exception {
    Guest s = launch(0, LaunchMode.RUN);
    Guest d = launch(1, LaunchMode.INCOMING);
    IncomingEndpoints first = open(d);
    assertThat(first.awaitsSource()).isFalse();
    IncomingEndpoints to =
        d.openIncoming(
            new IncomingRequest(
                "127.0.0.1", 0, 0, Map.of(), MoveOptions.PLAIN, Optional.of(KEY), true, true));
    assertThat(to.awaitsSource()).as("asked for when all was open").isTrue();
    assertThat(to.exportNames()).isEqualTo(first.exportNames());
    assertThat(open(d).awaitsSource()).as("and never taken back").isTrue();
    CompletableFuture<Void> letGo = new CompletableFuture<>();
    CompletableFuture<Boolean> recorded = new CompletableFuture<>();
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    d.watchArrival(
        new Guest.ArrivalPermit() {
          @Override
          public void recordArrived() {
            recorded.complete(letGo.isDone());
          }

          @Override
          public CompletableFuture<Void> sourceLetGo() {
            return letGo;
          }
        },
        false,
        arrival::complete);
    mirror(s, to);
    assertThat(s.hasLeft()).contains(false);
    HandOver came =
        s.handOver(
            new MemoryTarget(
                to.address(),
                to.migrationPort(),
                Optional.of(KEY),
                to.suppressVmdesc(),
                to.awaitsSource()),
            new Steering(
                new MovePolicy(
                    Duration.ofMillis(300),
                    0,
                    Duration.ofSeconds(60),
                    MovePolicy.AtDeadline.ABORT,
                    true,
                    false),
                MoveOptions.PLAIN,
                false),
            false,
            () -> {},
            p -> {});
    assertThat(came).isInstanceOf(HandOver.Sent.class);
    assertThat(s.hasLeft()).contains(true);
    assertThat(d.runState()).isEqualTo(RunState.PAUSED);
    assertThat(arrival).isNotDone();
    letGo.complete(null);
    assertThat(arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
    assertThat(recorded).as("the record is made after that").isCompletedWithValue(true);
    assertThat(d.runState()).isEqualTo(RunState.RUNNING);
    assertThat(d.hasLeft()).as("what came has not left").contains(false);
  }

  @Test
  @Tag("S56")
  @Tag("S61")
  void moves_a_disk_onto_its_copy_and_repeats_each_step() throws Exception {
    Guest guest = launch(0, LaunchMode.RUN);
    DiskCopies.Copy copy = copy("aaaaaaaa", false);
    assertThat(guest.copies().look("disk0", "aaaaaaaa").state()).isEqualTo(State.ABSENT);
    guest.copies().start(copy);
    guest.copies().start(copy);
    assertRefused(() -> guest.copies().start(copy("bbbbbbbb", false)));
    assertRefused(() -> guest.copies().overlay("disk0", "bbbbbbbb", source.resolve("bbbbbbbb")));
    assertRefused(() -> guest.copies().look("disk9", "aaaaaaaa"));
    awaitReady(guest, "aaaaaaaa");
    List<String> order = new ArrayList<>();
    guest.copies().pivot("disk0", "aaaaaaaa", () -> order.add("decided"));
    guest.close();
    Guest adopted = adopt(0);
    assertThat(adopted.copies().look("disk0", "aaaaaaaa").state()).isEqualTo(State.PIVOTED);
    adopted.copies().pivot("disk0", "aaaaaaaa", () -> order.add("decided again"));
    adopted.copies().start(copy);
    assertThat(order).containsExactly("decided", "decided again");
    assertThat(adopted.copies().disks().getFirst().file())
        .isEqualTo(((DiskCopies.File) copy.target()).path().toString());
    assertThat(adopted.disks()).hasSize(1);
    assertRefused(() -> adopted.copies().drop("disk0", "aaaaaaaa"));
    assertRefused(() -> adopted.copies().finish("disk0", "aaaaaaaa"));
  }

  @Test
  @Tag("S43")
  @Tag("S57")
  void ends_or_drops_a_copy_and_the_guest_stays_where_it_was() throws Exception {
    Guest guest = launch(0, LaunchMode.RUN);
    List<DiskCopies.DiskNode> before = guest.copies().disks();
    guest.copies().drop("disk0", "aaaaaaaa");
    guest.copies().start(copy("aaaaaaaa", false));
    guest.copies().limit("disk0", "aaaaaaaa", 1 << 20);
    awaitReady(guest, "aaaaaaaa");
    guest.copies().finish("disk0", "aaaaaaaa");
    assertThat(guest.copies().look("disk0", "aaaaaaaa").state()).isEqualTo(State.ABSENT);
    guest.copies().start(copy("bbbbbbbb", false));
    assertRefused(() -> mirror(guest, new IncomingEndpoints("127.0.0.1", 1, 1, Map.of(), false)));
    guest.copies().drop("disk0", "bbbbbbbb");
    guest.copies().drop("disk0", "bbbbbbbb");
    guest.copies().limit("disk0", "bbbbbbbb", 0);
    assertRefused(() -> guest.copies().finish("disk0", "bbbbbbbb"));
    assertRefused(() -> guest.copies().pivot("disk0", "bbbbbbbb", DriverContract::mustNot));
    assertRefused(() -> guest.copies().start(copy("cccccccc", true)));
    assertThat(names(guest)).isEqualTo(before.stream().map(DiskCopies.DiskNode::node).toList());
    assertThat(guest.runState()).isEqualTo(RunState.RUNNING);
  }

  @Test
  void stays_on_a_disk_when_the_decision_cannot_be_kept() throws Exception {
    Guest guest = launch(0, LaunchMode.RUN);
    guest.copies().start(copy("aaaaaaaa", false));
    awaitReady(guest, "aaaaaaaa");
    assertRefused(() ->
        guest
            .copies()
            .pivot(
                "disk0",
                "aaaaaaaa",
                () -> {
                  throw new IOException("no space");
                }));
    assertThat(guest.copies().look("disk0", "aaaaaaaa").state()).isEqualTo(State.ABSENT);
    assertThat(names(guest)).containsExactly("disk0");
  }

  @Test
  @Tag("S50")
  void puts_overlays_on_a_disk_and_copies_only_the_uppermost() throws Exception {
    Guest guest = launch(0, LaunchMode.RUN);
    Path first = file("aaaaaaaa");
    guest.copies().overlay("disk0", "aaaaaaaa", first);
    guest.copies().overlay("disk0", "aaaaaaaa", first);
    guest.copies().overlay("disk0", "bbbbbbbb", file("bbbbbbbb"));
    guest.copies().start(copy("cccccccc", true));
    awaitReady(guest, "cccccccc");
    guest.copies().pivot("disk0", "cccccccc", () -> {});
    assertThat(names(guest)).containsExactly("disk0-ccccccccc");
    assertThat(guest.runState()).isEqualTo(RunState.RUNNING);
  }

  @Test
  @Tag("S143")
  void copies_an_encrypted_disk_to_files_its_passphrase_opens_and_to_no_other() throws Exception {
    LaunchRecipe.LocalDisk plain = recipe().localDisks().getFirst();
    LaunchRecipe.LocalDisk disk =
        new LaunchRecipe.LocalDisk(
            "disk0", "luks.qcow2", "qcow2", plain.virtualBytes(), List.of(), true);
    Path key = secret(recipe(), "disk0");
    Path luks = encrypted("luks.qcow2", key);
    Guest guest = driver(0).launch(recipe().withDisks(List.of(disk)), source, LaunchMode.RUN);
    guests.add(guest);

    assertRefused(() -> guest.copies().start(copy("aaaaaaaa", false)));
    Path raw = source.resolve("copy.raw");
    driver(0).images().create(raw, DiskImages.NewImage.empty("raw", disk.virtualBytes()));
    assertRefused(
        () -> guest.copies().start(new DiskCopies.Copy("disk0", "bbbbbbbb", raw, "raw", false, 0)));
    assertRefused(() -> guest.copies().overlay("disk0", "cccccccc", file("cccccccc")));
    assertThat(names(guest)).containsExactly("disk0");

    Path copy = encrypted("dddddddd", key);
    guest.copies().start(new DiskCopies.Copy("disk0", "dddddddd", copy, "qcow2", false, 0));
    awaitReady(guest, "dddddddd");
    guest.copies().pivot("disk0", "dddddddd", () -> {});
    guest.copies().overlay("disk0", "eeeeeeee", encrypted("eeeeeeee", key));
    assertThat(names(guest)).containsExactly("disk0-ceeeeeeee");
    guest.kill();

    DiskImages.Expected encrypted = new DiskImages.Expected("qcow2", true, List.of());
    Path flat = encrypted("flat.qcow2", key);
    DiskImages images = driver(0).images();
    assertRefused(() -> images.flatten(luks, encrypted, Optional.of(key), raw, "raw"));
    assertRefused(() -> images.flatten(luks, encrypted, Optional.empty(), flat, "qcow2"));
    assertRefused(() ->
        images.flatten(luks, encrypted, Optional.of(key), source.resolve("aaaaaaaa"), "qcow2"));
    assertRefused(() ->
        images.flatten(
            source.resolve(plain.file()),
            DiskImages.Expected.plain("qcow2"),
            Optional.empty(),
            flat,
            "qcow2"));
    images.flatten(luks, encrypted, Optional.of(key), flat, "qcow2");
    assertThat(images.inspect(flat, encrypted).virtualBytes()).isEqualTo(disk.virtualBytes());
  }

  @Test
  @Tag("S59")
  void goes_on_with_a_copy_when_its_QEMU_ended_in_good_order_and_not_when_it_was_killed()
      throws Exception {
    Guest first = launch(0, LaunchMode.RUN);
    Path raw = source.resolve("backup.raw");
    long bytes = recipe().disks().getFirst().virtualBytes();
    driver(0).images().create(raw, DiskImages.NewImage.empty("raw", bytes));
    DiskCopies.Copy copy = new DiskCopies.Copy("disk0", "aaaaaaaa", raw, "raw", false, 1 << 20);
    assertRefused(() -> first.ledgers().goOn(copy, "ledger"));
    assertRefused(() -> first.ledgers().begin(copy("bbbbbbbb", false), "ledger"));
    assertThat(first.ledgers().look("disk0", "ledger").state()).isEqualTo(DiskLedgers.State.ABSENT);
    first.ledgers().begin(copy, "ledger");
    first.ledgers().begin(copy, "ledger");
    assertRefused(() -> first.ledgers().forget("disk0", "ledger"));
    assertRefused(() -> first.copies().start(copy("cccccccc", false)));
    assertThat(first.copies().look("disk0", "aaaaaaaa").state()).isEqualTo(State.RUNNING);
    assertRefused(() -> first.copies().pivot("disk0", "aaaaaaaa", DriverContract::mustNot));
    first.kill(); // as any orderly end

    Guest second = launch(0, LaunchMode.RUN);
    DiskLedgers.Ledger left = second.ledgers().look("disk0", "ledger");
    assertThat(left.state()).isEqualTo(DiskLedgers.State.USABLE);
    assertThat(left.bytes()).isPositive().isLessThanOrEqualTo(bytes);
    assertThat(second.copies().look("disk0", "aaaaaaaa").state()).isEqualTo(State.ABSENT);
    second.ledgers().goOn(copy, "ledger");
    assertThat(second.copies().look("disk0", "aaaaaaaa").totalBytes()).isEqualTo(left.bytes());
    crash(second, source);

    Guest third = launch(0, LaunchMode.RUN);
    assertThat(third.ledgers().look("disk0", "ledger"))
        .isEqualTo(new DiskLedgers.Ledger(DiskLedgers.State.UNUSABLE, 0));
    assertRefused(() -> third.ledgers().goOn(copy, "ledger"));
    third.ledgers().begin(copy, "ledger");
    third.copies().limit("disk0", "aaaaaaaa", 0);
    await(third, "aaaaaaaa", State.DECIDING);
    assertRefused(() -> third.copies().pivot("disk0", "aaaaaaaa", DriverContract::mustNot));
    third.copies().finish("disk0", "aaaaaaaa");
    assertThat(third.ledgers().look("disk0", "ledger").state()).isEqualTo(DiskLedgers.State.USABLE);
    third.ledgers().forget("disk0", "ledger");
    third.ledgers().forget("disk0", "ledger");
    assertThat(third.ledgers().look("disk0", "ledger").state()).isEqualTo(DiskLedgers.State.ABSENT);
    assertThat(names(third)).containsExactly("disk0");
    assertThat(third.runState()).isEqualTo(RunState.RUNNING);
  }

  /** Making one counts how fast this processor is, a second and more; all the others are alike. */
  private Path encrypted(String name, Path key) throws Exception {
    Path first = source.resolve("first.qcow2");
    if (!Files.exists(first)) {
      driver(0)
          .images()
          .create(
              first,
              new DiskImages.NewImage(
                  "qcow2",
                  recipe().disks().getFirst().virtualBytes(),
                  List.of(),
                  Optional.of(key),
                  Optional.empty()));
    }
    return Files.copy(first, source.resolve(name));
  }

  private static List<String> names(Guest guest) throws VirtException {
    return guest.copies().disks().stream().map(DiskCopies.DiskNode::node).toList();
  }

  private Path file(String tag) throws Exception {
    Path file = source.resolve(tag);
    driver(0)
        .images()
        .create(
            file, DiskImages.NewImage.empty("qcow2", recipe().disks().getFirst().virtualBytes()));
    return file;
  }

  private DiskCopies.Copy copy(String tag, boolean shallow) throws Exception {
    return new DiskCopies.Copy("disk0", tag, file(tag), "qcow2", shallow, 0);
  }

  private static void awaitReady(Guest guest, String tag) throws Exception {
    await(guest, tag, State.READY);
  }

  private static void await(Guest guest, String tag, State wanted) throws Exception {
    for (int looks = 0; looks < 3000; looks++) {
      DiskCopies.Progress now = guest.copies().look("disk0", tag);
      if (now.state() == wanted) {
        return;
      }
      assertThat(now.state()).as("%s", now).isEqualTo(State.RUNNING);
      Pauses.real().pause(Duration.ofMillis(10));
    }
    throw new AssertionError("the copy is not ready after 30 s");
  }

  @Test
  @Tag("S79")
  @Tag("N14")
  void lets_in_nobody_but_who_has_the_key_of_this_migration() throws Exception {
    Guest s = launch(0, LaunchMode.RUN);
    Guest d = launch(1, LaunchMode.INCOMING);
    IncomingEndpoints to = open(d);
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    d.watchArrival(() -> {}, false, arrival::complete);
    assertRefused(() -> mirror(s, to, Optional.empty()));
    assertRefused(() -> mirror(s, to, Optional.of(OTHER_SECRET)));
    assertRefused(() -> mirror(s, to, Optional.of(OTHER_MIGRATION)));
    mirror(s, to);
    assertThat(handOver(s, to, Optional.of(OTHER_MIGRATION), false, DriverContract::mustNot))
        .isInstanceOf(HandOver.Stayed.class);
    assertThat(s.runState()).isEqualTo(RunState.RUNNING);
    // None of them hurt the guest on its way.
    mirror(s, to);
    assertThat(handOver(s, to, false, () -> {})).isInstanceOf(HandOver.Sent.class);
    assertThat(arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
  }

  private static StreamKey key(String identity, int seed) {
    byte[] secret = new byte[StreamKey.SECRET_BYTES];
    java.util.Arrays.fill(secret, (byte) seed);
    return new StreamKey(identity, secret);
  }

  @Test
  @Tag("S34")
  @Tag("S35")
  void plugs_a_volume_in_and_takes_it_away() throws Exception {
    Guest guest = launch(0, LaunchMode.RUN);
    awaitBooted(source);
    int port = volumeServer();
    LaunchRecipe.NetworkDisk volume =
        new LaunchRecipe.NetworkDisk("vol1", "127.0.0.1", port, "v", 1 << 20, 2);
    guest.plug(volume);
    guest.plug(volume);
    assertThat(guest.disks()).extracting(Guest.DiskState::diskId).containsExactly("disk0", "vol1");
    assertRefused(
        () -> guest.plug(new LaunchRecipe.NetworkDisk("vol2", "127.0.0.1", port, "v", 1 << 20, 2)));
    assertRefused(() ->
        guest.plug(new LaunchRecipe.NetworkDisk("disk0", "127.0.0.1", port, "v", 1 << 20, 3)));
    assertThat(guest.disks()).extracting(Guest.DiskState::diskId).containsExactly("disk0", "vol1");
    assertRefused(() -> guest.unplug("disk0", Duration.ofSeconds(1)));
    guest.unplug("vol1", Duration.ofSeconds(60));
    guest.unplug("vol1", Duration.ofSeconds(60));
    assertThat(guest.disks()).extracting(Guest.DiskState::diskId).containsExactly("disk0");
    guest.plug(volume);
    assertThat(guest.disks()).hasSize(2);
    assertThat(guest.runState()).isEqualTo(RunState.RUNNING);
  }

  @Test
  @Tag("S48")
  void moves_a_guest_whose_volume_is_never_mirrored() throws Exception {
    int port = volumeServer();
    LaunchRecipe.NetworkDisk volume =
        new LaunchRecipe.NetworkDisk("vol1", "127.0.0.1", port, "v", 1 << 20, 1);
    LaunchRecipe with = recipe().withDisks(List.of(recipe().disks().getFirst(), volume));
    Guest s = driver(0).launch(with, source, LaunchMode.RUN);
    guests.add(s);
    Guest d = driver(1).launch(with, destination, LaunchMode.INCOMING);
    guests.add(d);
    IncomingEndpoints to = open(d);
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    d.watchArrival(() -> {}, false, arrival::complete);
    assertRefused(() ->
        s.mirrorDisks(
            List.of(
                new MirrorTarget(
                    "vol1", to.address(), to.nbdPort(), EXPORT, Sync.FULL, Optional.of(KEY))),
            usual(),
            p -> {}));
    mirror(s, to);
    assertThat(handOver(s, to, false, () -> {})).isInstanceOf(HandOver.Sent.class);
    assertThat(arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
    assertThat(d.disks()).extracting(Guest.DiskState::diskId).containsExactly("disk0", "vol1");
  }

  private static void mustNot() {
    throw new AssertionError("must not be recorded");
  }

  private Guest launch(int host, LaunchMode mode) throws Exception {
    Guest guest = driver(host).launch(recipe(), host == 0 ? source : destination, mode);
    guests.add(guest);
    return guest;
  }

  private Guest adopt(int host) throws Exception {
    Guest guest = driver(host).adopt(host == 0 ? source : destination).orElseThrow();
    guests.add(guest);
    return guest;
  }

  private IncomingEndpoints open(Guest guest) throws VirtException {
    return open(guest, true);
  }

  private IncomingEndpoints open(Guest guest, boolean suppressVmdesc) throws VirtException {
    return guest.openIncoming(
        new IncomingRequest(
            "127.0.0.1",
            freePort(),
            freePort(),
            Map.of("disk0", EXPORT),
            MoveOptions.PLAIN,
            Optional.of(KEY),
            suppressVmdesc));
  }

  private static void mirror(Guest s, IncomingEndpoints to)
      throws VirtException, InterruptedException {
    mirror(s, to, Optional.of(KEY));
  }

  private static void mirror(Guest s, IncomingEndpoints to, Optional<StreamKey> key)
      throws VirtException, InterruptedException {
    s.mirrorDisks(
        List.of(new MirrorTarget("disk0", to.address(), to.nbdPort(), EXPORT, Sync.FULL, key)),
        usual(),
        p -> {});
  }

  private static HandOver handOver(
      Guest s, IncomingEndpoints to, boolean handedOver, Guest.HandOverRecord record)
      throws VirtException, InterruptedException {
    return handOver(s, to, Optional.of(KEY), handedOver, record);
  }

  private static HandOver handOver(
      Guest s,
      IncomingEndpoints to,
      Optional<StreamKey> key,
      boolean handedOver,
      Guest.HandOverRecord record)
      throws VirtException, InterruptedException {
    return s.handOver(
        new MemoryTarget(to.address(), to.migrationPort(), key, to.suppressVmdesc()),
        usual(),
        handedOver,
        record,
        p -> {});
  }

  private static void assertRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            VirtException.class, e -> assertThat(e.kind()).isEqualTo(Kind.REFUSED));
  }

  private static Steering usual() {
    return steering(Duration.ofMillis(300), 0);
  }

  private static Steering steering(Duration maxPause, long bytesPerSecond) {
    return new Steering(
        new MovePolicy(
            maxPause,
            bytesPerSecond,
            Duration.ofSeconds(60),
            MovePolicy.AtDeadline.ABORT,
            false,
            true),
        MoveOptions.PLAIN,
        false);
  }
}
