package dev.tern.contract.amqp;

import dev.tern.contract.dead.DeadLetter;
import java.time.Duration;
import java.util.function.Consumer;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageDeliveryMode;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;

/** Takes dead letters from the broker to where they are kept, and sends one again. */
public final class DeadLetterQueue {
  private static final Duration CONFIRM_DEADLINE = Duration.ofSeconds(10);

  private final Answering answering;
  private final RabbitTemplate template;
  private final AmqpSettings names;

  DeadLetterQueue(Answering answering, RabbitTemplate template, AmqpSettings names) {
    this.answering = answering;
    this.template = template;
    this.names = names;
  }

  /**
   * A letter leaves the broker when {@code keep} has returned, so it may come twice; when that
   * throws, it comes again.
   */
  public DirectMessageListenerContainer collect(Consumer<DeadLetter> keep) {
    DeadLetterReader reader = new DeadLetterReader(names.deadQueue());
    return answering.raw(names.deadQueue(), message -> keep.accept(reader.read(message)));
  }

  /** Whether a letter's queue is one of this installation's, where it could be handled. */
  public boolean reachable(DeadLetter letter) {
    return letter.queue().startsWith(names.prefix() + ".")
        && !letter.queue().equals(names.deadQueue());
  }

  /**
   * Sends the letter to the queue it could not be handled in, and returns when the broker has it
   * there.
   *
   * @throws Undelivered when that is not certain; it may be there all the same
   * @throws IllegalArgumentException when it is not whole, or its queue is nobody's
   */
  public void resend(DeadLetter letter) throws Undelivered, InterruptedException {
    if (!letter.whole() || !reachable(letter)) {
      throw new IllegalArgumentException("this cannot be sent again: " + letter);
    }
    CorrelationData confirm = new CorrelationData();
    template.send(
        "",
        letter.queue(),
        MessageBuilder.withBody(letter.body())
            .setContentType("application/json")
            .setDeliveryMode(MessageDeliveryMode.PERSISTENT)
            .build(),
        confirm);
    ConductorQueue.await(confirm, CONFIRM_DEADLINE);
  }
}
