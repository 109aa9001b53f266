@NullMarked
package dev.tern.conductor.reports;

import org.jspecify.annotations.NullMarked;
