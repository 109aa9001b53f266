@NullMarked
package dev.tern.conductor.drain;

import org.jspecify.annotations.NullMarked;
