/** How a process begins. */
@NullMarked
package dev.tern.contract.start;

import org.jspecify.annotations.NullMarked;
