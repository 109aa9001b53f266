/** The dashboard: a page and what it loads, from this program's own resources. */
@NullMarked
package dev.tern.api.dashboard;

import org.jspecify.annotations.NullMarked;
