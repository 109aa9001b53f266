/** Hosts and conductors as services, and the availability zone they make. */
@NullMarked
package dev.tern.api.services;

import org.jspecify.annotations.NullMarked;
