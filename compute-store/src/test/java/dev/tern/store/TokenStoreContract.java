package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.store.TokenStore.TokenRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What every store of tokens keeps. */
abstract class TokenStoreContract {
  /** Long ago, so that no other test's tokens are in between. */
  private static final Instant BEGIN = Instant.parse("2001-01-01T00:00:00Z");

  abstract Stores stores();

  private static TokenRecord token(Duration life) {
    String digest = (UUID.randomUUID().toString() + UUID.randomUUID()).replace("-", "");
    return new TokenRecord(digest, "gull", "sea", "", "print", "a b", BEGIN, BEGIN.plus(life));
  }

  @Test
  void is_found_as_it_was_kept_until_it_is_removed() {
    TokenRecord token = token(Duration.ofHours(1));
    stores().tokens().keep(token);
    assertThat(stores().tokens().find(token.digest())).contains(token);
    stores().tokens().remove(token.digest());
    stores().tokens().remove(token.digest());
    assertThat(stores().tokens().find(token.digest())).isEmpty();
  }

  @Test
  void is_forgotten_when_its_time_is_over_the_oldest_first() {
    TokenRecord shortest = token(Duration.ofMinutes(1));
    TokenRecord middle = token(Duration.ofMinutes(2));
    TokenRecord longest = token(Duration.ofMinutes(9));
    stores().tokens().keep(middle);
    stores().tokens().keep(longest);
    stores().tokens().keep(shortest);
    Instant then = BEGIN.plus(Duration.ofMinutes(5));
    assertThat(stores().tokens().purge(then, 1)).isEqualTo(1);
    assertThat(stores().tokens().find(shortest.digest())).isEmpty();
    assertThat(stores().tokens().find(middle.digest())).isPresent();
    assertThat(stores().tokens().purge(then, 10)).isEqualTo(1);
    assertThat(stores().tokens().find(longest.digest())).isPresent();
    stores().tokens().remove(longest.digest());
  }
}
