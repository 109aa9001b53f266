@NullMarked
package dev.tern.conductor.balance;

import org.jspecify.annotations.NullMarked;
