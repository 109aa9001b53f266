package dev.tern.agent;

import dev.tern.agent.JournalEntry.Arrived;
import dev.tern.agent.JournalEntry.Resumed;
import dev.tern.agent.JournalEntry.Seen;
import dev.tern.agent.JournalEntry.Stopped;
import dev.tern.agent.JournalLines.DamagedJournal;
import dev.tern.agent.Standing.Place;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.ArrivalPermit;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One server on this host: its directory, its journal and its QEMU. Any of them may be missing. */
final class Instance implements AutoCloseable {
  /** In its directory: whose agent made it. The first file of all. */
  static final String HOST = "host";

  private static final Logger log = LoggerFactory.getLogger(Instance.class);

  /**
   * Guards {@link #journal}, {@link #guest}, {@link #arrival} and {@link #sourceLetGo}: opening,
   * connecting, starting and removing. Not held while a guest is asked anything.
   */
  private final ReentrantLock lock = new ReentrantLock();

  private final ServerId server;
  private final HostName host;
  private final HostDirectories directories;
  private final VirtDriver driver;
  private volatile @Nullable Journal journal;
  private volatile @Nullable Guest guest;
  private @Nullable CompletableFuture<Arrival> arrival;
  private CompletableFuture<Void> sourceLetGo = new CompletableFuture<>();
  private final WayHome wayHome = new WayHome(this);
  private boolean closed;

  Instance(ServerId server, HostName host, HostDirectories directories, VirtDriver driver) {
    this.server = server;
    this.host = host;
    this.directories = directories;
    this.driver = driver;
  }

  ServerId server() {
    return server;
  }

  WayHome wayHome() {
    return wayHome;
  }

  Path directory() {
    return directories.instances().resolve(server.toString());
  }

