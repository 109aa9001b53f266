package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.virt.StreamKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The keys of two hosts")
class StreamKeysTest {
  private static final Header MOVE = header(5);

  @TempDir Path directory;
  private final SecureRandom random = new SecureRandom();
  private StreamKeys here;
  private StreamKeys there;

  @BeforeEach
  void twoHosts() throws Exception {
    Durable.directory(directory.resolve("here"));
    Durable.directory(directory.resolve("there"));
    here = keys("here");
    there = keys("there");
  }

  private StreamKeys keys(String host) {
    return new StreamKeys(directory.resolve(host), random, false);
  }

  private void agree(Header header) throws Exception {
    Optional<String> first = there.agree(header, Optional.empty()).publicHalf();
    Optional<String> second = here.agree(header, first).publicHalf();
    there.agree(header, second);
  }

  @Test
  @Tag("S79")
  void are_alike_and_unlike_those_of_every_other_migration() throws Exception {
    agree(MOVE);
    StreamKey key = here.stream(MOVE).orElseThrow();
    assertThat(there.stream(MOVE)).contains(key);
    agree(header(6));
    StreamKey next = here.stream(header(6)).orElseThrow();
    assertThat(there.stream(header(6))).contains(next);
    assertThat(next.secret()).isNotEqualTo(key.secret());
    assertThat(next.identity()).isNotEqualTo(key.identity());
    // The earlier one went when the later began.
    assertThat(here.agreed(MOVE)).isEmpty();
  }

  @Test
  void are_the_same_however_often_the_hosts_are_asked_and_whenever_their_agents_restart()
      throws Exception {
    Optional<String> first = there.agree(MOVE, Optional.empty()).publicHalf();
    there = keys("there");
    assertThat(there.agree(MOVE, Optional.empty()).publicHalf()).isEqualTo(first);
    Optional<String> second = here.agree(MOVE, first).publicHalf();
    here = keys("here");
    assertThat(here.agree(MOVE, first).publicHalf()).isEqualTo(second);
    assertThat(here.agree(MOVE, Optional.empty()).publicHalf()).isEqualTo(second);
    there.agree(MOVE, second);
    there.agree(MOVE, second);
    assertThat(keys("there").stream(MOVE)).isEqualTo(keys("here").stream(MOVE)).isPresent();
  }

  @Test
  @Tag("S92")
  void are_never_what_travels() throws Exception {
    String first = there.agree(MOVE, Optional.empty()).publicHalf().orElseThrow();
    String second = here.agree(MOVE, Optional.of(first)).publicHalf().orElseThrow();
    there.agree(MOVE, Optional.of(second));
    byte[] secret = here.stream(MOVE).orElseThrow().secret();
    String kept = read(directory.resolve("here"));
    assertThat(kept).contains(second, first);
    String secretHalf = kept.split(" ")[0];
    assertThat(first + second).doesNotContain(secretHalf);
    assertThat(kept).doesNotContain(Base64.getEncoder().encodeToString(secret));
    assertThat(here.agreed(MOVE).orElseThrow().toString())
        .doesNotContain(Base64.getEncoder().encodeToString(secret));
  }

