@NullMarked
package dev.tern.conductor.disk;

import org.jspecify.annotations.NullMarked;
