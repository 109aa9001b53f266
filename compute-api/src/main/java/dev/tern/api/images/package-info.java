/**
 * A small image service in Glance's shape: an image is accepted only when its content is what its
 * record says.
 */
@NullMarked
package dev.tern.api.images;

import org.jspecify.annotations.NullMarked;
