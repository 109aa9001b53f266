package dev.tern.contract.host;

import dev.tern.contract.MigrationId;

/**
 * How far a migration is, from the source's agent, twice a second. May be lost. {@code processed}
 * figures and {@code permille} never fall; the store keeps the highest it has seen.
 *
 * @param permille of disks and memory together, 1000 when all of both has been sent
 */
public record MigrationProgress(
    MigrationId migration,
    long memoryTotal,
    long memoryProcessed,
    long memoryRemaining,
    long diskTotal,
    long diskProcessed,
    long diskRemaining,
    int permille,
    MoveDetail detail) {}
