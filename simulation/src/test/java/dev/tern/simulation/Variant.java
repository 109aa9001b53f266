package dev.tern.simulation;

import dev.tern.conductor.asking.Agents;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.store.ClaimStore;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.util.function.Function;

/**
 * The code under test, as it is or with one thing wrong: each method is a seam to plant a bug at.
 */
interface Variant {
  /** Nothing planted. */
  Variant AS_IT_IS = new Variant() {};

  /** The driver an agent has. */
  default VirtDriver driver(FakeWorld qemus, Turns turns) {
    return new FakeVirtDriver(qemus, turns.clock());
  }

  /** How an agent answers. */
  default AgentAnswer answer(Function<AgentRequest, AgentAnswer> agent, AgentRequest request) {
    return agent.apply(request);
  }

  /** How a conductor asks agents. */
  default Agents agents(Agents agents) {
    return agents;
  }

  /** Where the schedulers claim. */
  default ClaimStore claims(ClaimStore claims) {
    return claims;
  }
}
