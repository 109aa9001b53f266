/** What projects may have. */
@NullMarked
package dev.tern.api.quotas;

import org.jspecify.annotations.NullMarked;
