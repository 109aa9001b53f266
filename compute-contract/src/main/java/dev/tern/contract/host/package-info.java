/**
 * What an agent tells about its host and about migrations in progress. Both may be lost; the next
 * one says it again.
 */
@NullMarked
package dev.tern.contract.host;

import org.jspecify.annotations.NullMarked;
