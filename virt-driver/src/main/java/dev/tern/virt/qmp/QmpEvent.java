package dev.tern.virt.qmp;

import java.time.Instant;
import tools.jackson.databind.JsonNode;

/**
 * Something QEMU tells unasked.
 *
 * @param at QEMU's own stamp
 */
public record QmpEvent(String name, JsonNode data, Instant at) {

  /** A text member of the data, empty when it is not there. */
  public String text(String member) {
    return data.path(member).asString("");
  }
}
