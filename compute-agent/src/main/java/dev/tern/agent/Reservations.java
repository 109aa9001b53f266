package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.virt.DiskImages;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The room on this host's disks that is promised to servers on their way here: {@code
 * reserved/SERVER}, durable before the promise is made. What a server has written since counts no
 * longer as promised, because the file system counts it.
 */
final class Reservations {
  private static final Logger log = LoggerFactory.getLogger(Reservations.class);
  private static final int COUNTS = 10;
  private static final JsonMapper JSON = new JsonMapper();

  private final HostName host;
  private final StorageRoom storages;
  private final HostDirectories directories;
  private final DiskImages images;
  private final HostFigures figures;
  private final AgentSettings settings;
  private final Clock clock;

  /** Guards {@link #all} and its files: whether there is room is judged and promised as one. */
  private final ReentrantLock promising = new ReentrantLock();

  private final Map<ServerId, Reservation> all = new LinkedHashMap<>();

  Reservations(
      HostName host,
      HostDirectories directories,
      DiskImages images,
      HostFigures figures,
      AgentSettings settings,
      Clock clock) {
    this.host = host;
    this.storages = new StorageRoom(host, directories.storages(), figures, settings);
    this.directories = directories;
    this.images = images;
    this.figures = figures;
    this.settings = settings;
    this.clock = clock;
  }

  /**
   * @param needed bytes asked for, margin included
   * @param available bytes nobody uses, reserves or keeps back
   */
  record Room(long needed, long available) {}

  /**
   * Whether there would be room now. Reserves nothing.
   *
   * @param layers bytes of each file in {@code _base} that is needed; those that are there take
   *     none
   * @return of the file system of the instances
   * @throws ComputeException DESTINATION_LACKS_DISK with what is needed, available, and promised to
   *     whom
   */
  Room check(Header header, DiskNeeds needs, Map<String, Long> layers)
      throws IOException, VirtException {
    promising.lock();
    try {
      return judge(wanted(header, needs, layers));
    } finally {
      promising.unlock();
    }
  }

  /**
   * As {@link #check}, and reserves; of the layers, those that are there stay there. Whatever an
   * older epoch of the server had reserved is void.
   */
  Room take(Header header, DiskNeeds needs, Map<String, Long> layers)
      throws IOException, VirtException {
    promising.lock();
    try {
      Reservation wanted = wanted(header, needs, layers);
      Room room = judge(wanted);
      keep(wanted);
      return room;
    } finally {
      promising.unlock();
    }
  }

  /** As {@link #take}, for so many bytes beside what is in the server's directory already. */
  Room takeBeside(Header header, long bytes) throws IOException, VirtException {
    long there = written(directories.instance(header.server()));
    return take(header, DiskNeeds.own(Math.addExact(bytes, there)), Map.of());
  }

  private Reservation wanted(Header header, DiskNeeds needs, Map<String, Long> layers) {
    DiskNeeds all = needs.with(settings.diskMargin().toBytes());
    return Reservation.of(header, all, layers, clock.instant());
  }

  /**
   * Passes when so many bytes, and the margin, are free and promised to nobody.
   *
   * @throws ComputeException HOST_DISK_FULL otherwise
   */
  void requireFree(long bytes) throws IOException, VirtException {
    promising.lock();
    try {
      Map<Reservation, Long> all = outstanding(null);
      long promised = all.values().stream().mapToLong(Long::longValue).sum();
      long free = figures.diskFreeBytes() - settings.diskReserve().toBytes();
      long needed = Math.addExact(bytes, settings.diskMargin().toBytes());
      if (needed > free - promised) {
        throw full(
            ErrorCode.HOST_DISK_FULL,
            "Host %s has too little disk: %d bytes available, %d needed"
                .formatted(host, Math.max(0, free - promised), needed),
            all);
      }
    } finally {
      promising.unlock();
    }
  }

  /** Reserves for one more layer, found to be needed: it stays if it is there. */
  void extend(Header header, String layer, long bytes) throws IOException, VirtException {
    promising.lock();
    try {
      Reservation before = all.get(header.server());
      if (before == null || before.epoch() != header.epoch()) {
        before = wanted(header, DiskNeeds.own(0), Map.of());
      }
      Reservation more = before.with(layer, bytes);
      if (!Files.exists(directories.bases().resolve(layer), LinkOption.NOFOLLOW_LINKS)) {
        judge(more);
      }
      if (!more.equals(before)) {
        keep(more);
      }
    } finally {
      promising.unlock();
    }
  }

  /** Whether the server has reserved in this epoch. */
  boolean has(Header header) {
    promising.lock();
    try {
      Reservation there = all.get(header.server());
      return there != null && there.epoch() == header.epoch();
    } finally {
      promising.unlock();
    }
  }

  /** Gives up what was reserved in this epoch or before. Harmless when nothing was. */
  void release(ServerId server, long epoch) throws IOException {
    promising.lock();
    try {
      Reservation there = all.get(server);
      if (there != null && there.epoch() <= epoch) {
        Files.deleteIfExists(file(server));
        Durable.syncDirectory(directories.reserved());
        all.remove(server);
      }
    } finally {
      promising.unlock();
    }
  }

  /** Bytes promised and not written yet, of everybody. */
  long outstanding() throws IOException, VirtException {
    promising.lock();
    try {
      return outstanding(null).values().stream().mapToLong(Long::longValue).sum();
    } finally {
      promising.unlock();
    }
  }

  /** What is done while nobody reserves or gives up. */
  @FunctionalInterface
  interface Meanwhile<T> {
    T run(Set<String> layers) throws IOException;
  }

