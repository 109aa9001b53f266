@NullMarked
package dev.tern.conductor.notifications;

import org.jspecify.annotations.NullMarked;
