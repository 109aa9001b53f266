package dev.tern.contract.amqp;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import dev.tern.contract.amqp.Asked.Answered;
import dev.tern.contract.amqp.Asked.Cause;
import dev.tern.contract.amqp.Asked.NoAnswer;
import dev.tern.contract.tracing.TraceHeader;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;

/**
 * Short questions with a deadline, over RabbitMQ's direct reply-to. All questions of a process
 * share one channel, whatever their number; Spring's template takes a channel for each that is
 * open, and a connection has 2,047.
 */
public final class Ask implements AutoCloseable {
  /** In a reply without content: why the question was not understood. */
  static final String REFUSED = "x-tern-refused";

  private static final String REPLY_TO = "amq.rabbitmq.reply-to";
  private static final Logger log = LoggerFactory.getLogger(Ask.class);

  private final ConnectionFactory connections;
  private final AtomicLong questions = new AtomicLong();

  /** Guards {@link #line}: the opening of a channel, not its use. */
  private final ReentrantLock opening = new ReentrantLock();

  private @Nullable Line line;

  /**
   * @param connections connected at the first question
   */
  public Ask(ConnectionFactory connections) {
    this.connections = connections;
  }

  /**
   * Asks whoever listens to the queue and waits. Returns {@link NoAnswer} at once when no such
   * queue exists or the broker cannot be reached, and after {@code deadline} at the latest; the
   * broker drops a question that nobody took by then. A broker that has not confirmed the question
   * by then counts as away: it may be held, or refuse to take messages.
   *
   * @throws InterruptedException when the caller is told to stop; the question may be answered all
   *     the same, unheard
   */
  public <R, A> Asked<A> ask(
      String queue, Class<R> requests, R request, Class<A> answers, Duration deadline)
      throws InterruptedException {
    byte[] body = Wire.write(requests, request);
    String id = Long.toString(questions.incrementAndGet());
    Line open;
    try {
      open = line();
    } catch (AmqpException | IOException e) {
      return new NoAnswer<>("the broker cannot be reached: " + e.getMessage(), Cause.NO_BROKER);
    }
    CompletableFuture<Reply> reply = open.expect(id);
    try {
      open.send(queue, id, body, deadline);
      return read(reply.get(deadline.toMillis(), TimeUnit.MILLISECONDS), answers);
    } catch (IOException | ShutdownSignalException e) {
      return new NoAnswer<>(
          "the connection to the broker broke: " + e.getMessage(), Cause.NO_BROKER);
    } catch (TimeoutException _) {
      return open.taken(id)
          ? new NoAnswer<>("no answer within " + deadline)
          : new NoAnswer<>("the broker took no question within " + deadline, Cause.NO_BROKER);
    } catch (ExecutionException e) {
      throw new IllegalStateException("replies never complete exceptionally", e);
    } finally {
      open.forget(id);
    }
  }

  private static <A> Asked<A> read(Reply reply, Class<A> answers) {
    return switch (reply) {
      case Reply.Came(byte[] body) -> {
        try {
          yield new Answered<>(Wire.read(answers, body));
        } catch (MalformedMessageException e) {
          log.atWarn().setCause(e).log("an answer could not be read");
          yield new NoAnswer<>(
              "the answer could not be read: " + e.getMessage(), Cause.NOT_UNDERSTOOD);
        }
      }
      case Reply.None(String reason, Cause cause) -> new NoAnswer<>(reason, cause);
    };
  }

  private Line line() throws IOException {
    opening.lock();
    try {
      Line now = line;
      if (now == null || !now.channel.isOpen()) {
        now = open();
        line = now;
      }
      return now;
    } finally {
      opening.unlock();
    }
  }

