/**
 * Failures as clients read them: Nova's envelope, Glance's for images, and nothing of what happened
 * underneath.
 */
@NullMarked
package dev.tern.api.errors;

import org.jspecify.annotations.NullMarked;
