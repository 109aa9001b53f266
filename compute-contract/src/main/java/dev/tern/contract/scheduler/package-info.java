/** What the conductor asks of a scheduler, and what it answers. */
@NullMarked
package dev.tern.contract.scheduler;

import org.jspecify.annotations.NullMarked;
