package dev.tern.agent;

import dev.tern.agent.CheckedLines.DamagedLine;
import dev.tern.agent.LedgerEntry.Ended;
import dev.tern.agent.LedgerEntry.Intended;
import dev.tern.agent.LedgerEntry.Made;
import dev.tern.agent.LedgerEntry.Opened;
import dev.tern.agent.LedgerEntry.Over;
import dev.tern.agent.LedgerEntry.Thing;
import dev.tern.contract.ServerId;
import dev.tern.contract.host.MigrationEnd;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.contract.host.ReceiptEntry.End;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/**
 * What one migration makes on this host: {@code receipts/MIGRATION}, {@link CheckedLines} of {@link
 * LedgerEntry}, on the disk before what they announce is made.
 */
final class Ledger {
  private static final Logger log = LoggerFactory.getLogger(Ledger.class);
  private static final JsonMapper JSON = new JsonMapper();
  private static final ObjectReader READER = JSON.readerFor(LedgerEntry.class);
  private static final ObjectWriter WRITER = JSON.writerFor(LedgerEntry.class);

  /** Guards the file and {@link #items}. */
  private final ReentrantLock writing = new ReentrantLock();

  private final Path path;
  private final Opened opened;
  private final Map<Integer, Item> items = new TreeMap<>();
  private long length;
  private long revision;
  private Optional<Over> over = Optional.empty();

  /** One object, and what is known of it. */
  record Item(
      int number,
      Thing thing,
      Instant intendedAt,
      Optional<Instant> madeAt,
      Optional<End> end,
      Optional<Instant> endedAt,
      Optional<String> why) {
    boolean open() {
      return end.isEmpty();
    }

    ReceiptEntry told() {
      return new ReceiptEntry(
          number, thing.kind(), thing.name(), intendedAt, madeAt, end, endedAt, why);
    }
  }

