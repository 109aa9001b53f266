package dev.tern.agent;

import java.util.Map;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;

/** The agent as a process of its own. Its settings are in {@code tern-agent.properties}. */
@SpringBootApplication
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
