package dev.tern.contract.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.amqp.Asked.Cause;
import dev.tern.contract.amqp.Asked.NoAnswer;
import dev.tern.local.PrivateBroker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;

@DisplayName("A broker that is held")
class HeldBrokerAmqpTest {
  private static final HostName HOST = new HostName("host-1");
  private static final ServerId SERVER = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01");
  private static final AgentRequest REQUEST =
      new AgentRequest.AskGuest(
          new AgentRequest.Header(RequestId.of(SERVER.value()), SERVER, 1, Optional.empty()));
  private static final Duration SHORT = Duration.ofMillis(500);

  @TempDir Path directory;

  /** SIGSTOP, or a machine that swaps: connections live on and nothing goes through them. */
  @Test
  @Tag("S120")
  void is_not_taken_for_the_silence_of_who_was_asked() throws Exception {
    try (PrivateBroker broker = PrivateBroker.start(directory.resolve("rabbitmq"))) {
      AmqpSettings names = new AmqpSettings(broker.uri(), "held", null, false);
      CachingConnectionFactory connections = new CachingConnectionFactory(names.broker());
      new RabbitAdmin(connections).declareQueue(new Queue(names.agentQueue(HOST)));
      try (Ask ask = new Ask(connections)) {
        AgentClient agents = new AgentClient(ask, names);
        assertThat(agents.ask(HOST, REQUEST, SHORT)).isEqualTo(silent());
        signal("-STOP", broker);
        try {
          assertThat(agents.ask(HOST, REQUEST, SHORT))
              .isEqualTo(
                  new NoAnswer<AgentAnswer>(
                      "the broker took no question within PT0.5S", Cause.NO_BROKER));
        } finally {
          signal("-CONT", broker);
        }
        Asked<AgentAnswer> again = agents.ask(HOST, REQUEST, SHORT);
        for (int i = 0; i < 40 && !again.equals(silent()); i++) {
          again = agents.ask(HOST, REQUEST, SHORT);
        }
        assertThat(again).isEqualTo(silent());
      } finally {
        connections.destroy();
      }
    }
  }

  private static Asked<AgentAnswer> silent() {
    return new NoAnswer<>("no answer within PT0.5S", Cause.SILENT);
  }

  private static void signal(String signal, PrivateBroker broker) throws Exception {
    List<String> command = new ArrayList<>(List.of("kill", signal));
    for (long pid : broker.pids()) {
      ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
      Stream.concat(Stream.of(process), process.descendants())
          .forEach(one -> command.add(Long.toString(one.pid())));
    }
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
  }
}
