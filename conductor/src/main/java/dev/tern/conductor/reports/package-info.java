/** What agents report, as it reaches the database. */
@NullMarked
package dev.tern.conductor.reports;

import org.jspecify.annotations.NullMarked;
