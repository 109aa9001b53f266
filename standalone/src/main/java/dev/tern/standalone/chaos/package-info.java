/**
 * {@code ./tern chaos}: a live migration of a real guest for each pair of victim and step, the
 * victim killed in that step, and what must hold afterwards looked up by an outsider.
 */
@org.jspecify.annotations.NullMarked
package dev.tern.standalone.chaos;
