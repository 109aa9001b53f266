package dev.tern.api.request;

import dev.tern.api.policy.Credentials;
import dev.tern.api.policy.Least;
import dev.tern.api.policy.Policy;
import dev.tern.api.policy.Target;

/**
 * What the caller of one request may, and about whose thing it is asked: the caller's own project's
 * until another one's was found. Of one thread, as its request.
 */
final class Rights {
  private final Policy policy;
  private final Credentials credentials;
  private Target target;

  Rights(Policy policy, Credentials credentials, Target own) {
    this.policy = policy;
    this.credentials = credentials;
    this.target = own;
  }

  Credentials credentials() {
    return credentials;
  }

  void lookAt(Target found) {
    target = found;
  }

  boolean allow(String rule, Least least) {
    return policy.allows(rule, least, credentials, target);
  }

  boolean isAdmin() {
    return policy.isAdmin(credentials, target);
  }
}