  boolean present() {
    return Files.exists(directory(), LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * Where the server stands here; {@code NOTHING} when it never was.
   *
   * @throws ComputeException when its journal is damaged, or gone from a server that was started
   *     here: then nothing is done with it but by hand
   */
  Standing standing() throws IOException {
    return journal().map(Journal::standing).orElse(Standing.NOTHING);
  }

  private Optional<Journal> journal() throws IOException {
    Journal opened = journal;
    if (opened != null) {
      return Optional.of(opened);
    }
    lock.lock();
    try {
      checkOpen();
      if (journal == null && present()) {
        if (Files.exists(directory().resolve(Journal.NAME), LinkOption.NOFOLLOW_LINKS)) {
          checkDirectory();
        }
        journal = Journal.find(directory()).orElse(null);
      }
      return Optional.ofNullable(journal);
    } catch (DamagedJournal e) {
      throw damaged(e);
    } finally {
      lock.unlock();
    }
  }

  private ComputeException damaged(DamagedJournal e) {
    return new ComputeException(
        ErrorCode.HYPERVISOR_FAILED,
        "Nothing is done with server %s on host %s until an operator has looked at it: %s."
            .formatted(server, host, e.getMessage()),
        e);
  }

  private void checkOpen() throws IOException {
    if (closed) {
      throw new IOException("this agent is stopping");
    }
  }

  private void checkDirectory() throws IOException {
    if (!Files.isDirectory(directory(), LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("%s is not a directory".formatted(directory().getFileName()));
    }
  }

  /** Whether the directory was made by another host's agent: then it is on shared storage. */
  boolean belongsToAnotherHost() throws IOException {
    Path file = directory().resolve(HOST);
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        && !Files.readString(file).strip().equals(host.value());
  }

  /** Makes directory and journal, or finds them. */
  void create() throws IOException {
    lock.lock();
    try {
      checkOpen();
      if (belongsToAnotherHost()) {
        throw new ComputeException(
            ErrorCode.INVALID_SHARED_STORAGE,
            "The directory of server %s is another host's.".formatted(server),
            null);
      }
      Durable.directory(directory());
      if (journal == null) {
        journal = Journal.find(directory()).orElse(null);
      }
      Durable.write(
          directory().resolve(HOST), (host.value() + "\n").getBytes(StandardCharsets.UTF_8));
      if (journal == null) {
        journal = Journal.open(directory().resolve(Journal.NAME));
      }
    } catch (DamagedJournal e) {
      throw damaged(e);
    } finally {
      lock.unlock();
    }
  }

  /** See {@link Journal#append}. */
  void append(JournalEntry entry) throws IOException {
    open().append(entry);
  }

  /** See {@link Journal#during}. */
  void whileHere(Predicate<Standing> condition, Journal.Deed deed)
      throws IOException, VirtException {
    open().during(condition, deed);
  }

  /** See {@link Journal#certain}. */
  boolean certain() throws IOException {
    return open().certain();
  }

  private Journal open() throws IOException {
    return journal().orElseThrow(() -> Refusals.absent(server));
  }

  /**
   * Remembers that a request of this epoch was taken up, so that older ones are refused.
   *
   * @throws ComputeException STALE_EPOCH when a younger one was
   */
  void take(long epoch) throws IOException {
    check(epoch);
    Optional<Journal> open = journal();
    if (open.isPresent()) {
      open.get().appendIf(standing -> standing.highestEpoch() < epoch, new Seen(epoch));
    }
  }

  void check(long epoch) throws IOException {
    long highest = standing().highestEpoch();
    if (epoch < highest) {
      throw Refusals.staleEpoch(server, epoch, highest);
    }
  }

  /** The running QEMU, connected to; empty when there is none. */
  Optional<Guest> guest() throws IOException, VirtException {
    lock.lock();
    try {
      checkOpen();
      Guest known = guest;
      if (known != null && known.alive()) {
        return Optional.of(known);
      }
      if (!Files.isDirectory(directory(), LinkOption.NOFOLLOW_LINKS)) {
        return Optional.empty();
      }
      driver.adopt(directory()).ifPresent(this::hold);
      return Optional.ofNullable(guest).filter(Guest::alive);
    } finally {
      lock.unlock();
    }
  }

  /**
   * The running QEMU for who must not wait; empty only when there is none.
   *
   * @throws VirtException when its monitor does not answer, and while somebody else starts, ends or
   *     connects to one that this agent has not held yet: whether there is one is not known then
   */
  Optional<Guest> guestNow() throws IOException, VirtException {
    Guest known = guest;
    if (known != null && known.alive()) {
      return Optional.of(known);
    }
    if (!lock.tryLock()) {
      if (known != null) {
        return Optional.empty(); // It has ended, whoever is just noting that.
      }
      throw new VirtException(
          Kind.NO_ANSWER, "its QEMU is being started, ended or connected to", null);
    }
    try {
      return guest();
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #guestNow}, for lists of what QEMUs have: empty too when it is not known. */
  Optional<Guest> guestIfKnown() throws IOException, VirtException {
    if (!lock.tryLock()) {
      return Optional.ofNullable(guest).filter(Guest::alive);
    }
    try {
      return guest();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The running QEMU.
   *
   * @throws ComputeException when there is none
   */
  Guest runningGuest() throws IOException, VirtException {
    return guest().orElseThrow(() -> Refusals.processGone(server));
  }

  /** Records that the guest is started, and starts it. */
  void start(JournalEntry.Launched launched, LaunchRecipe recipe)
      throws IOException, VirtException {
    lock.lock();
    try {
      append(launched);
      hold(driver.launch(recipe, directory(), LaunchMode.RUN));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Starts a QEMU that waits for its guest, if it still may: who ends it meanwhile records so
   * first, and looks for a process after, under the same lock.
   */
  Guest startIncoming(LaunchRecipe recipe) throws IOException, VirtException {
    lock.lock();
    try {
      checkOpen();
      if (standing().place() != Place.INCOMING) {
        throw Refusals.wrongPlace(server, standing(), "received");
      }
      Guest started = driver.launch(recipe, directory(), LaunchMode.INCOMING);
      hold(started);
      return started;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Starts a QEMU that waits for the memory of its suspended guest. It is not the guest until that
   * is recorded, and may be ended at any time before.
   */
  Guest startRestoring(LaunchRecipe recipe) throws IOException, VirtException {
    lock.lock();
    try {
      checkOpen();
      if (standing().place() != Place.SUSPENDED) {
        throw Refusals.wrongPlace(server, standing(), "restored");
      }
      Guest started = driver.launch(recipe, directory(), LaunchMode.INCOMING);
      hold(started);
      return started;
    } finally {
      lock.unlock();
    }
  }

  private void hold(Guest found) {
    guest = found;
    found.onGone(() -> gone(found));
  }

  private void gone(Guest ended) {
    lock.lock();
    try {
      if (ended.equals(guest) && ended.alive()) {
        guest = null; // It is connected to anew; one that has ended stays known as such.
      }
      if (closed || ended.alive()) {
        return; // Only the connection ended, or the process is about to: the next look tells.
      }
      if (arrival != null) {
        arrival.complete(new Arrival.Failed("the incoming QEMU ended"));
      }
      noteStopped("its QEMU ended by itself");
    } catch (IOException | RuntimeException e) {
      log.atError().addKeyValue("server", server).setCause(e).log("a guest's end is not recorded");
    } finally {
      lock.unlock();
    }
  }

  /** Records that no process is left, unless the server was not running here. */
  void noteStopped(String reason) throws IOException {
    Journal open = open();
    if (open.appendIf(
        standing -> standing.place() == Place.RUNNING,
        new Stopped(open.standing().highestEpoch(), reason))) {
      log.atInfo().addKeyValue("server", server).addKeyValue("reason", reason).log("guest stopped");
    }
  }

  /** Finds out whether a guest that should run still does. Waits for nobody. */
  void noteIfGone() throws IOException, VirtException {
    if (!lock.tryLock()) {
      return;
    }
    try {
      if (standing().place() == Place.RUNNING && guest().isEmpty()) {
        noteStopped("its QEMU ended by itself");
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the QEMU, if there is one. Returns when it is gone. */
  void kill() throws IOException, VirtException {
    Optional<Guest> running = guest();
    if (running.isPresent()) {
      running.get().kill();
    }
  }

  /**
   * Watches an incoming guest: when its QEMU says that it arrived, that is recorded, and the guest
   * runs. May be called again after a restart; an arrival meanwhile is found. After a failure
   * nothing is being watched, so that whoever asks for the arrival next watches it anew.
   */
  void watchArrival(long epoch, boolean keepPaused) throws IOException, VirtException {
    Guest incoming = runningGuest();
    CompletableFuture<Arrival> arriving = new CompletableFuture<>();
    CompletableFuture<Void> letGo = expect(arriving);
    boolean watched = false;
    try {
      incoming.watchArrival(
          permit(epoch, letGo), keepPaused, told -> arrived(epoch, told, arriving));
      watched = true;
    } finally {
      if (!watched) {
        expectNoMore(arriving);
      }
    }
  }

  private ArrivalPermit permit(long epoch, CompletableFuture<Void> letGo) {
    return new ArrivalPermit() {
      @Override
      public void recordArrived() throws IOException {
        Instance.this.recordArrived(epoch);
      }

      @Override
      public CompletableFuture<Void> sourceLetGo() {
        return letGo;
      }
    };
  }

  /**
   * The source's QEMU cannot run the guest by itself any more, which a guest that is watched here
   * in that epoch may have waited for.
   */
  void sourceLetGo(long epoch) throws IOException {
    if (standing().epoch() != epoch) {
      return;
    }
    CompletableFuture<Void> told;
    lock.lock();
    try {
      told = sourceLetGo;
    } finally {
      lock.unlock();
    }
    told.complete(null); // What waits for it may run here and now, and takes locks of its own.
  }

  /** Returns what is completed when the source lets go of the guest that is expected. */
  private CompletableFuture<Void> expect(CompletableFuture<Arrival> arriving) {
    lock.lock();
    try {
      arrival = arriving;
      sourceLetGo = new CompletableFuture<>();
      return sourceLetGo;
    } finally {
      lock.unlock();
    }
  }

  @SuppressWarnings("ReferenceEquality") // this very one: another may be watched already
  private void expectNoMore(CompletableFuture<Arrival> arriving) {
    lock.lock();
    try {
      if (arrival == arriving) {
        arrival = null;
      }
    } finally {
      lock.unlock();
    }
  }

  private void recordArrived(long epoch) throws IOException {
    Journal open = open();
    if (!open.appendIf(standing -> standing.came().epoch() != epoch, new Arrived(epoch))) {
      // A restarted agent finds an arrival it had recorded before, and only lets the guest run. But
      // a record that it ran can be missing still when the guest leaves in a later migration, whose
      // "completed" looks like an arrival.
      if (!open.standing().arrivedIn(epoch)) {
        throw new IOException("it arrived before, and has left since");
      }
      return;
    }
    log.atInfo().addKeyValue("server", server).addKeyValue("epoch", epoch).log("guest arrived");
  }

  private void arrived(long epoch, Arrival told, CompletableFuture<Arrival> arriving) {
    try {
      switch (told) {
        case Arrival.Running(Guest.ArrivalStamps stamps) ->
            open()
                .appendIf(
                    s -> s.came().epoch() == epoch && !s.came().resumed(),
                    new Resumed(epoch, Stamps.of(stamps)));
        case Arrival.Failed(String reason) ->
            log.atWarn()
                .addKeyValue("server", server)
                .addKeyValue("epoch", epoch)
                .addKeyValue("reason", reason)
                .log("a guest did not arrive");
      }
    } catch (IOException | RuntimeException e) {
      // Only a time stamp is lost: that the guest is here was recorded before it ran.
      log.atWarn().addKeyValue("server", server).setCause(e).log("an arrival's time is not kept");
    }
    arriving.complete(told);
  }

  /** The arrival being watched since the agent's start, if any. */
  Optional<CompletableFuture<Arrival>> arrival() {
    lock.lock();
    try {
      return Optional.ofNullable(arrival);
    } finally {
      lock.unlock();
    }
  }

  /** Removes everything of the server, at once for whoever looks. Its QEMU must be gone. */
  void remove() throws IOException {
    moveAway(directories.trash());
    removeRest();
  }

  /** What a removal before this one could not remove. */
  void removeRest() throws IOException {
    directories.storages().remove(server);
    Durable.removeTree(directories.trash().resolve(server.toString()));
  }

  /**
   * Keeps the directory, and what it leads to in storages, under another name, for people. Its QEMU
   * must be gone.
   *
   * @throws IOException also when a copy of that name may be the last; nothing was moved then
   */
  void keep(long epoch) throws IOException {
    Path kept = directories.kept(server, epoch);
    if (KeptDisks.mayBeTheLast(kept)) {
      throw new IOException("%s may be the last copy; it is not replaced".formatted(kept));
    }
    Durable.removeTree(kept);
    lock.lock();
    try {
      forget();
      if (present()) {
        directories.storages().setAside(server, directory(), epoch);
        Files.move(directory(), kept, StandardCopyOption.ATOMIC_MOVE);
        Durable.syncDirectory(directories.kept());
        Durable.syncDirectory(directories.instances());
      }
    } finally {
      lock.unlock();
    }
  }

  private void moveAway(Path to) throws IOException {
    lock.lock();
    try {
      if (belongsToAnotherHost()) {
        throw new IOException("the directory of %s is another host's".formatted(server));
      }
      forget();
      Path target = to.resolve(server.toString());
      Durable.removeTree(target);
      if (present()) {
        Files.move(directory(), target, StandardCopyOption.ATOMIC_MOVE);
        Durable.syncDirectory(directories.instances());
      }
    } finally {
      lock.unlock();
    }
  }

  private void forget() throws IOException {
    Journal opened = journal;
    if (opened != null) {
      opened.close();
      journal = null;
    }
    Guest connected = guest;
    if (connected != null) {
      connected.close();
      guest = null;
    }
    arrival = null;
  }

  /** Lets go of journal and monitor. The guest runs on, and nothing is recorded any more. */
  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      closed = true;
      forget();
    } finally {
      lock.unlock();
    }
  }
}
