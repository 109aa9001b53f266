package dev.tern.api.identity;

import dev.tern.contract.Setting;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** The identity service of {@code tern.api.auth=embedded}. */
@Validated
@ConfigurationProperties("tern.api.identity")
public record IdentitySettings(
    @Setting(
            "The file of users, projects and roles (docs/security.md), the same for every copy of the API; needed with auth=embedded. Read again when it changes.")
        Optional<String> usersFile,
    @Setting(
            "Whether who comes without a token is the administrator, as with auth=none; this API then listens on loopback only. ./tern up sets it.")
        @DefaultValue("false")
        boolean tokenOptional,
    @Setting("How long a token is good.") @DefaultValue("4h") @NotNull Duration tokenTime,
    @Setting("The region's name in the catalog.") @DefaultValue("RegionOne") @NotNull String region,
    @Setting(
            "How many wrong passwords one address may send for one user within wrong-tries-time; more are answered 429. Counted by each copy of the API.")
        @DefaultValue("10")
        @Min(1)
        int wrongTries,
    @Setting("How long a wrong password counts.") @DefaultValue("5m") @NotNull
        Duration wrongTriesTime,
    @Setting("How many passwords are checked at once; each takes a processor for a moment.")
        @DefaultValue("2")
        @Min(1)
        @Max(256)
        int checksAtOnce,
    @Setting(
            "Roles of services: whose token is in X-Service-Token and has one of them vouches for the request.")
        @DefaultValue("service")
        @NotNull
        List<String> serviceRoles) {}
