package dev.tern.agent;

import dev.tern.contract.Setting;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * As whom the image service is asked. Nobody, unless there is an address to log in at; then by name
 * and password or by an application credential. Secrets are in files, so that no settings hold
 * them.
 */
public record ImageIdentity(
    @Setting(
            "Keystone, or an API with auth=embedded (…/identity/v3), with or without /v3: where this"
                + " agent logs in to fetch and send images. None asks the image service without a"
                + " token.")
        Optional<URI> authUrl,
    @Setting(
            "The user to log in as. It has to see images of every project and to send any, so its"
                + " role in its project is admin.")
        Optional<String> username,
    @Setting("File with the user's password, read at each login; blanks around it are left out.")
        Optional<String> passwordFile,
    @Setting("The project to log into.") @DefaultValue("service") String project,
    @Setting("The user's domain, by name.") @DefaultValue("Default") String userDomain,
    @Setting("The project's domain, by name.") @DefaultValue("Default") String projectDomain,
    @Setting("An application credential's id, instead of user and password.")
        Optional<String> applicationCredentialId,
    @Setting("File with the application credential's secret, read at each login.")
        Optional<String> applicationCredentialSecretFile,
    @Setting("How long one login may take.") @DefaultValue("5s") Duration deadline) {

  /** Asks without a token. */
  public static final ImageIdentity NONE =
      new ImageIdentity(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          "service",
          "Default",
          "Default",
          Optional.empty(),
          Optional.empty(),
          Duration.ofSeconds(5));

  public ImageIdentity {
    boolean named = username.isPresent() && passwordFile.isPresent();
    boolean credential =
        applicationCredentialId.isPresent() && applicationCredentialSecretFile.isPresent();
    boolean any =
        username.isPresent()
            || passwordFile.isPresent()
            || applicationCredentialId.isPresent()
            || applicationCredentialSecretFile.isPresent();
    if (authUrl.isPresent() ? named == credential : any) {
      throw new IllegalArgumentException(
          "tern.agent.image-identity needs auth-url and either username and password-file, or"
              + " application-credential-id and application-credential-secret-file");
    }
    if (authUrl.isPresent() && !authUrl.get().toString().matches("https?://[^/?#\\s]+[^?#\\s]*")) {
      throw new IllegalArgumentException(
          "tern.agent.image-identity.auth-url is no address like https://host:5000/v3");
    }
    if (!deadline.isPositive()) {
      throw new IllegalArgumentException("tern.agent.image-identity.deadline is above 0");
    }
  }
}
