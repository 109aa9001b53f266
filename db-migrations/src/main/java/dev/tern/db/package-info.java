/** The schema, as Flyway migrations, and what applies them. */
@NullMarked
package dev.tern.db;

import org.jspecify.annotations.NullMarked;
