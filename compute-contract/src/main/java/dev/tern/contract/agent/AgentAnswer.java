package dev.tern.contract.agent;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tern.contract.Failure;

/**
 * What an agent says to a request. That no answer came is a fourth case, which only the asker sees:
 * unknown, never a failure.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface AgentAnswer {
  /** The state asked for is reached. */
  record Done(AgentResult result) implements AgentAnswer {}

  /**
   * Under way here; ask again.
   *
   * @param what a short word for people
   */
  record Working(String what) implements AgentAnswer {}

  /**
   * Cannot be, for a named reason; what was begun is taken back as far as the request itself made
   * it.
   */
  record Refused(Failure failure) implements AgentAnswer {}
}
