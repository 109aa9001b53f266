@NullMarked
package dev.tern.api.images;

import org.jspecify.annotations.NullMarked;
