/** Logs as JSON, for machines. */
@NullMarked
package dev.tern.contract.logging;

import org.jspecify.annotations.NullMarked;
