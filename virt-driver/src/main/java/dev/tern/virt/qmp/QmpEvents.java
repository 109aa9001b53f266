package dev.tern.virt.qmp;

import dev.tern.virt.VirtException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Events since this object was made, for one reader. A reader that falls far behind loses the
 * oldest, which is why every wait for an event also looks at the state itself now and then.
 */
public final class QmpEvents implements AutoCloseable {
  private static final int KEPT = 1024;
  private static final QmpEvent END =
      new QmpEvent("", JsonNodeFactory.instance.objectNode(), java.time.Instant.EPOCH);

  private final BlockingQueue<QmpEvent> queue = new ArrayBlockingQueue<>(KEPT);
  private final Consumer<QmpEvent> note;
  private final Consumer<QmpEvents> forget;
  private final Supplier<@Nullable VirtException> end;

  QmpEvents(
      Consumer<QmpEvent> note, Consumer<QmpEvents> forget, Supplier<@Nullable VirtException> end) {
    this.note = note;
    this.forget = forget;
    this.end = end;
  }

  void add(QmpEvent event) {
    note.accept(event);
    while (!queue.offer(event)) {
      queue.poll();
    }
  }

  void end() {
    add(END);
  }

  /**
   * The next event, or empty when none came within {@code patience}.
   *
   * @throws VirtException when the connection has ended and all its events are read
   */
  @SuppressWarnings("ReferenceEquality") // QEMU may say what equals the mark.
  public Optional<QmpEvent> next(Duration patience) throws VirtException, InterruptedException {
    QmpEvent event = queue.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
    if (event == END) {
      end();
      VirtException why = end.get();
      if (why != null) {
        throw new VirtException(why);
      }
    }
    return Optional.ofNullable(event);
  }

  @Override
  public void close() {
    forget.accept(this);
  }
}
