/** One class for each reason a host may have to take no server. Pure: figures in, a failure out. */
@NullMarked
package dev.tern.scheduler.filter;

import org.jspecify.annotations.NullMarked;
