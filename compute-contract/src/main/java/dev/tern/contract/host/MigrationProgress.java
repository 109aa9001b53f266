package dev.tern.contract.host;

import dev.tern.contract.MigrationId;

/**
 * Bytes of a migration so far, from the source's agent, twice a second. May be lost. {@code
 * processed} figures never fall; the store keeps the highest it has seen.
 */
public record MigrationProgress(
    MigrationId migration,
    long memoryTotal,
    long memoryProcessed,
    long memoryRemaining,
    long diskTotal,
    long diskProcessed,
    long diskRemaining) {}
