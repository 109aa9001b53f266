/** What projects have used. */
@NullMarked
package dev.tern.api.usage;

import org.jspecify.annotations.NullMarked;
