package dev.tern.conductor.balance;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;

/**
 * A server that may move.
 *
 * @param bytes to be sent when it does
 */
public record Piece(ServerId server, HostName host, long vcpus, long memoryMib, long bytes) {}
