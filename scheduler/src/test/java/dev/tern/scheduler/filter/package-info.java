/** Each filter with a table of hosts. */
@NullMarked
package dev.tern.scheduler.filter;

import org.jspecify.annotations.NullMarked;
