/**
 * The verbs of {@code ./tern} that talk to the REST API, named as users of virsh and nova know
 * them. {@code docs/client.md} has the table. Each verb is a class; what it prints goes through
 * {@link dev.tern.client.command.Screen}, which lets no control character of others pass.
 */
@NullMarked
package dev.tern.client.command;

import org.jspecify.annotations.NullMarked;