  @Test
  void are_in_files_of_the_agents_user_alone() throws Exception {
    agree(MOVE);
    try (Stream<Path> files = Files.list(directory.resolve("here"))) {
      Path file = files.toList().getFirst();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
    }
    assertThat(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("here"))))
        .isEqualTo("rwx------");
  }

  @Test
  @Tag("N14")
  void end_for_good() throws Exception {
    agree(MOVE);
    StreamKey key = here.stream(MOVE).orElseThrow();
    here.end(TwoHosts.SERVER);
    here.end(TwoHosts.SERVER);
    there.end(TwoHosts.SERVER);
    assertThat(directory.resolve("here")).isEmptyDirectory();
    assertRefused(ErrorCode.INSTANCE_INVALID_STATE, () -> here.stream(MOVE));
    // Even the same request again makes another key.
    agree(MOVE);
    assertThat(here.stream(MOVE).orElseThrow().secret()).isNotEqualTo(key.secret());
  }

  @Test
  void are_not_there_before_both_halves_are() throws Exception {
    Optional<String> first = there.agree(MOVE, Optional.empty()).publicHalf();
    assertRefused(ErrorCode.INSTANCE_INVALID_STATE, () -> there.stream(MOVE));
    here.agree(MOVE, first);
    assertThat(here.stream(MOVE)).isPresent();
    assertRefused(ErrorCode.INSTANCE_INVALID_STATE, () -> there.stream(MOVE));
  }

  @Test
  void are_not_exchanged_for_others_under_way() throws Exception {
    agree(MOVE);
    StreamKey key = here.stream(MOVE).orElseThrow();
    Files.createDirectory(directory.resolve("stranger"));
    Optional<String> other = keys("stranger").agree(MOVE, Optional.empty()).publicHalf();
    assertRefused(ErrorCode.INSTANCE_INVALID_STATE, () -> here.agree(MOVE, other));
    assertThat(here.stream(MOVE)).contains(key);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "AAAA",
        "not base 64!",
        // The point of order one: whatever the other half is, the secret would be the same.
        "MCowBQYDK2VuAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
      })
  void are_not_made_with_a_half_that_is_none(String half) throws Exception {
    assertRefused(ErrorCode.INVALID_INPUT, () -> here.agree(MOVE, Optional.of(half)));
    assertRefused(ErrorCode.INVALID_INPUT, () -> here.agree(MOVE, Optional.of("A".repeat(4000))));
    assertThat(here.agreed(MOVE)).isEmpty();
  }

  @Test
  void are_none_where_streams_are_plaintext() throws Exception {
    StreamKeys plain = new StreamKeys(directory.resolve("here"), random, true);
    assertThat(plain.agree(MOVE, Optional.of("x")).publicHalf()).isEmpty();
    assertThat(plain.stream(MOVE)).isEmpty();
    assertThat(directory.resolve("here")).isEmptyDirectory();
  }

  @Test
  @Tag("S143")
  void seal_small_secrets_for_the_other_host_alone() throws Exception {
    agree(MOVE);
    byte[] secret = "open sesame".getBytes(UTF_8);
    AgreedKey mine = here.agreed(MOVE).orElseThrow();
    AgreedKey theirs = there.agreed(MOVE).orElseThrow();
    String sealed = mine.seal("passphrase of disk0", secret, random);
    assertThat(theirs.open("passphrase of disk0", sealed)).isEqualTo(secret);
    assertThat(mine.seal("passphrase of disk0", secret, random)).isNotEqualTo(sealed);
    assertThat(new String(Base64.getDecoder().decode(sealed), US_ASCII)).doesNotContain("sesame");
    assertRefused(ErrorCode.INVALID_INPUT, () -> theirs.open("passphrase of disk1", sealed));
    byte[] changed = Base64.getDecoder().decode(sealed);
    changed[changed.length - 1] ^= 1;
    for (String bad : new String[] {"", "!", "AAAA", Base64.getEncoder().encodeToString(changed)}) {
      assertRefused(ErrorCode.INVALID_INPUT, () -> theirs.open("passphrase of disk0", bad));
    }
    agree(header(6));
    AgreedKey next = there.agreed(header(6)).orElseThrow();
    assertRefused(ErrorCode.INVALID_INPUT, () -> next.open("passphrase of disk0", sealed));
    assertThatThrownBy(() -> mine.seal("x", new byte[AgreedKey.LONGEST_SECRET + 1], random))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static String read(Path directory) throws Exception {
    try (Stream<Path> files = Files.list(directory)) {
      return Files.readString(files.toList().getFirst(), US_ASCII).strip();
    }
  }

  private static void assertRefused(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ComputeException.class, e -> assertThat(e.code()).isEqualTo(code));
  }
}
