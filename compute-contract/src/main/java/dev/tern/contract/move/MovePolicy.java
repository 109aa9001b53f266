package dev.tern.contract.move;

import java.time.Duration;

/**
 * A policy with all its parts, for the source's agent.
 *
 * @param revision rises with each change while the migration runs; of two the higher one holds
 * @param maxPause the longest pause that may be planned for; a forced end sets it aside
 * @param bytesPerSecond of all disks and memory together; 0 is unlimited
 * @param deadline from the moment data begins to move
 */
public record MovePolicy(
    long revision,
    Duration maxPause,
    long bytesPerSecond,
    Duration deadline,
    AtDeadline atDeadline,
    boolean postCopyAllowed,
    boolean autoConverge) {}
