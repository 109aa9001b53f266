package dev.tern.virt.fake;

import dev.tern.virt.Guest.RunState;
import dev.tern.virt.HypervisorProcess;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LayerTransfer.Endpoint;
import dev.tern.virt.LayerTransfer.Target;
import dev.tern.virt.MigrationObjects;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Where simulated QEMU processes live: like real ones they outlive the driver, so that a new driver
 * on the same world adopts them, and two drivers on one world can move guests to each other.
 */
public final class FakeWorld {
  private final Map<Path, FakeProcess> processes = new ConcurrentHashMap<>();

  /** What is left to copy of disks, in their files. */
  final FakeLedgers.Stored ledgers = new FakeLedgers.Stored();

  private final Map<String, Fault> faults = new ConcurrentHashMap<>();
  private volatile Sending sending = (_, _) -> {};
  private final List<String> violations = new CopyOnWriteArrayList<>();
  private final Map<Path, FakeReceiver> receivers = new ConcurrentHashMap<>();
  private final Map<String, Long> volumes = new ConcurrentHashMap<>();
  private final Map<Path, List<String>> lacking = new ConcurrentHashMap<>();
  private final AtomicLong pids = new AtomicLong(1000);
  private final Map<String, Long> acknowledged = new ConcurrentHashMap<>();
  private final Map<Path, Long> left = new ConcurrentHashMap<>();
  private final Set<Path> describing = ConcurrentHashMap.newKeySet();

  private final FakeCourse course;

  /** Nothing takes time in it. */
  public FakeWorld() {
    this(FakeCourse.AT_ONCE);
  }

  public FakeWorld(FakeCourse course) {
    this.course = course;
  }

  FakeCourse course() {
    return course;
  }

  private record Fault(Kind kind, boolean afterEffect) {}

  /**
   * The next call of a driver's or guest's method of that name has no effect and fails so. A {@code
   * GONE} also ends the process.
   */
  public void failNext(String method, Kind kind) {
    faults.put(method, new Fault(kind, false));
  }

  /** The next call of that method has its effect and then fails with {@code NO_ANSWER}. */
  public void loseNextAnswer(String method) {
    faults.put(method, new Fault(Kind.NO_ANSWER, true));
  }

  /** The QEMU of an instance directory is one that does not know these commands. */
  public void lacks(Path instance, List<String> commands) {
    lacking.put(key(instance), List.copyOf(commands));
  }

  /** The QEMU of an instance directory is one that always describes its stream behind its end. */
  public void alwaysDescribes(Path instance) {
    describing.add(key(instance));
  }

  boolean canSuppressVmdesc(Path instance) {
    return !describing.contains(key(instance));
  }

  /**
   * Whether the QEMU of an instance directory ends its streams with the last byte that is needed,
   * and expects those that come in to.
   */
  public boolean suppressesVmdesc(Path instance) {
    return at(instance).map(process -> process.suppressVmdesc).orElse(false);
  }

  List<String> lacking(Path instance) {
    return lacking.getOrDefault(key(instance), List.of());
  }

  /** Ends the process in an instance directory as SIGKILL would. */
  public void kill(Path instance) {
    FakeProcess process = processes.get(key(instance));
    if (process != null) {
      process.die();
    }
  }

  /** A tool that lets files of a directory be written. */
  record FakeReceiver(Endpoint listens, Map<String, String> exports, Optional<StreamKey> key) {}

  /** False when somebody listens there already. */
  boolean receive(Path directory, FakeReceiver receiver) {
    boolean taken =
        listeningOn(receiver.listens().address(), receiver.listens().port()).isPresent()
            || receivers.values().stream().anyMatch(r -> r.listens().equals(receiver.listens()));
    if (!taken) {
      receivers.put(key(directory), receiver);
    }
    return !taken;
  }

  Optional<FakeReceiver> receiver(Path directory) {
    return Optional.ofNullable(receivers.get(key(directory)));
  }

