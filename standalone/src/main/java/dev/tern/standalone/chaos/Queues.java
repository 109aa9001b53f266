package dev.tern.standalone.chaos;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.io.IOException;
import java.net.URISyntaxException;
import java.security.GeneralSecurityException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;

/** Tern's queues, as the broker itself tells of them. */
final class Queues {
  private static final List<String> WORKED =
      List.of("tern.conductor", "tern.scheduler", "tern.agent.host-1", "tern.agent.host-2");
  private static final String DEAD = "tern.dead";

  private final String uri;

  Queues(String uri) {
    this.uri = uri;
  }

  /**
   * One of them.
   *
   * @param messages that nobody has taken yet
   * @param consumers who wait for messages
   */
  record Queue(int messages, int consumers) {}

  /** Each by its name. */
  Map<String, Queue> all() throws IOException {
    ConnectionFactory factory = new ConnectionFactory();
    try {
      factory.setUri(uri);
    } catch (GeneralSecurityException | URISyntaxException e) {
      throw new IOException("the broker's address is none", e);
    }
    Map<String, Queue> all = new LinkedHashMap<>();
    try (Connection connection = factory.newConnection();
        Channel channel = connection.createChannel()) {
      for (String name : WORKED) {
        all.put(name, queue(channel, name));
      }
      all.put(DEAD, queue(channel, DEAD));
    } catch (TimeoutException e) {
      throw new IOException("the broker does not answer", e);
    }
    return all;
  }

  private static Queue queue(Channel channel, String name) throws IOException {
    AMQP.Queue.DeclareOk told = channel.queueDeclarePassive(name);
    return new Queue(told.getMessageCount(), told.getConsumerCount());
  }

  /** Whether each service that was started is at work: none has a queue that nobody waits at. */
  boolean areServed() throws IOException {
    Map<String, Queue> all = all();
    return WORKED.stream()
        .allMatch(name -> all.getOrDefault(name, new Queue(0, 0)).consumers() > 0);
  }
}
