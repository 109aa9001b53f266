@NullMarked
package dev.tern.conductor.cold;

import org.jspecify.annotations.NullMarked;
