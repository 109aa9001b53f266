package dev.tern.api.keystone;

import dev.tern.api.keystone.KeystoneClient.SilentException;
import dev.tern.api.policy.Credentials;
import dev.tern.api.policy.Credentials.Scope;
import dev.tern.api.tokens.BearerToken;
import dev.tern.api.tokens.KnownToken;
import dev.tern.api.tokens.TokenContent;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.core.Authentication;
import tools.jackson.databind.JsonNode;

/** A token is good when Keystone says so, or said so not long ago. */
public final class KeystoneProvider implements AuthenticationProvider {
  private final KeystoneSettings settings;
  private final KeystoneClient keystone;
  private final Clock clock;

  /** Nothing stands for a bad token. */
  private final TokenCache<Optional<TokenContent>> cache;

  /**
   * Asks nobody yet.
   *
   * @throws IllegalStateException when the settings do not say where Keystone is, or as whom to ask
   */
  public KeystoneProvider(KeystoneSettings settings, Clock clock) {
    this.settings = settings;
    this.keystone = new KeystoneClient(settings, clock);
    this.clock = clock;
    this.cache = new TokenCache<>(settings.cacheSize());
  }

  /** Where clients get tokens. */
  public String identity() {
    return settings.publicUrl().orElseGet(() -> KeystoneClient.base(settings));
  }

  @Override
  public boolean supports(Class<?> type) {
    return BearerToken.class.isAssignableFrom(type);
  }

  /**
   * The token's content.
   *
   * @throws BadCredentialsException when it is unknown, expired or revoked
   * @throws AuthenticationServiceException when nobody knows that
   */
  @Override
  public Authentication authenticate(Authentication given) {
    BearerToken token = (BearerToken) given;
    Instant now = clock.instant();
    return cache
        .find(key(token), now)
        .orElseGet(() -> ask(token, now))
        .filter(content -> token.evenExpired() || now.isBefore(content.expires()))
        .map(KnownToken::new)
        .orElseThrow(() -> new BadCredentialsException("unknown, expired or revoked"));
  }

  private static String key(BearerToken token) {
    return token.evenExpired() ? "expired " + token.getCredentials() : token.getCredentials();
  }

  private Optional<TokenContent> ask(BearerToken token, Instant now) {
    Optional<JsonNode> said;
    try {
      said = keystone.validate(token.getCredentials(), token.evenExpired());
    } catch (SilentException e) {
      throw new AuthenticationServiceException(String.valueOf(e.getMessage()), e);
    }
    Optional<TokenContent> content = said.map(KeystoneProvider::content);
    Instant until =
        content
            .map(good -> earlier(now.plus(settings.cacheTime()), good.expires()))
            .orElse(now.plus(settings.refusedCacheTime()));
    cache.keep(key(token), content, now, until);
    return content;
  }

  private static Instant earlier(Instant one, Instant other) {
    return one.isBefore(other) ? one : other;
  }

  private static TokenContent content(JsonNode token) {
    String user = text(token.path("user").path("id")).orElseThrow(KeystoneProvider::unreadable);
    Instant expires =
        KeystoneClient.instant(token.path("expires_at")).orElseThrow(KeystoneProvider::unreadable);
    Optional<String> project = text(token.path("project").path("id"));
    Set<String> roles = new HashSet<>();
    token.path("roles").forEach(role -> text(role.path("name")).ifPresent(roles::add));
    Map<String, String> facts = new HashMap<>();
    facts.put("user_id", user);
    put(facts, "user_domain_id", token.path("user").path("domain").path("id"));
    put(facts, "project_domain_id", token.path("project").path("domain").path("id"));
    put(facts, "domain_id", token.path("domain").path("id"));
    project.ifPresent(id -> {
      facts.put("project_id", id);
      facts.put("tenant_id", id);
    });
    if (token.path("system").path("all").asBoolean(false)) {
      facts.put("system_scope", "all");
    }
    // Absent in most answers, where every project's administrator is one.
    facts.put(
        "is_admin_project", token.path("is_admin_project").asBoolean(true) ? "True" : "False");
    return new TokenContent(
        user, project.orElse(""), new Credentials(roles, scope(token, project), facts), expires);
  }

  private static Scope scope(JsonNode token, Optional<String> project) {
    if (project.isPresent()) {
      return Scope.PROJECT;
    }
    if (token.path("system").path("all").asBoolean(false)) {
      return Scope.SYSTEM;
    }
    return token.path("domain").path("id").isString() ? Scope.DOMAIN : Scope.NONE;
  }

  private static void put(Map<String, String> facts, String name, JsonNode value) {
    text(value).ifPresent(text -> facts.put(name, text));
  }

  private static Optional<String> text(JsonNode node) {
    return node.isString() && !node.stringValue().isEmpty()
        ? Optional.of(node.stringValue())
        : Optional.empty();
  }

  private static AuthenticationServiceException unreadable() {
    return new AuthenticationServiceException(
        "Keystone's answer about a token says neither whose it is nor until when it is good");
  }
}
