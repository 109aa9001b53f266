package dev.tern.api.disks;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.JsonBody;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.NbdExport;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** What is asked of a copy whose target is an export of an NBD server outside of Tern. */
@Component
final class ExportCopy {
  private static final List<String> OF_FILES =
      List.of("storage", "name", "format", "overwrite", "reuse", "delete_old");

  /**
   * The export a body names, if it names one.
   *
   * @throws ComputeException when it is none, or the body asks for what only a file can be
   */
  Optional<NbdExport> of(JsonBody body) {
    Optional<String> target = body.optionalText("target", 1, NbdExport.LONGEST_TEXT);
    return target.map(text -> checked(body, text));
  }

  private NbdExport checked(JsonBody body, String text) {
    for (String field : OF_FILES) {
      if (body.has(field)) {
        throw body.invalid(field, "It says something of a file, and the target is an NBD export.");
      }
    }
    if (body.flagOr("resumable", false)) {
      throw body.invalid(
          "resumable",
          "A resumable copy is a file of the server's host: a copy to an NBD export that broke off"
              + " starts over.");
    }
    if (body.optionalText("mode", 1, 255).filter(mode -> !mode.equals("full")).isPresent()) {
      throw body.invalid("mode", "A copy to an NBD export has nothing below it: its mode is full.");
    }
    if (body.optionalText("then", 1, 255).filter("pivot"::equals).isPresent()) {
      throw body.invalid("then", PIVOT);
    }
    return parse(text);
  }

  private static final String PIVOT =
      "A guest does not go on from an NBD export: finish the copy, or cancel it.";

  private static NbdExport parse(String text) {
    try {
      return NbdExport.parse(text);
    } catch (IllegalArgumentException e) {
      throw new ComputeException(
          ErrorCode.INVALID_INPUT,
          "The target '%s' cannot be copied to: %s."
              .formatted(Refusals.shortened(text), e.getMessage()),
          e);
    }
  }

  /** The refusal of a pivot, whenever it is asked for. */
  static ComputeException noPivot() {
    return new ComputeException(ErrorCode.INVALID_INPUT, PIVOT, null);
  }
}
