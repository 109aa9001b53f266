package dev.tern.api.keystone;

import dev.tern.contract.Setting;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** The Keystone that {@code tern.api.auth=keystone} asks, and as whom. */
@Validated
@ConfigurationProperties("tern.api.keystone")
public record KeystoneSettings(
    @Setting(
            "Where Keystone is, as this API reaches it, with or without /v3; needed with auth=keystone.")
        Optional<String> url,
    @Setting(
            "Where clients reach Keystone, told to those that come without a good token; the same as url if not given.")
        Optional<String> publicUrl,
    @Setting("The service user that asks Keystone about tokens.") Optional<String> username,
    @Setting("The service user's password.") Optional<String> password,
    @Setting("The project that the service user logs into.") @DefaultValue("service") @NotNull
        String project,
    @Setting("The service user's domain, by name.") @DefaultValue("Default") @NotNull
        String userDomain,
    @Setting("The domain of the service user's project, by name.") @DefaultValue("Default") @NotNull
        String projectDomain,
    @Setting("An application credential of the service user, instead of name and password.")
        Optional<String> applicationCredentialId,
    @Setting("The application credential's secret.") Optional<String> applicationCredentialSecret,
    @Setting("How long one question to Keystone may take; the answer is 503 after that.")
        @DefaultValue("5s")
        @NotNull
        Duration deadline,
    @Setting(
            "How long a good token is believed without asking again, and at most until it expires: a revoked one works so long. 0 asks each time.")
        @DefaultValue("300s")
        @NotNull
        Duration cacheTime,
    @Setting("How long a bad token is refused without asking again.") @DefaultValue("10s") @NotNull
        Duration refusedCacheTime,
    @Setting("How many tokens are remembered; the one that was not used for longest goes first.")
        @DefaultValue("10000")
        @Min(1)
        int cacheSize,
    @Setting(
            "Roles of services: whose token is in X-Service-Token and has one of them vouches for a user's token that has expired.")
        @DefaultValue("service")
        @NotNull
        List<String> serviceRoles) {
  /** Holds no secrets. */
  @Override
  public String toString() {
    return "Keystone at " + url.orElse("nowhere");
  }
}
