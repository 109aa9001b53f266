/** The conductor: runs sagas, and takes in what agents report. */
@NullMarked
package dev.tern.conductor;

import org.jspecify.annotations.NullMarked;
