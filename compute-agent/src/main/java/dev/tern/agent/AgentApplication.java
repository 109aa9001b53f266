package dev.tern.agent;

import java.util.Map;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;

/** The agent as a process of its own. Its settings are in {@code tern-agent.properties}. */
@SpringBootApplication(
    excludeName = {
      // An agent has no database, also where it shares a class path with services that have one.
      "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration",
      "org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration",
      // All processes connect to the broker in one way, AmqpConfiguration's.
      "org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration"
    })
public class AgentApplication {

  /** Starts the agent; returns when it runs. */
  public static void main(String[] arguments) {
    builder().run(arguments);
  }

  /** The agent's application, to be run by itself or, without a web server, inside another. */
  public static SpringApplicationBuilder builder() {
    return new SpringApplicationBuilder(AgentApplication.class)
        .properties(Map.of("spring.config.name", "tern-agent"));
  }
}
