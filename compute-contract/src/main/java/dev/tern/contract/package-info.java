/**
 * What crosses a process boundary: ids, states, error codes. Messages are in the packages below.
 */
@NullMarked
package dev.tern.contract;

import org.jspecify.annotations.NullMarked;
