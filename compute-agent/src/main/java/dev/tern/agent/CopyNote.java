package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.agent.AgentRequest.CopyEnd;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.contract.agent.NbdExport;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import java.util.Optional;

/**
 * What is remembered of a copy, beside the instance: where it goes, and how far it has come that
 * QEMU cannot be asked about.
 *
 * @param target the disk as it would be once it is the copy; empty when the copy is an export
 * @param before the disk as it was
 * @param end how it is to end, written before QEMU is told
 * @param boot of the host, when it began: what was written before the next one may not be on the
 *     disk
 */
record CopyNote(
    CopyOrder order,
    Optional<LocalDisk> target,
    LocalDisk before,
    Stage stage,
    Optional<CopyEnd> end,
    Optional<String> boot) {
  /** Where it stands. */
  enum Stage {
    STARTED,
    /** QEMU copies, and notes in a ledger what it has not. */
    LEDGER,
    /** Nobody copies any more; when its ledger is whole it can be gone on with. */
    BROKEN,
    /** Whole without QEMU: the guest does not run. */
    WHOLE,
    ENDING,
    PIVOTED,
    FINISHED
  }

  /** For people: the file's name, or the export. */
  String place() {
    return target.map(LocalDisk::file).or(() -> order.export().map(NbdExport::uri)).orElse("?");
  }

  /**
   * The disk as it would be once it is the copy.
   *
   * @throws ComputeException when the copy is an export
   */
  LocalDisk file() {
    return target.orElseThrow(() ->
        Refusals.invalid(
            "Copy %s is the export %s and no file of this host.".formatted(order.id(), place())));
  }

  /** What QEMU's names of it derive from. */
  String tag() {
    return tag(order.id());
  }

  static String tag(java.util.UUID id) {
    return id.toString().substring(0, 8);
  }

  CopyNote at(Stage next) {
    return new CopyNote(order, target, before, next, end, boot);
  }

  CopyNote ending(CopyEnd how) {
    return new CopyNote(order, target, before, Stage.ENDING, Optional.of(how), boot);
  }

  boolean ended() {
    return switch (stage) {
      case STARTED, LEDGER, WHOLE, ENDING -> false;
      case BROKEN, PIVOTED, FINISHED -> true;
    };
  }
}
