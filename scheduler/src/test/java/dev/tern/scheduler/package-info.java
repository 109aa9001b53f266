/** Choosing hosts, with fakes and with the real stores. */
@NullMarked
package dev.tern.scheduler;

import org.jspecify.annotations.NullMarked;
