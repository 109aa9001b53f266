@NullMarked
package dev.tern.conductor.evacuation;

import org.jspecify.annotations.NullMarked;
