/**
 * Tokens: who knows whether one is good is a Spring Security {@code AuthenticationProvider}; what
 * becomes of a request with a good, a bad or no token is settled here, once for all of them.
 */
@NullMarked
package dev.tern.api.tokens;

import org.jspecify.annotations.NullMarked;