  /**
   * Runs it while nobody reserves or gives up, told of the files in {@code _base} that servers on
   * their way here need, whether they are there or not.
   */
  <T> T whileNobodyReserves(Meanwhile<T> meanwhile) throws IOException {
    promising.lock();
    try {
      return meanwhile.run(
          all.values().stream()
              .flatMap(reservation -> reservation.layers().keySet().stream())
              .collect(Collectors.toSet()));
    } finally {
      promising.unlock();
    }
  }

  private Room judge(Reservation wanted) throws IOException, VirtException {
    Set<String> counted = new HashSet<>();
    Map<Reservation, Long> others = outstanding(wanted.server());
    others.keySet().forEach(other -> counted.addAll(other.layers().keySet()));
    long promised = others.values().stream().mapToLong(Long::longValue).sum();
    long needed = unwritten(wanted, counted);
    long free = figures.diskFreeBytes() - settings.diskReserve().toBytes();
    long available = Math.max(0, free - promised);
    if (needed > available) {
      throw wanted.migration().isEmpty()
          ? full(
              ErrorCode.HOST_DISK_FULL,
              "Host %s has too little disk: %d bytes available, %d needed"
                  .formatted(host, available, needed),
              others)
          : full(
              ErrorCode.DESTINATION_LACKS_DISK,
              "Disk of instance is too large (available on destination host %s: %d < need: %d bytes)"
                  .formatted(host, available, needed),
              others);
    }
    storages.require(wanted, others.keySet(), this::written);
    return new Room(needed, available);
  }

  private static ComputeException full(ErrorCode code, String what, Map<Reservation, Long> others) {
    return new ComputeException(code, what + Reservation.promisedTo(others) + ".", null);
  }

  /** What each has left to write; a layer that several need is the first one's to count. */
  private Map<Reservation, Long> outstanding(@Nullable ServerId but)
      throws IOException, VirtException {
    dropForgotten();
    Map<Reservation, Long> left = new LinkedHashMap<>();
    Set<String> counted = new HashSet<>();
    for (Reservation one : all.values()) {
      if (!one.server().equals(but)) {
        left.put(one, unwritten(one, counted));
      }
    }
    return left;
  }

  private long unwritten(Reservation one, Set<String> counted) throws IOException, VirtException {
    long bytes = Math.max(0, one.diskBytes() - written(directories.instance(one.server())));
    for (Map.Entry<String, Long> layer : one.layers().entrySet()) {
      Path whole = directories.bases().resolve(layer.getKey());
      if (counted.add(layer.getKey()) && !Files.exists(whole, LinkOption.NOFOLLOW_LINKS)) {
        Path partial = directories.receiving().resolve(one.server().toString());
        bytes += Math.max(0, layer.getValue() - written(partial.resolve(layer.getKey())));
      }
    }
    return bytes;
  }

  /** A server may be removed while its files are counted: then the rest is counted anew. */
  private long written(Path place) throws VirtException {
    for (int left = COUNTS; Files.exists(place, LinkOption.NOFOLLOW_LINKS); left--) {
      try {
        return images.allocatedBytes(place);
      } catch (VirtException e) {
        if (left <= 1) {
          throw e;
        }
        log.atDebug().addKeyValue("place", place.getFileName()).setCause(e).log("counted again");
      }
    }
    return 0;
  }

  /**
   * A reservation whose release was lost with its host's silence would stay for ever: one that
   * nothing came of for so long is given up. Who comes after all reserves anew.
   */
  private void dropForgotten() throws IOException {
    Duration age = settings.reservationAge();
    List<Reservation> forgotten =
        all.values().stream()
            .filter(one -> one.since().plus(age).isBefore(clock.instant()))
            .filter(one -> !Files.exists(directories.instance(one.server())))
            .toList();
    for (Reservation one : forgotten) {
      log.atWarn()
          .addKeyValue("server", one.server())
          .addKeyValue("migration", one.migration())
          .addKeyValue("since", one.since())
          .log("room was reserved and never used; it is given up");
      release(one.server(), one.epoch());
    }
  }

  private void keep(Reservation reservation) throws IOException {
    Durable.write(file(reservation.server()), JSON.writeValueAsBytes(reservation));
    all.put(reservation.server(), reservation);
  }

  private Path file(ServerId server) {
    return directories.reserved().resolve(server.toString());
  }

  /** Takes up what agents before this one had promised. */
  void takeUp() throws IOException {
    promising.lock();
    try (Stream<Path> files = Files.list(directories.reserved())) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (!StockFiles.isServers(file.getFileName().toString())) {
          log.atWarn().addKeyValue("file", file.getFileName()).log("not a reservation; left alone");
          continue;
        }
        Optional<Reservation> found = read(file);
        if (found.isPresent() && file.endsWith(found.get().server().toString())) {
          all.put(found.get().server(), found.get());
        } else {
          // Only the half of a write that was never acknowledged looks so.
          log.atWarn().addKeyValue("file", file.getFileName()).log("not a reservation; removed");
          Files.deleteIfExists(file);
        }
      }
    } finally {
      promising.unlock();
    }
  }

  private static Optional<Reservation> read(Path file) throws IOException {
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(file), Reservation.class));
    } catch (JacksonException e) {
      log.atWarn().addKeyValue("file", file.getFileName()).setCause(e).log("unreadable");
      return Optional.empty();
    }
  }

  /** Servers that have reserved, of whatever epoch. */
  List<Reservation> present() {
    promising.lock();
    try {
      return new ArrayList<>(all.values());
    } finally {
      promising.unlock();
    }
  }
}
