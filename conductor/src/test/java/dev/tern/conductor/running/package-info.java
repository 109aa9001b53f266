@NullMarked
package dev.tern.conductor.running;

import org.jspecify.annotations.NullMarked;