  private Line open() throws IOException {
    Connection connection = connections.createConnection();
    Channel channel =
        Objects.requireNonNull(connection.getDelegate(), "no connection below").createChannel();
    Line opened = new Line(channel);
    channel.addReturnListener(returned ->
        opened.hear(
            returned.getProperties().getCorrelationId(),
            new Reply.None("nobody listens to " + returned.getRoutingKey(), Cause.SILENT)));
    channel.addConfirmListener(opened::confirmed, (tag, multiple) -> opened.refused(tag, multiple));
    channel.confirmSelect();
    channel.addShutdownListener(cause -> opened.broke(cause.getMessage()));
    channel.basicConsume(
        REPLY_TO,
        true,
        (_, delivery) ->
            opened.hear(
                delivery.getProperties().getCorrelationId(),
                reply(delivery.getProperties(), delivery.getBody())),
        _ -> opened.broke("replies were cancelled by the broker"));
    return opened;
  }

  private static Reply reply(BasicProperties properties, byte[] body) {
    Map<String, Object> headers = properties.getHeaders();
    Object refused = headers == null ? null : headers.get(REFUSED);
    return refused == null
        ? new Reply.Came(body)
        : new Reply.None("the question was refused: " + refused, Cause.NOT_UNDERSTOOD);
  }

  /** Ends the channel; questions still open get no answer. */
  @Override
  public void close() {
    opening.lock();
    try {
      Line now = line;
      if (now != null && now.channel.isOpen()) {
        now.channel.abort();
      }
    } catch (IOException e) {
      log.atDebug().setCause(e).log("the channel was gone already");
    } finally {
      opening.unlock();
    }
  }

  private sealed interface Reply {
    @SuppressWarnings("ArrayRecordComponent") // seen by one reader, never compared
    record Came(byte[] body) implements Reply {}

    record None(String reason, Cause cause) implements Reply {}
  }

  /** One channel, and who waits on it. Direct reply-to answers only the channel that asked. */
  private static final class Line {
    private final Channel channel;
    private final Map<String, CompletableFuture<Reply>> waiting = new ConcurrentHashMap<>();

    /** Questions by their delivery tag that the broker has not confirmed. */
    private final ConcurrentSkipListMap<Long, String> sent = new ConcurrentSkipListMap<>();

    /** Guards writing to {@link #channel}: its frames must not mix. */
    private final ReentrantLock sending = new ReentrantLock();

    Line(Channel channel) {
      this.channel = channel;
    }

    CompletableFuture<Reply> expect(String id) {
      CompletableFuture<Reply> reply = new CompletableFuture<>();
      waiting.put(id, reply);
      return reply;
    }

    void forget(String id) {
      waiting.remove(id);
    }

    /** Whether the broker has said that it has the question. */
    boolean taken(String id) {
      return !sent.containsValue(id);
    }

    void confirmed(long tag, boolean multiple) {
      (multiple ? sent.headMap(tag, true) : sent.subMap(tag, true, tag, true)).clear();
    }

    void refused(long tag, boolean multiple) {
      Map<Long, String> which =
          multiple ? sent.headMap(tag, true) : sent.subMap(tag, true, tag, true);
      which
          .values()
          .forEach(id -> hear(id, new Reply.None("the broker refused it", Cause.NO_BROKER)));
      which.clear();
    }

    void hear(@Nullable String id, Reply reply) {
      CompletableFuture<Reply> asked = id == null ? null : waiting.get(id);
      if (asked != null) {
        asked.complete(reply);
      }
    }

    void broke(@Nullable String why) {
      Reply none = new Reply.None("the connection to the broker broke: " + why, Cause.NO_BROKER);
      waiting.values().forEach(asked -> asked.complete(none));
    }

    void send(String queue, String id, byte[] body, Duration deadline) throws IOException {
      BasicProperties properties =
          new BasicProperties.Builder()
              .contentType("application/json")
              .correlationId(id)
              .replyTo(REPLY_TO)
              .expiration(Long.toString(Math.max(1, deadline.toMillis())))
              .headers(
                  TraceHeader.here()
                      .map(trace -> Map.<String, Object>of(TraceHeader.NAME, trace))
                      .orElse(null))
              .build();
      sending.lock();
      try {
        sent.put(channel.getNextPublishSeqNo(), id);
        channel.basicPublish("", queue, true, properties, body);
      } finally {
        sending.unlock();
      }
    }
  }
}
