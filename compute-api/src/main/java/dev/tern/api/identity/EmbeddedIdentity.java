package dev.tern.api.identity;

import dev.tern.api.request.Authentication;
import dev.tern.api.request.NoAuthentication;
import dev.tern.api.tokens.TokenAuthentication;
import dev.tern.store.TokenStore;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Optional;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The identity service, where {@code tern.api.auth} is {@code embedded}. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty(name = "tern.api.auth", havingValue = "embedded")
public class EmbeddedIdentity {
  @Bean
  KnownUsers knownUsers(IdentitySettings settings, Clock clock) {
    Path file =
        settings
            .usersFile()
            .map(Path::of)
            .orElseThrow(() ->
                new IllegalStateException(
                    "With tern.api.auth=embedded, tern.api.identity.users-file has to name the file of users."));
    return new KnownUsers(file, clock);
  }

  @Bean
  TokenBook tokenBook(TokenStore store, KnownUsers users, IdentitySettings settings, Clock clock) {
    return new TokenBook(store, users, settings.tokenTime(), clock, new SecureRandom());
  }

  @Bean
  Sessions sessions(TokenBook tokens, KnownUsers users) {
    return new Sessions(tokens, users);
  }

  @Bean
  TokensController tokensController(
      KnownUsers users,
      TokenBook tokens,
      Sessions sessions,
      IdentitySettings settings,
      Clock clock) {
    return new TokensController(
        new Logins(users, tokens, settings, clock), tokens, sessions, settings.region());
  }

  @Bean
  PeopleController peopleController(Sessions sessions, IdentitySettings settings) {
    return new PeopleController(sessions, settings.region());
  }

  @Bean
  Authentication embeddedAuthentication(TokenBook tokens, IdentitySettings settings) {
    return new TokenAuthentication(
        new EmbeddedProvider(tokens),
        Optional.empty(),
        settings.serviceRoles(),
        settings.tokenOptional() ? Optional.of(new NoAuthentication()) : Optional.empty());
  }
}
