@NullMarked
package dev.tern.conductor.bandwidth;

import org.jspecify.annotations.NullMarked;
