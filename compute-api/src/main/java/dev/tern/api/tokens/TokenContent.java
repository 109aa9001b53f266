package dev.tern.api.tokens;

import dev.tern.api.policy.Credentials;
import java.time.Instant;

/**
 * What a token says.
 *
 * @param project empty when it is for none
 * @param expires when it ends to be good
 */
public record TokenContent(String user, String project, Credentials credentials, Instant expires) {}
