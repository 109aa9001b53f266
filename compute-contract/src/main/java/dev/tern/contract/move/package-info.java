/**
 * What a live migration may cost and how it is done: as wished, in parts, and as it is given to an
 * agent, whole.
 */
@NullMarked
package dev.tern.contract.move;

import org.jspecify.annotations.NullMarked;
