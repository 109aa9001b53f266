/**
 * Who may do what: Nova's rules by their names, with Nova's defaults, and what an operator's policy
 * file says instead. A rule is an expression over who asks ({@link
 * dev.tern.api.policy.Credentials}) and whose thing it is ({@link dev.tern.api.policy.Target}).
 */
@NullMarked
package dev.tern.api.policy;

import org.jspecify.annotations.NullMarked;
