package dev.tern.virt.qemu;

import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.ArrivalPermit;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.Guest.MissingMemory;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.MigrationState;
import dev.tern.virt.qmp.ExportListener;
import dev.tern.virt.qmp.QmpEvent;
import dev.tern.virt.qmp.QmpEvents;
import dev.tern.virt.qmp.QmpMonitor.Pending;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hand-over as the destination does it: exports and listener first, then nothing until QEMU's
 * own event says that all has arrived; only then, and only with the permit, the guest runs.
 */
final class IncomingMigration {
  private static final Logger log = LoggerFactory.getLogger(IncomingMigration.class);
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);
  private static final Duration LOADS = Duration.ofMillis(2);
  private static final Duration GREETING = Duration.ofSeconds(1);
  private static final Pattern NUMERIC = Pattern.compile("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
  private static final Pattern EXPORT = Pattern.compile("[A-Za-z0-9_-]{8,128}");

  private final Session session;
  private final Path instance;
  private final EndpointsFile opened;
  private final StreamCredentials credentials;
  private final PostCopyReceiver postCopy;

  /**
   * As {@link #opened} says, at hand: a file that is read now would be read in the guest's pause.
   */
  private volatile boolean awaitsSource;

  IncomingMigration(Session session, Path instance, StreamCredentials credentials) {
    this.session = session;
    this.instance = instance;
    this.credentials = credentials;
    this.opened = new EndpointsFile(instance);
    this.postCopy = new PostCopyReceiver(session, opened);
  }

  IncomingEndpoints open(IncomingRequest request) throws VirtException {
    checkAddress(request.address());
    Commands.Status run = session.call(new Commands.QueryStatus());
    if (!run.status().equals("inmigrate")) {
      throw new VirtException(
          Kind.REFUSED,
          "The guest does not wait for a migration: QEMU says %s.".formatted(run.status()),
          null);
    }
    Optional<IncomingEndpoints> before = opened.read();
    if (before.isEmpty() && request.nbdPort() == 0) {
      throw new VirtException(Kind.REFUSED, "Nothing is open, and no port is given for it.", null);
    }
    IncomingEndpoints wanted =
        new IncomingEndpoints(
            before.map(IncomingEndpoints::address).orElse(request.address()),
            before.map(IncomingEndpoints::nbdPort).orElse(request.nbdPort()),
            // The exports may be open and the listener's port have been another's meanwhile.
            request.migrationPort() == 0
                ? before.map(IncomingEndpoints::migrationPort).orElse(0)
                : request.migrationPort(),
            before
                .map(IncomingEndpoints::exportNames)
                .orElseGet(() -> Map.copyOf(request.exportNames())),
            before.map(IncomingEndpoints::suppressVmdesc).orElse(false),
            request.awaitSource() || before.map(IncomingEndpoints::awaitsSource).orElse(false));
    int port = listener(session.call(new Commands.QueryMigrate()));
    if (port == 0) {
      String creds = credentials.accept(request.key());
      MigrationSettings.incoming(session, request.options(), creds);
      wanted = withStreamEnd(wanted, request);
      openExports(wanted, before.isPresent(), creds);
      session.call(
          new Commands.MigrateIncoming(
              OutgoingMigration.uri(wanted.address(), wanted.migrationPort())));
      port = listener(session.call(new Commands.QueryMigrate()));
    }
    IncomingEndpoints there =
        new IncomingEndpoints(
            wanted.address(),
            wanted.nbdPort(),
            port,
            wanted.exportNames(),
            wanted.suppressVmdesc(),
            wanted.awaitsSource());
    opened.write(there);
    awaitsSource |= there.awaitsSource();
    return there;
  }

  /** Before it listens, and written down before that: no agent could find it out afterwards. */
  private IncomingEndpoints withStreamEnd(IncomingEndpoints wanted, IncomingRequest request)
      throws VirtException {
    return new IncomingEndpoints(
        wanted.address(),
        wanted.nbdPort(),
        wanted.migrationPort(),
        wanted.exportNames(),
        StreamDescription.suppress(session.monitor(), request.suppressVmdesc()),
        wanted.awaitsSource());
  }

  private static void checkAddress(String address) throws VirtException {
    // A name would be looked up; only numbers are taken.
    if (!NUMERIC.matcher(address).matches()) {
      throw new VirtException(
          Kind.REFUSED, "The address '%s' is not numeric.".formatted(address), null);
    }
    try {
      if (InetAddress.ofLiteral(address).isAnyLocalAddress()) {
        throw new VirtException(
            Kind.REFUSED,
            "Guests are received on one address, not on %s.".formatted(address),
            null);
      }
    } catch (IllegalArgumentException e) {
      throw new VirtException(
          Kind.REFUSED, "The address '%s' is not usable.".formatted(address), e);
    }
  }

  private void openExports(IncomingEndpoints wanted, boolean repeated, String creds)
      throws VirtException {
    for (String name : wanted.exportNames().values()) {
      if (!EXPORT.matcher(name).matches()) {
        throw new VirtException(Kind.REFUSED, "An export name is not usable.", null);
      }
    }
    opened.write(wanted);
    try {
      startServer(wanted, creds.isEmpty() ? null : creds);
    } catch (VirtException e) {
      if (e.kind() != Kind.REFUSED || !repeated) {
        if (e.kind() == Kind.REFUSED) {
          opened.delete();
        }
        throw e;
      }
      log.atDebug().setCause(e).log("NBD server runs already");
    }
    Set<String> there =
        session.call(new Commands.QueryBlockExports()).stream()
            .map(Commands.Export::id)
            .collect(Collectors.toSet());
    for (Map.Entry<String, String> disk : wanted.exportNames().entrySet()) {
      String id = Nodes.export(disk.getKey());
      if (!there.contains(id)) {
        session.call(new Commands.BlockExportAdd("nbd", id, disk.getKey(), disk.getValue(), true));
      }
    }
  }

  private void startServer(IncomingEndpoints wanted, @Nullable String creds) throws VirtException {
    try (MonitorSockets sockets = MonitorSockets.of(instance, session.settings().runtime())) {
      if (ExportListener.start(
          sockets.second(),
          InetAddress.ofLiteral(wanted.address()),
          wanted.nbdPort(),
          creds,
          GREETING)) {
        return;
      }
    }
    session.call(
        new Commands.NbdServerStart(
            new Commands.SocketAddress(wanted.address(), wanted.nbdPort()), creds));
  }

  private static int listener(MigrationState state) {
    List<Map<String, Object>> addresses = state.socketAddress();
    if (addresses == null || addresses.isEmpty()) {
      return 0;
    }
    return Integer.parseInt(String.valueOf(addresses.getFirst().getOrDefault("port", "0")));
  }

  void closeExports() throws VirtException {
    session.callUnlessRefused(new Commands.NbdServerStop());
  }

  void watch(ArrivalPermit permit, boolean keepPaused, Consumer<Arrival> listener)
      throws VirtException {
    // Before the first look: what happens in between is then in the queue.
    ArrivalWatch watch = new ArrivalWatch();
    awaitsSource |= opened.read().map(IncomingEndpoints::awaitsSource).orElse(false);
    QmpEvents events = session.monitor().events(watch::saw);
    try {
      session.call(new Commands.QueryStatus());
    } catch (VirtException e) {
      events.close();
      throw e;
    }
    Thread.ofVirtual()
        .name("arrival-" + session.process().pid())
        .start(() -> {
          try (events) {
            Arrival arrival = arrive(events, watch, permit, keepPaused);
            // After the guest runs: taking the key away would only lengthen its pause.
            endEncryption();
            listener.accept(arrival);
            if (arrival instanceof Arrival.Running) {
              if (!keepPaused) {
                announce();
              }
              keepReceiving(events);
            }
          } catch (VirtException e) {
            forgetKeys(e);
            listener.accept(new Arrival.Failed(e.getMessage() + ""));
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private Arrival arrive(
      QmpEvents events, ArrivalWatch watch, ArrivalPermit permit, boolean keepPaused)
      throws VirtException, InterruptedException {
    String status = session.migrationStatus();
    while (true) {
      switch (status) {
        case "completed" -> {
          awaitSource(permit);
          return run(watch, permit, keepPaused);
        }
        case "postcopy-active", "postcopy-paused", "postcopy-recover" -> {
          postCopy.heard(status);
          // Its devices are loaded once QEMU waits for the guest to be started.
          if (!session.call(new Commands.QueryStatus()).status().equals("inmigrate")) {
            return run(watch, permit, keepPaused);
          }
          session.pauses().pause(LOADS);
          status = session.migrationStatus();
          continue;
        }
        case "failed", "cancelled" -> {
          String why = session.call(new Commands.QueryMigrate()).errorDesc();
          return new Arrival.Failed(
              why == null ? "QEMU says that the incoming migration %s.".formatted(status) : why);
        }
        default -> {}
      }
      Optional<QmpEvent> event = events.next(LOOK_EVERY);
      if (event.isEmpty()) {
        status = session.migrationStatus();
      } else if (event.get().name().equals("MIGRATION")) {
        status = event.get().text("status");
      }
    }
  }

  /**
   * A source that may use post-copy waits for this QEMU's last word after it has sent everything,
   * and runs the guest by itself when the link breaks before that word is there. After a post-copy
   * has begun it does not: it waits.
   */
  private void awaitSource(ArrivalPermit permit) throws VirtException, InterruptedException {
    if (!awaitsSource) {
      return;
    }
    CompletableFuture<Void> letGo = permit.sourceLetGo();
    while (true) {
      try {
        letGo.get(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
        return;
      } catch (TimeoutException e) {
        log.atDebug().setCause(e).log("all is here, and its source has not let go yet");
        session.migrationStatus(); // throws once nothing is here that could run
      } catch (ExecutionException e) {
        throw new IllegalStateException("that a source let go is told, or not", e);
      }
    }
  }

  private Arrival run(ArrivalWatch watch, ArrivalPermit permit, boolean keepPaused)
      throws VirtException {
    // The exports hold the right to write, so they go first, and while the permit is on its way to
    // the disk: the stream is complete, so nobody has anything left to write to them.
    Pending<Void> closed = session.monitor().submit(new Commands.NbdServerStop());
    try {
      permit.recordArrived();
    } catch (IOException e) {
      log.atWarn().addKeyValue("step", "arrive").setCause(e).log("arrived guest stays paused");
      return new Arrival.Failed("The guest arrived and stays paused: " + e.getMessage());
    }
    // Sent behind the other without waiting for its answer; QEMU takes them in turn.
    Optional<Pending<Void>> running =
        keepPaused ? Optional.empty() : Optional.of(session.monitor().submit(new Commands.Cont()));
    try {
      session.monitor().await(closed);
    } catch (VirtException e) {
      if (e.kind() != Kind.REFUSED) {
        throw e;
      }
      log.atDebug().setCause(e).log("no NBD server to stop");
    }
    if (running.isPresent()) {
      awaitRun(running.get(), watch);
    }
    return new Arrival.Running(watch.stamps());
  }

  /**
   * QEMU tells RESUME before it answers cont, and after post-copy the guest's first page to come
   * can hold the answer up.
   */
  private void awaitRun(Pending<Void> running, ArrivalWatch watch) throws VirtException {
    try {
      session.monitor().await(running);
    } catch (VirtException e) {
      if (e.kind() != Kind.NO_ANSWER || watch.stamps().resumed().isEmpty()) {
        throw e;
      }
      log.atDebug().setCause(e).log("the guest runs, and QEMU waits for its memory");
    }
  }

  MissingMemory missingMemory() {
    return postCopy.missing();
  }

  /** Takes up what a former agent watched. */
  void keepReceiving() throws VirtException {
    String status = session.migrationStatus();
    if (!PostCopyReceiver.isUnderWay(status)) {
      return;
    }
    postCopy.heard(status);
    Thread.ofVirtual()
        .name("receives-" + session.process().pid())
        .start(() -> {
          try (QmpEvents events = session.monitor().events()) {
            keepReceiving(events);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  /** The guest has arrived, whatever becomes of this. */
  private void keepReceiving(QmpEvents events) throws InterruptedException {
    try {
      postCopy.receive(events);
      endEncryption();
    } catch (VirtException e) {
      forgetKeys(e);
      log.atWarn().setCause(e).log("a guest that arrived is watched no more");
    }
  }

  /** Once no stream can come any more: a broken post-copy is taken up with the same key. */
  private void endEncryption() {
    try {
      if (!PostCopyReceiver.isUnderWay(session.migrationStatus())) {
        MigrationSettings.encryption(session, "");
        credentials.remove();
      }
    } catch (VirtException e) {
      // The arrival stands however this goes.
      log.atWarn().addKeyValue("step", "remove-keys").setCause(e).log("a key is left");
      forgetKeys(e);
    }
  }

  /** When QEMU is gone; while it lives another agent may go on with what is there. */
  private void forgetKeys(VirtException why) {
    if (why.kind() == Kind.GONE) {
      try {
        credentials.forget();
      } catch (VirtException e) {
        log.atWarn().addKeyValue("step", "remove-keys").setCause(e).log("a key's file is left");
      }
    }
  }

  /**
   * Tells the network where the guest is now. QEMU did so when it had loaded the guest, before it
   * ran and could answer; a guest without a network card announces nothing.
   */
  private void announce() {
    try {
      session.call(new Commands.AnnounceSelf(50, 550, 5, 100));
    } catch (VirtException e) {
      log.atWarn()
          .addKeyValue("step", "announce")
          .setCause(e)
          .log("the guest's new place is not announced; switches learn it from its own packets");
    }
  }
}
