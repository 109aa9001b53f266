@NullMarked
package dev.tern.conductor.volume;

import org.jspecify.annotations.NullMarked;
