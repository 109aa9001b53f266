@NullMarked
package dev.tern.api.events;

import org.jspecify.annotations.NullMarked;
