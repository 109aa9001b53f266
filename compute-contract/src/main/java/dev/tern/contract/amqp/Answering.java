package dev.tern.contract.amqp;

import dev.tern.contract.Pause;
import dev.tern.contract.tracing.TraceHeader;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageDeliveryMode;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;

/**
 * The listening side. What it returns is started and stopped by Spring when it is a bean, else by
 * hand; it rides out a broker that is not up yet, or away.
 *
 * <p>Handlers run on virtual threads. A message nobody can read is parked with its reason, never
 * tried again.
 */
public final class Answering implements AutoCloseable {
  private static final int RECOVERY_MILLIS = 1_000;
  private static final long FIRST_REST_MILLIS = 20;
  private static final long LONGEST_REST_MILLIS = 1_000;
  // RabbitMQ's, of a quorum queue's message that was delivered before.
  private static final String DELIVERIES_BEFORE = "x-delivery-count";
  private static final Logger log = LoggerFactory.getLogger(Answering.class);

  private final ConnectionFactory connections;
  private final AmqpAdmin admin;
  private final RabbitTemplate template;
  private final DeadLetters dead;
  private final Pause pause;
  private final Random random;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  Answering(
      ConnectionFactory connections,
      AmqpAdmin admin,
      RabbitTemplate template,
      DeadLetters dead,
      Pause pause,
      Random random) {
    this.connections = connections;
    this.admin = admin;
    this.template = template;
    this.dead = dead;
    this.pause = pause;
    this.random = random;
  }

  /**
   * Answers questions. A question is taken off the queue when its handler begins, so that one asked
   * of a process that dies has no answer; who asked asks again.
   *
   * @param atOnce handlers at most; more questions wait in the queue, where they expire
   * @param handler what it throws is logged, and the asker is told at once that there is no answer
   */
  public <R, A> DirectMessageListenerContainer answer(
      String queue, Class<R> requests, Class<A> answers, int atOnce, Function<R, A> handler) {
    Semaphore places = new Semaphore(atOnce);
    MessageListener listener =
        message -> {
          places.acquireUninterruptibly();
          threads.execute(() -> {
            try {
              TraceHeader.within(
                  trace(message),
                  () -> reply(message, replyTo(message, queue, requests, answers, handler)));
            } finally {
              places.release();
            }
          });
        };
    DirectMessageListenerContainer container = container(queue, 1, listener);
    container.setPrefetchCount(16);
    return container;
  }

  private static Optional<String> trace(Message message) {
    @Nullable Object header = message.getMessageProperties().getHeader(TraceHeader.NAME);
    return Optional.ofNullable(header).map(Object::toString);
  }

  /**
   * Does work that must be done: a message leaves the queue when its handler has returned. When it
   * throws, the message is delivered again after a pause that doubles from 20 ms to 1 s, each
   * shortened by chance, and is put with the dead after ten tries.
   *
   * @param atOnce handlers at most
   */
  public <M> DirectMessageListenerContainer work(
      String queue, Class<M> messages, int atOnce, Consumer<M> handler) {
    return container(
        queue,
        atOnce,
        message -> {
          try {
            take(message, queue, messages, handler);
          } catch (RuntimeException e) {
            rest(message);
            throw e;
          }
        });
  }

  /** Before the broker is told of a failure: it delivers again at once. */
  private void rest(Message failed) {
    Object before = failed.getMessageProperties().getHeader(DELIVERIES_BEFORE);
    int tries = before instanceof Number number ? Math.clamp(number.longValue(), 0, 10) : 0;
    long millis = Math.min(FIRST_REST_MILLIS << tries, LONGEST_REST_MILLIS);
    try {
      pause.of(Duration.ofMillis(millis - random.nextLong(millis / 2 + 1)));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Listens to what may be lost: when the handler throws, the message is gone, and the log has it.
   */
  public <M> DirectMessageListenerContainer hear(
      String queue, Class<M> messages, int atOnce, Consumer<M> handler) {
    MessageListener listener = message -> take(message, queue, messages, handler);
    DirectMessageListenerContainer container = container(queue, atOnce, listener);
    container.setDefaultRequeueRejected(false);
    container.setPrefetchCount(64);
    return container;
  }

  /** A message leaves the queue when its handler has returned; when it throws, it comes again. */
  DirectMessageListenerContainer raw(String queue, MessageListener handler) {
    return container(queue, 1, handler);
  }

  private <M> void take(Message message, String queue, Class<M> messages, Consumer<M> handler) {
    M read;
    try {
      read = Wire.read(messages, message.getBody());
    } catch (MalformedMessageException e) {
      dead.park(message, queue, e);
      return;
    }
    handler.accept(read);
  }

  private <R, A> MessageBuilder replyTo(
      Message message, String queue, Class<R> requests, Class<A> answers, Function<R, A> handler) {
    try {
      A answer = handler.apply(Wire.read(requests, message.getBody()));
      return MessageBuilder.withBody(Wire.write(answers, answer));
    } catch (MalformedMessageException e) {
      parkIfPossible(message, queue, e);
      return refusal(e.reason() + ": " + e.getMessage());
    } catch (RuntimeException e) {
      log.atError().addKeyValue("queue", queue).setCause(e).log("a question failed");
      return refusal("the handler failed: " + e.getClass().getSimpleName());
    }
  }

  private void parkIfPossible(Message message, String queue, MalformedMessageException why) {
    try {
      dead.park(message, queue, why);
    } catch (AmqpException e) {
      log.atWarn().addKeyValue("queue", queue).setCause(e).log("a message could not be parked");
    }
  }

  private static MessageBuilder refusal(String why) {
    MessageBuilder reply = MessageBuilder.withBody(new byte[0]);
    reply.setHeader(Ask.REFUSED, why);
    return reply;
  }

  private void reply(Message question, MessageBuilder reply) {
    @Nullable String to = question.getMessageProperties().getReplyTo();
    @Nullable String id = question.getMessageProperties().getCorrelationId();
    if (to == null || id == null) {
      return;
    }
    try {
      template.send(
          "",
          to,
          reply
              .setContentType("application/json")
              .setCorrelationId(id)
              .setDeliveryMode(MessageDeliveryMode.NON_PERSISTENT)
              .build());
    } catch (AmqpException e) {
      // Who asked sees no answer, and asks again.
      log.atWarn().setCause(e).log("an answer could not be sent");
    }
  }

  private DirectMessageListenerContainer container(
      String queue, int consumers, MessageListener listener) {
    DirectMessageListenerContainer container = new DirectMessageListenerContainer(connections);
    container.setQueueNames(queue);
    container.setConsumersPerQueue(consumers);
    container.setPrefetchCount(1);
    container.setAcknowledgeMode(AcknowledgeMode.AUTO);
    container.setMessageListener(listener);
    // The container logs the failure of a handler itself; Spring's handler would log it once more.
    container.setErrorHandler(_ -> {});
    container.setAmqpAdmin(admin);
    container.setMissingQueuesFatal(false);
    container.setRecoveryInterval(RECOVERY_MILLIS);
    container.setFailedDeclarationRetryInterval(RECOVERY_MILLIS);
    container.afterPropertiesSet();
    return container;
  }

  /** Lets running handlers end. */
  @Override
  public void close() {
    threads.close();
  }
}
