/**
 * Nova's versioned notifications: what happens to a server, told to whoever listens on a topic
 * exchange. What there is to tell of is written by the database, in the transaction in which it
 * happened ({@link dev.tern.store.NotificationStore}); here it is put into Nova's words and sent.
 */
@NullMarked
package dev.tern.conductor.notifications;

import org.jspecify.annotations.NullMarked;
