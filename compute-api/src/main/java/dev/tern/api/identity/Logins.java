package dev.tern.api.identity;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.identity.LoginBody.Name;
import dev.tern.api.identity.LoginBody.Proof;
import dev.tern.api.identity.TokenBook.Good;
import dev.tern.api.identity.TokenBook.Issued;
import dev.tern.api.identity.Users.Credential;
import dev.tern.api.identity.Users.Project;
import dev.tern.api.identity.Users.User;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks who somebody is. Whoever fails learns only that: an unknown user takes as long as a wrong
 * password, and tries are limited.
 */
final class Logins {
  private static final Logger log = LoggerFactory.getLogger(Logins.class);
  private static final Duration WAIT = Duration.ofSeconds(5);

  /** Of no password at all: what an unknown user's is compared with. */
  private static final PasswordHash NOBODYS =
      new PasswordHash(PasswordHash.USUAL, "0".repeat(32), "0".repeat(64));

  private final KnownUsers users;
  private final TokenBook tokens;
  private final WrongTries tries;
  private final Semaphore checks;
  private final Clock clock;

  Logins(KnownUsers users, TokenBook tokens, IdentitySettings settings, Clock clock) {
    this.users = users;
    this.tokens = tokens;
    this.tries = new WrongTries(settings.wrongTries(), settings.wrongTriesTime());
    this.checks = new Semaphore(settings.checksAtOnce(), true);
    this.clock = clock;
  }

  /**
   * A new token for whoever showed who they are.
   *
   * @param address where the request came from
   * @throws HttpFailure 401, 429 after too many tries, 503 when too many log in at once
   */
  Issued logIn(LoginBody body, String address) {
    return switch (body.proof()) {
      case Proof.Password(Name name, String password) -> {
        User user =
            proven(
                    name.text(),
                    address,
                    user(name).map(one -> new Known(one, Optional.empty(), one.password())),
                    password)
                .user();
        yield tokens.issue(user, project(user, body), Optional.empty(), Optional.empty());
      }
      case Proof.Secret(Name name, Optional<Name> owner, String secret) -> {
        Known known =
            proven(
                owner.map(Name::text).orElse("") + " " + name.text(),
                address,
                credential(name, owner),
                secret);
        Credential credential = known.credential().orElseThrow();
        yield issued(known.user(), credential);
      }
      case Proof.Token(String value) -> {
        Good from = tokens.find(value).orElseThrow(Logins::refusal);
        if (from.credential().isPresent()) {
          throw new HttpFailure(
              401, "A token of an application credential cannot be changed for another.");
        }
        yield tokens.issue(
            from.user(), project(from.user(), body), Optional.empty(), Optional.of(from));
      }
    };
  }

  private Issued issued(User user, Credential credential) {
    boolean over = credential.expires().filter(end -> !clock.instant().isBefore(end)).isPresent();
    if (over || !user.roles().containsKey(credential.project())) {
      throw refusal();
    }
    return tokens.issue(
        user, Optional.of(credential.project()), Optional.of(credential), Optional.empty());
  }

  /** What is compared, and whose it is. */
  private record Known(User user, Optional<Credential> credential, PasswordHash hash) {}

  private Optional<User> user(Name name) {
    Users now = users.now();
    return name.id().isPresent() ? now.user(name.id().get()) : name.name().flatMap(now::userNamed);
  }

  private Optional<Known> credential(Name name, Optional<Name> owner) {
    Optional<User> user =
        owner.isPresent()
            ? owner.flatMap(this::user)
            : name.id().flatMap(users.now()::withCredential);
    return user.flatMap(one ->
        one.credentials().stream()
            .filter(credential ->
                name.id().isPresent()
                    ? credential.id().equals(name.id().get())
                    : credential.name().equals(name.name().orElse("")))
            .findFirst()
            .map(credential -> new Known(one, Optional.of(credential), credential.secret())));
  }

  private Known proven(String who, String address, Optional<Known> known, String password) {
    String key = address + " " + who;
    tries
        .begin(key, clock.instant())
        .ifPresent(wait -> {
          throw new HttpFailure(
              429,
              "Too many wrong tries. Try again later.",
              Map.of("Retry-After", Long.toString(Math.max(1, wait.toSeconds()))));
        });
    boolean right = matches(known.map(Known::hash).orElse(NOBODYS), password);
    if (!right || known.isEmpty()) {
      log.atInfo().addKeyValue("address", address).log("a login was refused");
      throw refusal();
    }
    tries.forget(key);
    return known.get();
  }

  /** Each check takes a processor for a moment; the API has others to serve. */
  private boolean matches(PasswordHash hash, String password) {
    try {
      if (!checks.tryAcquire(WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
        throw busy();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw busy();
    }
    try {
      return hash.matches(password);
    } finally {
      checks.release();
    }
  }

  private static HttpFailure busy() {
    return new HttpFailure(
        503, "Too many log in at once. Try again later.", Map.of("Retry-After", "5"));
  }

  /** The project that the token is for: the one asked for, which the user has to be in. */
  private Optional<String> project(User user, LoginBody body) {
    if (body.unscoped()) {
      return Optional.empty();
    }
    if (body.project().isEmpty()) {
      return user.defaultProject().filter(user.roles()::containsKey);
    }
    Name name = body.project().get();
    Users now = users.now();
    Optional<Project> project =
        name.id().isPresent()
            ? now.project(name.id().get())
            : name.name().flatMap(now::projectNamed);
    return Optional.of(
        project.map(Project::id).filter(user.roles()::containsKey).orElseThrow(Logins::refusal));
  }

  /** Keystone's words, whatever was wrong. */
  static HttpFailure refusal() {
    return new HttpFailure(401, "The request you have made requires authentication.");
  }
}
