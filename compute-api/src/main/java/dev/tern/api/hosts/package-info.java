/** What hosts say of themselves: exports, ports, and whether they reach each other. */
@NullMarked
package dev.tern.api.hosts;

import org.jspecify.annotations.NullMarked;
