/**
 * What wakes a conductor. The work itself stands in the database; a lost message only delays it.
 */
@NullMarked
package dev.tern.contract.conductor;

import org.jspecify.annotations.NullMarked;
