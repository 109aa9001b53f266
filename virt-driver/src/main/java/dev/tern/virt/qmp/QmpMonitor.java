package dev.tern.virt.qmp;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * One connection to a QEMU's monitor, for any number of threads. A command that did not return was
 * refused, has no answer, or its QEMU is gone; an answer that comes after its deadline is dropped
 * by its id and hurts nobody.
 *
 * <p>QEMU queues eight commands of a client and then reads no more from it, out-of-band ones
 * neither. So that these always pass a main loop that is held, no more than six others are on their
 * way: one that finds no room within its deadline is not sent.
 *
 * <p>One thread reads, one writes: a channel closes for good when a thread that works on it is
 * interrupted, and who cancels a piece of work does not mean the connection.
 */
public final class QmpMonitor implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(QmpMonitor.class);
  private static final int ON_THEIR_WAY = 6;

  private final SocketChannel channel;
  private final QmpDeadlines deadlines;
  private final AtomicLong ids = new AtomicLong();
  private final Map<Long, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
  private final Set<QmpEvents> readers = ConcurrentHashMap.newKeySet();
  private final CompletableFuture<JsonNode> greeting = new CompletableFuture<>();
  private final CompletableFuture<VirtException> ended = new CompletableFuture<>();
  private final BlockingQueue<String> outgoing = new LinkedBlockingQueue<>();
  private final Semaphore room = new Semaphore(ON_THEIR_WAY);
  private final Set<Long> inTurn = ConcurrentHashMap.newKeySet(); // those that took of the room
  private volatile boolean outOfBand;

  private QmpMonitor(SocketChannel channel, QmpDeadlines deadlines) {
    this.channel = channel;
    this.deadlines = deadlines;
  }

  /**
   * Connects and negotiates.
   *
   * @throws VirtException {@code GONE} when nothing listens, {@code NO_ANSWER} when QEMU does not
   *     greet within {@code patience}: another client may have the socket
   */
  public static QmpMonitor connect(Path socket, QmpDeadlines deadlines, Duration patience)
      throws VirtException {
    SocketChannel channel;
    try {
      channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      throw new VirtException(Kind.GONE, "No monitor listens on %s.".formatted(socket), e);
    }
    QmpMonitor monitor = new QmpMonitor(channel, deadlines);
    Thread.ofVirtual().name("qmp-" + socket.getFileName()).start(monitor::read);
    Thread writer = Thread.ofVirtual().name("qmp-to-" + socket.getFileName()).start(monitor::write);
    monitor.onEnd(why -> writer.interrupt());
    try {
      monitor.negotiate(patience);
      return monitor;
    } catch (VirtException e) {
      monitor.close();
      throw e;
    }
  }

  private void negotiate(Duration patience) throws VirtException {
    JsonNode hello = result(greeting, "greeting", patience);
    boolean oob = false;
    for (JsonNode capability : hello.path("capabilities")) {
      oob |= capability.asString("").equals("oob");
    }
    result(
        send(new Commands.QmpCapabilities(oob ? List.of("oob") : List.of())),
        "qmp_capabilities",
        patience);
    outOfBand = oob;
  }

  /** Sends a command and waits for what QEMU returns, at most as long as its class allows. */
  public <R> R call(QmpCommand<R> command) throws VirtException {
    return await(submit(command));
  }

  /** As {@link #call(QmpCommand)}, with a patience of its own. */
  public <R> R call(QmpCommand<R> command, Duration patience) throws VirtException {
    return await(submit(command), patience);
  }

  /** Sends a command without waiting; {@link #await} collects. */
  public <R> Pending<R> submit(QmpCommand<R> command) throws VirtException {
    return new Pending<>(command, send(command));
  }

  /** Waits for the answer to a command sent earlier. */
  public <R> R await(Pending<R> pending) throws VirtException {
    return await(pending, deadlines.of(pending.command().pace()));
  }

  @SuppressWarnings({
    "unchecked",
    "NullAway"
  }) // Only a command of Void returns null, to callers that ignore it.
  private <R> R await(Pending<R> pending, Duration patience) throws VirtException {
    QmpCommand<R> command = pending.command();
    JsonNode returned = result(pending.answer(), command.command(), patience);
    try {
      return QmpJson.answer(command, returned);
    } catch (JacksonException e) {
      throw new VirtException(
          Kind.NO_ANSWER,
          "QEMU's answer to %s does not have the expected shape.".formatted(command.command()),
          e);
    }
  }

  /** A command on its way. */
  public record Pending<R>(QmpCommand<R> command, CompletableFuture<JsonNode> answer) {}

  /** Events from now on. */
  public QmpEvents events() {
    return events(event -> {});
  }

  /**
   * Events from now on; {@code note} sees each of them as it comes in, before its reader does, and
   * must not wait for anything.
   */
  public QmpEvents events(Consumer<QmpEvent> note) {
    QmpEvents events = new QmpEvents(note, readers::remove, () -> ended.getNow(null));
    readers.add(events);
    if (ended.isDone()) {
      events.end();
    }
    return events;
  }

  /** Runs {@code listener} once, with the reason, when the connection ends for whatever reason. */
  public void onEnd(Consumer<VirtException> listener) {
    var _ = ended.thenAccept(listener);
  }

  /** Whether the connection is over: no question will be answered any more. */
  public boolean hasEnded() {
    return ended.isDone();
  }

  private CompletableFuture<JsonNode> send(QmpCommand<?> command) throws VirtException {
    boolean past = outOfBand && command.outOfBand();
    if (!past) {
      takeRoom(command);
    }
    long id = ids.incrementAndGet();
    if (!past) {
      inTurn.add(id);
    }
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    var _ = answer.whenComplete((a, e) -> waiting.remove(id));
    outgoing.add(QmpJson.request(command, id, past) + "\n");
    VirtException why = ended.getNow(null);
    if (why != null) {
      answer.completeExceptionally(why);
    }
    return answer;
  }

  private void takeRoom(QmpCommand<?> command) throws VirtException {
    if (room.tryAcquire()) {
      return;
    }
    Duration patience = deadlines.of(command.pace());
    try {
      if (room.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new VirtException(
        Kind.NO_ANSWER,
        "%s was not sent: QEMU has answered none of %d commands before it within %d ms."
            .formatted(command.command(), ON_THEIR_WAY, patience.toMillis()),
        null);
  }

  private void write() {
    try {
      while (channel.isOpen()) {
        ByteBuffer bytes = ByteBuffer.wrap(outgoing.take().getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
    } catch (IOException e) {
      end(new VirtException(Kind.GONE, "QEMU is gone: its monitor takes no more commands.", e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // by the end of the connection
    }
  }

  private static JsonNode result(
      CompletableFuture<JsonNode> answer, String command, Duration patience) throws VirtException {
    try {
      return answer.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      answer.cancel(false);
      throw new VirtException(
          Kind.NO_ANSWER,
          "QEMU did not answer %s within %d ms.".formatted(command, patience.toMillis()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VirtException(
          Kind.NO_ANSWER,
          "The wait for QEMU's answer to %s was interrupted.".formatted(command),
          e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof VirtException known) {
        throw new VirtException(known);
      }
      throw new VirtException(Kind.NO_ANSWER, "The monitor failed.", e);
    }
  }

  private void read() {
    VirtException why;
    try {
      QmpLines lines = new QmpLines(channel);
      for (JsonNode message = lines.next(); message != null; message = lines.next()) {
        take(message);
      }
      why = new VirtException(Kind.GONE, "QEMU closed its monitor: it has ended.", null);
    } catch (IOException e) {
      why =
          channel.isOpen()
              ? new VirtException(Kind.GONE, "QEMU's monitor broke: it has ended.", e)
              : new VirtException(Kind.NO_ANSWER, "The monitor was closed here.", e);
    } catch (QmpLines.NotQmp e) {
      why = new VirtException(Kind.NO_ANSWER, "The monitor does not speak QMP.", e);
    } catch (RuntimeException e) {
      // Nobody would read on, and who waits would wait to its deadline, again and again.
      why = new VirtException(Kind.NO_ANSWER, "What the monitor said could not be taken.", e);
    }
    end(why);
  }

  private void take(JsonNode message) {
    if (message.has("QMP")) {
      greeting.complete(message.path("QMP"));
    } else if (message.has("event")) {
      QmpEvent event =
          new QmpEvent(
              message.path("event").asString(""),
              message.path("data"),
              stamp(message.path("timestamp")));
      readers.forEach(reader -> reader.add(event));
    } else {
      long id = message.path("id").asLong(-1);
      if (inTurn.remove(id)) {
        room.release();
      }
      CompletableFuture<JsonNode> answer = waiting.remove(id);
      if (answer == null) {
        log.atDebug().log("late answer from QEMU dropped");
      } else if (message.has("error")) {
        answer.completeExceptionally(
            new VirtException(
                Kind.REFUSED,
                message.path("error").path("desc").asString("no reason given"),
                null));
      } else {
        answer.complete(message.path("return"));
      }
    }
  }

  /** A time that cannot be is the epoch, as a missing one is. */
  private static Instant stamp(JsonNode timestamp) {
    try {
      return Instant.EPOCH
          .plusSeconds(timestamp.path("seconds").asLong(0))
          .plus(timestamp.path("microseconds").asLong(0), ChronoUnit.MICROS);
    } catch (DateTimeException | ArithmeticException e) {
      log.atDebug().setCause(e).log("an event has no possible time");
      return Instant.EPOCH;
    }
  }

  /** The first reason counts. */
  private void end(VirtException given) {
    // Before the socket is closed: whoever reads or writes it would take that for a close of ours,
    // and say that a QEMU which is gone has not answered.
    boolean first = ended.complete(given);
    VirtException why = ended.getNow(given);
    try {
      channel.close();
    } catch (IOException e) {
      log.atDebug().setCause(e).log("monitor socket did not close");
    }
    if (first) {
      room.release(Integer.MAX_VALUE / 2); // who waits for it learns that it has ended
    }
    greeting.completeExceptionally(why);
    waiting.values().forEach(answer -> answer.completeExceptionally(why));
    readers.forEach(QmpEvents::end);
  }

  /** Closes the connection; QEMU goes on. */
  @Override
  public void close() {
    end(new VirtException(Kind.NO_ANSWER, "The monitor was closed here.", null));
  }
}
