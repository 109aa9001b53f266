package dev.tern.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.MessageProperties;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A private broker")
class PrivateBrokerAmqpTest {
  @TempDir Path folder;

  private static Connection connect(PrivateBroker broker) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(broker.uri());
    return factory.newConnection();
  }

  @Test
  void keeps_durable_messages_over_a_restart_and_leaves_no_process() throws Exception {
    List<Long> pids;
    try (PrivateBroker broker = PrivateBroker.start(folder);
        Connection connection = connect(broker);
        Channel channel = connection.createChannel()) {
      pids = broker.pids();
      channel.queueDeclare("kept", true, false, false, Map.of("x-queue-type", "quorum"));
      channel.confirmSelect();
      channel.basicPublish(
          "", "kept", MessageProperties.PERSISTENT_BASIC, "hello".getBytes(StandardCharsets.UTF_8));
      channel.waitForConfirmsOrDie(10_000);
    }
    assertThat(pids).allSatisfy(pid -> assertThat(ProcessHandle.of(pid)).isEmpty());
    try (PrivateBroker broker = PrivateBroker.start(folder);
        Connection connection = connect(broker);
        Channel channel = connection.createChannel()) {
      assertThat(channel.basicGet("kept", true).getBody())
          .asString(StandardCharsets.UTF_8)
          .isEqualTo("hello");
    }
  }

  @Test
  void that_was_left_by_a_killed_process_is_ended_by_the_next() throws Exception {
    PrivateBroker left = PrivateBroker.start(folder);
    try (PrivateBroker next = PrivateBroker.start(folder)) {
      assertThat(left.pids()).allSatisfy(pid -> assertThat(ProcessHandle.of(pid)).isEmpty());
      assertThat(next.pids()).doesNotContainAnyElementsOf(left.pids());
      connect(next).close();
    }
  }

  @Test
  void lets_nobody_in_without_its_password() throws Exception {
    try (PrivateBroker broker = PrivateBroker.start(folder)) {
      ConnectionFactory factory = new ConnectionFactory();
      factory.setPort(broker.port());
      assertThatThrownBy(factory::newConnection).isInstanceOf(AuthenticationFailureException.class);
    }
  }
}
