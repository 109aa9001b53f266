package dev.tern.api;

import dev.tern.api.keystone.KeystoneProvider;
import dev.tern.api.keystone.KeystoneSettings;
import dev.tern.api.policy.Policy;
import dev.tern.api.policy.PolicyFile;
import dev.tern.api.request.Authentication;
import dev.tern.api.request.NoAuthentication;
import dev.tern.api.tokens.TokenAuthentication;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Who asks, and what they may: as {@code tern.api.auth} and the policy file say. */
@Configuration(proxyBeanMethods = false)
class IdentityConfiguration {
  private static final String AUTH = "tern.api.auth";

  @Bean
  Policy policy(ApiSettings settings) {
    return settings.policyFile().map(Path::of).map(PolicyFile::read).orElseGet(Policy::novas);
  }

  @Bean
  @ConditionalOnProperty(name = AUTH, havingValue = "none", matchIfMissing = true)
  Authentication noAuthentication() {
    return new NoAuthentication();
  }

  @Bean
  @ConditionalOnProperty(name = AUTH, havingValue = "keystone")
  Authentication keystoneAuthentication(KeystoneSettings keystone, Clock clock) {
    KeystoneProvider provider = new KeystoneProvider(keystone, clock);
    return new TokenAuthentication(
        provider, Optional.of(provider.identity()), keystone.serviceRoles(), Optional.empty());
  }
}
