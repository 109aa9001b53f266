package dev.tern.agent;

import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.Streams;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.MoveOptions;

/**
 * A guest as its destination waits for it.
 *
 * @param recipe what QEMU is started by here
 * @param paused it stays paused
 * @param suppressVmdesc its source can end the stream with the last byte that is needed here
 * @param awaitSource it may come by post-copy
 */
record Arriving(
    LaunchRecipe recipe,
    boolean paused,
    MoveOptions options,
    boolean suppressVmdesc,
    boolean awaitSource) {
  static Arriving of(
      LaunchRecipe recipe, SourceFacts source, Streams streams, boolean awaitSource) {
    return new Arriving(
        recipe, source.paused(), Moves.options(streams), source.suppressVmdesc(), awaitSource);
  }
}
