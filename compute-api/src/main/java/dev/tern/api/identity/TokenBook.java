package dev.tern.api.identity;

import dev.tern.api.identity.Users.Credential;
import dev.tern.api.identity.Users.Project;
import dev.tern.api.identity.Users.User;
import dev.tern.api.policy.Credentials;
import dev.tern.api.policy.Credentials.Scope;
import dev.tern.api.tokens.TokenContent;
import dev.tern.store.TokenStore;
import dev.tern.store.TokenStore.TokenRecord;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Gives tokens out, and knows which are good: those in the store whose user is still as it was. */
final class TokenBook {
  private static final int BYTES = 32;
  private static final int PURGED_AT_ONCE = 100;

  private final TokenStore store;
  private final KnownUsers users;
  private final Duration life;
  private final Clock clock;
  private final SecureRandom random;

  TokenBook(TokenStore store, KnownUsers users, Duration life, Clock clock, SecureRandom random) {
    this.store = store;
    this.users = users;
    this.life = life;
    this.clock = clock;
    this.random = random;
  }

  /** A token, what it says, and how it was got. */
  record Good(
      String digest,
      User user,
      Optional<Project> project,
      Set<String> roles,
      Optional<Credential> credential,
      List<String> audit,
      Instant issuedAt,
      Instant expiresAt) {

    TokenContent content() {
      Map<String, String> facts = new HashMap<>();
      facts.put("user_id", user.id());
      facts.put("user_domain_id", Users.DOMAIN_ID);
      facts.put("is_admin_project", "True");
      project.ifPresent(one -> {
        facts.put("project_id", one.id());
        facts.put("tenant_id", one.id());
        facts.put("project_domain_id", Users.DOMAIN_ID);
      });
      Scope scope = project.isPresent() ? Scope.PROJECT : Scope.NONE;
      return new TokenContent(
          user.id(),
          project.map(Project::id).orElse(""),
          new Credentials(roles, scope, facts),
          expiresAt);
    }

    boolean isAdmin() {
      return project.isPresent() && content().credentials().roles().contains("admin");
    }
  }

  /** A token that was just made; its value is nowhere else. */
  record Issued(String value, Good token) {}

  /**
   * Makes a token.
   *
   * @param from the token that it comes from, whose end is its end
   */
  Issued issue(
      User user, Optional<String> project, Optional<Credential> credential, Optional<Good> from) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    int _ = store.purge(now, PURGED_AT_ONCE);
    String value = "tern." + random();
    String audit = random().substring(0, 22);
    TokenRecord record =
        new TokenRecord(
            digest(value),
            user.id(),
            project.orElse(""),
            credential.map(Credential::id).orElse(""),
            digest(credential.map(Credential::secret).orElse(user.password()).toString()),
            from.map(parent -> audit + " " + parent.audit().getLast()).orElse(audit),
            now,
            from.map(Good::expiresAt).orElse(now.plus(life)));
    store.keep(record);
    return new Issued(value, good(record).orElseThrow());
  }

  /** What a token says; nothing when it is unknown, expired, revoked, or its user is changed. */
  Optional<Good> find(String value) {
    return store.find(digest(value)).flatMap(this::good);
  }

  private Optional<Good> good(TokenRecord record) {
    Users now = users.now();
    if (!clock.instant().isBefore(record.expiresAt())) {
      return Optional.empty();
    }
    return now.user(record.user()).flatMap(user -> good(record, user, now));
  }

  private Optional<Good> good(TokenRecord record, User user, Users now) {
    Optional<Credential> credential =
        user.credentials().stream()
            .filter(one -> one.id().equals(record.credential()))
            .filter(one -> one.expires().isEmpty() || clock.instant().isBefore(one.expires().get()))
            .findFirst();
    if (!record.credential().isEmpty() && credential.isEmpty()) {
      return Optional.empty();
    }
    PasswordHash proof = credential.map(Credential::secret).orElse(user.password());
    if (!digest(proof.toString()).equals(record.fingerprint())) {
      return Optional.empty();
    }
    Optional<Project> project = now.project(record.project());
    Set<String> roles = Set.of();
    if (!record.project().isEmpty()) {
      Set<String> given = user.roles().getOrDefault(record.project(), Set.of());
      roles = credential.map(one -> common(one.roles(), given)).orElse(given);
      if (project.isEmpty() || roles.isEmpty()) {
        return Optional.empty();
      }
    }
    return Optional.of(
        new Good(
            record.digest(),
            user,
            project,
            new TreeSet<>(new Credentials(roles, Scope.PROJECT, Map.of()).roles()),
            credential,
            List.of(record.audit().split(" ")),
            record.issuedAt(),
            record.expiresAt()));
  }

  /** A credential may have a role that its user has, or that one of the user's roles implies. */
  private static Set<String> common(Set<String> asked, Set<String> given) {
    Set<String> all = new TreeSet<>(new Credentials(given, Scope.PROJECT, Map.of()).roles());
    all.retainAll(asked);
    return all;
  }

  /** From here on no copy of the API believes the token. */
  void revoke(Good token) {
    store.remove(token.digest());
  }

  private String random() {
    byte[] bytes = new byte[BYTES];
    random.nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static String digest(String value) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(value.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
