package dev.tern.standalone.chaos;

import java.util.List;

/**
 * What one round of a cell came to.
 *
 * @param round from 1
 * @param delayMillis from the start of the step to the kill
 * @param reached the step began, and the victim was killed in it or shortly after
 * @param migration the migration's last status
 * @param millis from the request to the end of the last check
 * @param broken what must hold and did not; empty when all did
 */
public record Outcome(
    String victim,
    String step,
    int round,
    long delayMillis,
    boolean reached,
    String migration,
    long millis,
    List<String> broken) {

  public Outcome {
    broken = List.copyOf(broken);
  }
}
