package dev.tern.api.request;

import dev.tern.contract.Setting;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** How much one project may ask. */
@Validated
@ConfigurationProperties("tern.api.rate-limit")
public record RateLimitSettings(
    @Setting(
            "How many requests a second one project may send to one copy of this API in the long run; more are answered 429 with Retry-After. 0 is no limit. Administrators have the limit of their project, too.")
        @DefaultValue("0")
        @Min(0)
        @Max(1_000_000)
        int perSecond,
    @Setting("How many requests a project may send at once on top of that.")
        @DefaultValue("100")
        @Min(1)
        @Max(10_000_000)
        int burst) {}
