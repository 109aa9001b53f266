/**
 * What the conductor asks of an agent, and what it answers. Every request may arrive twice and is
 * then one effect.
 */
@NullMarked
package dev.tern.contract.agent;

import org.jspecify.annotations.NullMarked;
