/**
 * Which servers are to move so that hosts are loaded more evenly, or one less: functions of
 * figures.
 */
@NullMarked
package dev.tern.conductor.balance;

import org.jspecify.annotations.NullMarked;
