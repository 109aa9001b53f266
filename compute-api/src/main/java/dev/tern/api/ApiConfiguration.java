package dev.tern.api;

import dev.tern.api.deadletters.DeadLetterSettings;
import dev.tern.api.events.EventSettings;
import dev.tern.api.idempotency.IdempotencyFilter;
import dev.tern.api.idempotency.IdempotencySettings;
import dev.tern.api.identity.EmbeddedIdentity;
import dev.tern.api.identity.IdentitySettings;
import dev.tern.api.keystone.KeystoneSettings;
import dev.tern.api.policy.Policy;
import dev.tern.api.quotas.QuotaSettings;
import dev.tern.api.request.ArgumentResolver;
import dev.tern.api.request.Authentication;
import dev.tern.api.request.KnownRequestsOnly;
import dev.tern.api.request.RateLimitSettings;
import dev.tern.api.request.RateLimits;
import dev.tern.api.request.RequestFilter;
import dev.tern.api.trail.TrailKeeping;
import dev.tern.api.version.OfferedCheck;
import dev.tern.contract.tracing.Tracing;
import dev.tern.store.ForecastSettings;
import dev.tern.store.IdempotencyStore;
import java.net.InetAddress;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** The API itself; where its stores come from is somebody else's. */
@Configuration(proxyBeanMethods = false)
@ComponentScan({
  "dev.tern.api.account",
  "dev.tern.api.actions",
  "dev.tern.api.aggregates",
  "dev.tern.api.audit",
  "dev.tern.api.console",
  "dev.tern.api.dashboard",
  "dev.tern.api.deadletters",
  "dev.tern.api.decisions",
  "dev.tern.api.disks",
  "dev.tern.api.drains",
  "dev.tern.api.errors",
  "dev.tern.api.flavors",
  "dev.tern.api.groups",
  "dev.tern.api.cold",
  "dev.tern.api.evacuate",
  "dev.tern.api.events",
  "dev.tern.api.hosts",
  "dev.tern.api.hypervisors",
  "dev.tern.api.images",
  "dev.tern.api.keypairs",
  "dev.tern.api.life",
  "dev.tern.api.migrations",
  "dev.tern.api.networks",
  "dev.tern.api.openapi",
  "dev.tern.api.preflight",
  "dev.tern.api.quotas",
  "dev.tern.api.servers",
  "dev.tern.api.services",
  "dev.tern.api.trail",
  "dev.tern.api.usage",
  "dev.tern.api.version"
})
@Import({IdentityConfiguration.class, EmbeddedIdentity.class, TrailKeeping.class})
@EnableConfigurationProperties({
  ApiSettings.class,
  DeadLetterSettings.class,
  EventSettings.class,
  ForecastSettings.class,
  IdempotencySettings.class,
  IdentitySettings.class,
  KeystoneSettings.class,
  QuotaSettings.class,
  RateLimitSettings.class
})
public class ApiConfiguration implements WebMvcConfigurer {
  private final ApiSettings settings;
  private final IdentitySettings identity;

  public ApiConfiguration(ApiSettings settings, IdentitySettings identity) {
    this.settings = settings;
    this.identity = identity;
  }

  /** Whether somebody who comes without a token is an administrator. */
  private boolean isOpen() {
    return switch (settings.auth()) {
      case NONE -> true;
      case KEYSTONE -> false;
      case EMBEDDED -> identity.tokenOptional();
    };
  }

  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> loopbackOnly(
      @Value("${management.server.port:-1}") int port,
      @Value("${management.server.address:0.0.0.0}") InetAddress address) {
    LoopbackOnly loopback = new LoopbackOnly(settings, isOpen());
    loopback.check(port >= 0, address);
    return loopback;
  }

  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> novaErrors() {
    return new ContainerErrors();
  }

  @Bean
  FilterRegistrationBean<RequestFilter> requestFilter(
      Authentication authentication,
      Policy policy,
      RateLimitSettings limits,
      Clock clock,
      Supplier<UUID> newIds,
      ObjectProvider<Tracing> tracing) {
    FilterRegistrationBean<RequestFilter> filter =
        new FilterRegistrationBean<>(
            new RequestFilter(
                authentication,
                policy,
                new RateLimits(limits, clock),
                newIds,
                settings.publicUrl(),
                tracing.getIfAvailable(() -> Tracing.OFF)));
    filter.setOrder(Ordered.HIGHEST_PRECEDENCE + 10);
    return filter;
  }

  @Bean
  FilterRegistrationBean<IdempotencyFilter> idempotencyFilter(
      IdempotencyStore store, IdempotencySettings keys) {
    FilterRegistrationBean<IdempotencyFilter> filter =
        new FilterRegistrationBean<>(
            new IdempotencyFilter(store, keys, (int) settings.maxBodySize().toBytes()));
    filter.setOrder(Ordered.HIGHEST_PRECEDENCE + 20);
    return filter;
  }

  @Bean
  FilterRegistrationBean<OwnHostsOnly> ownHostsOnly() {
    FilterRegistrationBean<OwnHostsOnly> filter =
        new FilterRegistrationBean<>(new OwnHostsOnly(settings, isOpen()));
    filter.setOrder(Ordered.HIGHEST_PRECEDENCE + 5);
    return filter;
  }

  @Override
  public void addArgumentResolvers(List<HandlerMethodArgumentResolver> resolvers) {
    resolvers.add(new ArgumentResolver((int) settings.maxBodySize().toBytes()));
  }

  @Override
  public void addInterceptors(InterceptorRegistry registry) {
    registry.addInterceptor(new KnownRequestsOnly());
    registry.addInterceptor(new OfferedCheck()).addPathPatterns("/v2.1/**");
  }
}