  /** The file behind an export of a live receiver, for who has its key. */
  Optional<Path> received(Target to) {
    return receivers.entrySet().stream()
        .filter(r -> r.getValue().listens().equals(to.at()))
        .filter(r -> r.getValue().key().equals(to.key()))
        .flatMap(r ->
            r.getValue().exports().entrySet().stream()
                .filter(e -> e.getValue().equals(to.export()))
                .map(e -> r.getKey().resolve(e.getKey())))
        .findAny();
  }

  /** Ends the tool that receives into a directory, as SIGKILL would. */
  public void killReceiver(Path directory) {
    receivers.remove(key(directory));
  }

  /** From now on, or until 0 bytes are told, a volume is served there. */
  public void serve(String host, int port, String export, long bytes) {
    volumes.put("%s %d %s".formatted(host, port, export), bytes);
  }

  long volume(String host, int port, String export) throws VirtException {
    long bytes = volumes.getOrDefault("%s %d %s".formatted(host, port, export), 0L);
    if (bytes == 0) {
      throw new VirtException(
          Kind.REFUSED,
          "The volume nbd://%s:%d/%s cannot be reached: nobody serves it."
              .formatted(host, port, export),
          null);
    }
    return bytes;
  }

  /** Instance directories with a live process. */
  public List<Path> running() {
    return processes.entrySet().stream()
        .filter(e -> e.getValue().alive())
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  /** Instance directories with a process that runs its guest's processors. */
  public List<Path> runners() {
    return processes.entrySet().stream()
        .filter(e -> e.getValue().runs())
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  /** Each time two processes ran one server's guest, which must never be. */
  public List<String> violations() {
    return List.copyOf(violations);
  }

  List<HypervisorProcess> below(Path directory) {
    Path above = key(directory);
    return processes.entrySet().stream()
        .filter(e -> e.getValue().alive() && e.getKey().startsWith(above))
        .map(e ->
            new HypervisorProcess(
                e.getValue().pid(), Set.of(above.relativize(e.getKey())), Optional.empty()))
        .sorted(Comparator.comparingLong(HypervisorProcess::pid))
        .toList();
  }

  /** Starts a process that no agent knows of, as of a directory; tells its pid. */
  public long stray(Path instance, LaunchRecipe recipe) {
    FakeProcess process = new FakeProcess(recipe, nextPid(), RunState.PAUSED);
    start(instance, process);
    return process.pid();
  }

  Optional<FakeProcess> at(Path instance) {
    return Optional.ofNullable(processes.get(key(instance))).filter(FakeProcess::alive);
  }

  Optional<FakeProcess> listeningOn(String address, int port) {
    return processes.values().stream()
        .filter(p -> p.alive() && p.listensOn(address, port))
        .findAny();
  }

  /** Mirrors of live processes that go to this one. */
  int mirrorsTo(FakeProcess target) {
    return (int)
        processes.values().stream()
            .filter(FakeProcess::alive)
            .flatMap(p -> p.mirrors.values().stream())
            .filter(target::equals)
            .count();
  }

  /** The file system below an instance directory is full: its guest stops at its next write. */
  public void fill(Path instance) {
    FakeProcess process =
        Objects.requireNonNull(processes.get(key(instance)), "nothing runs there");
    process.noRoom = true;
    process.state = RunState.IO_ERROR;
  }

  /** There is room again; QEMU does not look for that by itself. */
  public void makeRoom(Path instance) {
    Objects.requireNonNull(processes.get(key(instance)), "nothing runs there").noRoom = false;
  }

  void start(Path instance, FakeProcess process) {
    long written = writtenAt(instance);
    processes.put(key(instance), process);
    ledgers.open(process, instance);
    if (process.runs()) {
      process.written = Math.max(0, written);
      runs(process);
    }
  }

  void forget(Path instance, FakeProcess process) {
    if (process.hasAll) {
      left.put(key(instance), process.written);
    } else if (process.endpoints != null) {
      left.remove(key(instance)); // Mirrors may have written into its disks.
    }
    processes.remove(key(instance), process);
  }

  /** A driver is told to end this QEMU. */
  void ends(FakeProcess process) {
    FakeProcess to = process.sendsTo;
    if (to != null && to.runs() && FakePostCopy.isNeeded(to, process)) {
      violations.add(
          "a QEMU was ended that had memory which the guest of %s needs"
              .formatted(process.serverId()));
    }
  }

  void checkOneRunner(String serverId) {
    long running =
        processes.values().stream().filter(p -> p.serverId().equals(serverId) && p.runs()).count();
    if (running > 1) {
      violations.add("%d processes run the guest of %s".formatted(running, serverId));
    }
  }

  /** A guest runs from here on: nobody else runs it, and it has all that it ever wrote. */
  void runs(FakeProcess process) {
    process.hasAll = true;
    checkOneRunner(process.serverId());
    long written = acknowledged.getOrDefault(process.serverId(), 0L);
    if (process.written < written) {
      violations.add(
          "a guest of %s runs that has %d of %d acknowledged writes"
              .formatted(process.serverId(), process.written, written));
    }
  }

  /** All guests that run write something, and are told that it is on their disks. */
  public void write() {
    for (FakeProcess process : processes.values()) {
      if (process.runs() && !FakePostCopy.stands(process)) {
        process.written = acknowledged.merge(process.serverId(), 1L, Long::sum);
      }
    }
  }

  /**
   * How much of what its guest wrote is on the disks in a directory: of a guest that runs, stands
   * or has run there; -1 when there was none. Whoever deletes the last directory with all of it
   * loses the guest.
   */
  public long writtenAt(Path instance) {
    FakeProcess process = processes.get(key(instance));
    if (process != null && process.hasAll) {
      return process.written;
    }
    return left.getOrDefault(key(instance), -1L);
  }

  /** How many writes of its guest a server's user was told to be safe. */
  public long acknowledged(String serverId) {
    return acknowledged.getOrDefault(serverId, 0L);
  }

  /**
   * A host with writes that nobody else has is given up: from now on what is in this directory is
   * all that a server's user counts on.
   */
  public void accept(String serverId, Path instance) {
    acknowledged.computeIfPresent(serverId, (_, all) -> Math.min(all, writtenAt(instance)));
  }

  /** The state of the QEMU in a directory; empty when there is none. */
  public Optional<RunState> stateAt(Path instance) {
    return at(instance).map(process -> process.state);
  }

  /** What migrations made in the QEMU of a directory and is there still. */
  public Optional<MigrationObjects> objectsAt(Path instance) {
    return at(instance).map(FakeObjects::of);
  }

  Optional<Path> directoryOf(FakeProcess process) {
    return processes.entrySet().stream()
        .filter(e -> e.getValue().equals(process))
        .map(Map.Entry::getKey)
        .findAny();
  }

  boolean reaches(Path from, FakeProcess to) {
    Optional<Path> there = directoryOf(to);
    return to.alive() && there.isPresent() && course.linked(key(from), there.get());
  }

  /** Streams between two QEMUs break: what is half sent will not arrive. */
  public void linkBroke() {
    processes.forEach((directory, process) -> {
      FakeProcess to = process.sendsTo;
      if (to != null && process.alive() && !reaches(directory, to)) {
        FakeStream.broke(this, process, to);
      }
    });
  }

  long nextPid() {
    return pids.incrementAndGet();
  }

  /** Called before each portion of a file that is sent, with the rate it goes at. */
  public interface Sending {
    void portion(long bytesPerSecond, long at) throws InterruptedException;
  }

  public void whileSending(Sending now) {
    sending = now;
  }

  void sends(long bytesPerSecond, long at) throws InterruptedException {
    sending.portion(bytesPerSecond, at);
  }

  void before(String method) throws VirtException {
    Fault fault = faults.get(method);
    if (fault != null && !fault.afterEffect() && faults.remove(method, fault)) {
      throw new VirtException(fault.kind(), "Injected: %s.".formatted(method), null);
    }
  }

  void after(String method) throws VirtException {
    Fault fault = faults.get(method);
    if (fault != null && fault.afterEffect() && faults.remove(method, fault)) {
      throw new VirtException(
          fault.kind(), "Injected: the answer to %s is lost.".formatted(method), null);
    }
  }

  private static Path key(Path instance) {
    return instance.toAbsolutePath().normalize();
  }
}
