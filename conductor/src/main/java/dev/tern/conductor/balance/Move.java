package dev.tern.conductor.balance;

import dev.tern.contract.HostName;

/** One server, to another host. */
public record Move(Piece piece, HostName to) {}
