package dev.tern.contract.agent;

import java.util.UUID;

/**
 * A volume of one server.
 *
 * @param id of its attachment; nobody gives it twice
 */
public record VolumeRef(UUID id, VolumeAddress address) {
  private static final int TAIL = 13;

  /** Name of the disk it is in the server's launch recipe: letters and digits, 16 in all. */
  public String disk() {
    String digits = id.toString().replace("-", "");
    return "vol" + digits.substring(digits.length() - TAIL);
  }
}
