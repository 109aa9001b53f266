package dev.tern.api;

import dev.tern.contract.Setting;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/** The API process. */
@Validated
@ConfigurationProperties("tern.api")
public record ApiSettings(
    @Setting(
            "Where the bytes of images are kept. Every copy of the API must see the same directory.")
        @DefaultValue("data/images")
        @NotNull
        Path imageDirectory,
    @Setting("Largest image that may be uploaded; a larger one is refused while it arrives.")
        @DefaultValue("64GB")
        @NotNull
        DataSize maxImageSize,
    @Setting("Largest body of a request that is not an image; a larger one is answered 413.")
        @DefaultValue("256KB")
        @NotNull
        DataSize maxBodySize,
    @Setting("Largest number of servers one request may make.")
        @DefaultValue("100")
        @Min(1)
        @Max(1000)
        int maxServersPerRequest,
    @Setting(
            "How long a live migration below microversion 2.34 waits for the checks; past it the answer is 202, and the migration goes on.")
        @DefaultValue("60s")
        @NotNull
        Duration migrationCheckDeadline,
    @Setting("A host or conductor that was not heard of for longer is down.")
        @DefaultValue("60s")
        @NotNull
        Duration serviceDownAfter,
    @Setting(
            "How long one host may take to tell an audit what it has; it is unknown after that. A host with differences is asked twice.")
        @DefaultValue("10s")
        @NotNull
        Duration auditDeadline,
    @Setting(
            "The address under which clients reach this API, for links, if it is not the one they name in the Host header; for example behind a proxy.")
        Optional<String> publicUrl,
    @Setting(
            "Who says who asks: none believes everybody and listens on loopback only; keystone asks a Keystone v3 (tern.api.keystone); embedded is a small identity service of this API's own, with users from a file (tern.api.identity).")
        @DefaultValue("none")
        @NotNull
        Auth auth,
    @Setting(
            "A file of rules in oslo.policy's form (YAML or JSON) that take the places of Nova's, by name; docs/policies.md lists them. Read at the start.")
        Optional<String> policyFile,
    @Setting(
            "Whether this API may listen on addresses other than loopback without TLS, or without authentication: then anybody who reaches it is an administrator.")
        @DefaultValue("false")
        boolean insecure) {
  /** Who says who asks. */
  public enum Auth {
    NONE,
    KEYSTONE,
    EMBEDDED
  }
}
