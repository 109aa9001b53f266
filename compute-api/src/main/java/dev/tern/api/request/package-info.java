/**
 * What came in: who asks, in which microversion, with which body and query, each checked before
 * anything is done.
 */
@NullMarked
package dev.tern.api.request;

import org.jspecify.annotations.NullMarked;
