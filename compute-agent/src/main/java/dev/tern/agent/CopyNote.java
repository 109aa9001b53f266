package dev.tern.agent;

import dev.tern.contract.agent.AgentRequest.CopyEnd;
import dev.tern.contract.agent.AgentRequest.CopyOrder;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import java.util.Optional;

/**
 * What is remembered of a copy, beside the instance: which file it is, and how far it has come that
 * QEMU cannot be asked about.
 *
 * @param target the disk as it is once it is the copy
 * @param before the disk as it was
 * @param end how it is to end, written before QEMU is told
 */
record CopyNote(
    CopyOrder order, LocalDisk target, LocalDisk before, Stage stage, Optional<CopyEnd> end) {
  /** Where it stands. */
  enum Stage {
    STARTED,
    /** Whole without QEMU: the guest does not run. */
    WHOLE,
    ENDING,
    PIVOTED,
    FINISHED
  }

  /** What QEMU's names of it derive from. */
  String tag() {
    return tag(order.id());
  }

  static String tag(java.util.UUID id) {
    return id.toString().substring(0, 8);
  }

  CopyNote at(Stage next) {
    return new CopyNote(order, target, before, next, end);
  }

  CopyNote ending(CopyEnd how) {
    return new CopyNote(order, target, before, Stage.ENDING, Optional.of(how));
  }

  boolean ended() {
    return switch (stage) {
      case STARTED, WHOLE, ENDING -> false;
      case PIVOTED, FINISHED -> true;
    };
  }
}