  /** What was written once cannot be read any more; nothing of it is believed. */
  static final class DamagedLedger extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedLedger(Path path, int offset, String what) {
      super("receipts/%s is damaged at byte %d: %s".formatted(path.getFileName(), offset, what));
    }
  }

  private Ledger(Path path, Opened opened) {
    this.path = path;
    this.opened = opened;
  }

  /** A new one, on the disk when this returns. */
  static Ledger create(Path path, ServerId server, long epoch) throws IOException {
    Ledger ledger = new Ledger(path, new Opened(server, epoch));
    byte[] first = line(ledger.opened);
    Durable.write(path, first);
    ledger.length = first.length;
    ledger.revision = 1;
    return ledger;
  }

  /**
   * Reads one; a torn last line announced nothing that was made, and is removed.
   *
   * @throws DamagedLedger when anything else is wrong with it; the file stays as it is
   */
  static Ledger open(Path path) throws IOException {
    CheckedLines.Read read = read(path);
    List<LedgerEntry> entries = new ArrayList<>();
    for (CheckedLines.Line line : read.lines()) {
      entries.add(entry(path, line));
    }
    if (entries.isEmpty() || !(entries.getFirst() instanceof Opened opened)) {
      throw new DamagedLedger(path, 0, "it does not say whose it is");
    }
    Ledger ledger = new Ledger(path, opened);
    for (LedgerEntry entry : entries.subList(1, entries.size())) {
      ledger.take(entry);
    }
    ledger.revision = entries.size();
    ledger.length = read.length();
    if (read.torn()) {
      log.atWarn()
          .addKeyValue("migration", path.getFileName())
          .log("an intent was cut off and nothing came of it; the torn line is removed");
      ledger.cutOff();
    }
    return ledger;
  }

  private static CheckedLines.Read read(Path path) throws IOException {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new DamagedLedger(path, 0, "it is no file");
    }
    try {
      return CheckedLines.read(Files.readAllBytes(path));
    } catch (DamagedLine e) {
      throw new DamagedLedger(path, e.offset(), String.valueOf(e.getMessage()));
    }
  }

  private static LedgerEntry entry(Path path, CheckedLines.Line line) throws DamagedLedger {
    try {
      return READER.readValue(line.content());
    } catch (JacksonException _) {
      throw new DamagedLedger(path, line.offset(), "an entry is unknown");
    }
  }

  private static byte[] line(LedgerEntry entry) {
    return CheckedLines.line(WRITER.writeValueAsBytes(entry));
  }

  private void take(LedgerEntry entry) throws DamagedLedger {
    switch (entry) {
      case Opened _ -> throw new DamagedLedger(path, 0, "it says twice whose it is");
      case Intended i ->
          items.put(
              i.number(),
              new Item(
                  i.number(),
                  i.thing(),
                  i.at(),
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty()));
      case Made m -> {
        Item was = known(m.number());
        items.put(
            m.number(),
            new Item(
                was.number(),
                was.thing(),
                was.intendedAt(),
                Optional.of(m.at()),
                was.end(),
                was.endedAt(),
                was.why()));
      }
      case Ended e -> {
        Item was = known(e.number());
        items.put(
            e.number(),
            new Item(
                was.number(),
                was.thing(),
                was.intendedAt(),
                was.madeAt(),
                Optional.of(e.end()),
                Optional.of(e.at()),
                e.why()));
      }
      // Two that contradict each other: the one by which nothing is taken back.
      case Over o ->
          over = over.filter(was -> was.end() == MigrationEnd.COMPLETED).or(() -> Optional.of(o));
    }
  }

  private Item known(int number) throws DamagedLedger {
    Item item = items.get(number);
    if (item == null) {
      throw new DamagedLedger(path, 0, "object %d was never intended".formatted(number));
    }
    return item;
  }

  /** How the migration has ended, once that is known here. */
  Optional<MigrationEnd> over() {
    writing.lock();
    try {
      return over.map(Over::end);
    } finally {
      writing.unlock();
    }
  }

  /** Whether it was known as over by then, and something is open. */
  boolean isLeftSince(Instant then) {
    writing.lock();
    try {
      return over.filter(end -> !end.at().isAfter(then)).isPresent()
          && items.values().stream().anyMatch(Item::open);
    } finally {
      writing.unlock();
    }
  }

  /** Writes down that it has ended; on the disk when this returns. */
  void over(MigrationEnd end, Instant now) throws IOException {
    writing.lock();
    try {
      if (over.isEmpty() || (over.get().end() != end && end == MigrationEnd.COMPLETED)) {
        append(List.of(new Over(end, now)));
      }
    } finally {
      writing.unlock();
    }
  }

  ServerId server() {
    return opened.server();
  }

  long epoch() {
    return opened.epoch();
  }

  /** Rises with each line. */
  long revision() {
    writing.lock();
    try {
      return revision;
    } finally {
      writing.unlock();
    }
  }

  /** All objects, in the order they were intended. */
  List<Item> items() {
    writing.lock();
    try {
      return List.copyOf(items.values());
    } finally {
      writing.unlock();
    }
  }

  /**
   * Announces those of the objects that are not announced and open already; on the disk when this
   * returns.
   *
   * @throws IOException when it cannot be written; then nothing may be made
   */
  void intend(Collection<Thing> things, Instant now) throws IOException {
    writing.lock();
    try {
      Set<Thing> open = new java.util.HashSet<>();
      items.values().stream().filter(Item::open).forEach(item -> open.add(item.thing()));
      List<LedgerEntry> news = new ArrayList<>();
      int number = items.size();
      for (Thing thing : things) {
        if (open.add(thing)) {
          news.add(new Intended(++number, thing, now));
        }
      }
      append(news);
    } finally {
      writing.unlock();
    }
  }

  /** Writes down what was seen. */
  void append(List<LedgerEntry> news) throws IOException {
    writing.lock();
    try {
      if (news.isEmpty()) {
        return;
      }
      ByteArrayOutputStream lines = new ByteArrayOutputStream();
      news.forEach(entry -> lines.writeBytes(line(entry)));
      write(lines.toByteArray());
      for (LedgerEntry entry : news) {
        take(entry);
      }
      revision += news.size();
    } finally {
      writing.unlock();
    }
  }

  private void write(byte[] lines) throws IOException {
    try (FileChannel file = channel()) {
      ByteBuffer bytes = ByteBuffer.wrap(lines);
      long at = length;
      while (bytes.hasRemaining()) {
        at += file.write(bytes, at);
      }
      file.force(false);
      length = at;
    } catch (IOException e) {
      try {
        cutOff();
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  private void cutOff() throws IOException {
    try (FileChannel file = channel()) {
      file.truncate(length);
      file.force(true);
    }
  }

  private FileChannel channel() throws IOException {
    return FileChannel.open(path, Set.of(StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
  }
}
