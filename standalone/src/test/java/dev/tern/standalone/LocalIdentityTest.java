package dev.tern.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.identity.PasswordHash;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The users of ./tern up")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LocalIdentityTest {
  private static final Pattern HASH = Pattern.compile("password: (pbkdf2-\\S+)");
  private static final URI API = URI.create("http://127.0.0.1:8774/");

  @TempDir Path data;

  private Map<String, String> start(Map<String, String> asked) throws IOException {
    LocalIdentity identity = new LocalIdentity(data);
    Map<String, String> settings = identity.prepare(asked);
    identity.writeClouds(API);
    return settings;
  }

  private String read(String file) throws IOException {
    return Files.readString(data.resolve(file));
  }

  @Test
  void have_files_for_their_own_user_alone() throws Exception {
    start(Map.of());
    try (Stream<Path> files = Files.walk(data)) {
      assertThat(files.filter(Files::isRegularFile))
          .extracting(file -> data.relativize(file) + " " + permissions(file))
          .containsExactlyInAnyOrder(
              "clouds.yaml rw-------",
              "identity/users.yaml rw-------",
              "identity/password rw-------",
              "identity/agents-password rw-------");
    }
    assertThat(permissions(data.resolve("identity"))).isEqualTo("rwx------");
  }

  private static String permissions(Path file) {
    try {
      return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void have_passwords_of_which_the_users_file_has_hashes() throws Exception {
    start(Map.of());
    List<PasswordHash> hashes =
        HASH.matcher(read("identity/users.yaml"))
            .results()
            .map((MatchResult found) -> PasswordHash.parse(found.group(1)))
            .toList();
    assertThat(hashes).hasSize(2);
    String admins = read("identity/password");
    assertThat(hashes.getFirst().matches(admins)).isTrue();
    assertThat(hashes.getLast().matches(read("identity/agents-password"))).isTrue();
    assertThat(hashes.getLast().matches(admins)).isFalse();
    assertThat(read("clouds.yaml"))
        .contains("password: " + admins, "auth_url: http://127.0.0.1:8774/identity/v3");
    assertThat(read("identity/users.yaml")).doesNotContain(admins);
  }

  @Test
  void stay_over_starts() throws Exception {
    start(Map.of());
    String users = read("identity/users.yaml");
    String clouds = read("clouds.yaml");
    start(Map.of());
    assertThat(read("identity/users.yaml")).isEqualTo(users);
    assertThat(read("clouds.yaml")).isEqualTo(clouds);
  }

  @Test
  void stay_as_a_person_changed_them() throws Exception {
    start(Map.of());
    String changed = read("identity/users.yaml").replace("- name: admin", "- name: me");
    Files.writeString(data.resolve("identity/users.yaml"), changed);
    Files.delete(data.resolve("identity/password"));
    Files.delete(data.resolve("clouds.yaml"));
    start(Map.of());
    assertThat(read("identity/users.yaml")).isEqualTo(changed);
    // Nobody here knows that person's password.
    assertThat(data.resolve("clouds.yaml")).doesNotExist();
    assertThat(data.resolve("identity/password")).doesNotExist();
  }

  @Test
  void need_no_token_unless_that_is_asked_for() throws Exception {
    assertThat(start(Map.of()))
        .containsEntry("tern.api.auth", "embedded")
        .containsEntry("tern.api.identity.token-optional", "true")
        .doesNotContainKey("tern.agent.image-identity.username");
  }

  @Test
  void are_the_agents_too_where_a_token_is_needed() throws Exception {
    for (Map<String, String> asked :
        List.of(
            Map.of("tern.api.auth", "embedded"),
            Map.of("tern.api.identity.token-optional", "false"))) {
      assertThat(start(asked))
          .containsEntry("tern.api.auth", "embedded")
          .containsEntry("tern.api.identity.token-optional", "false")
          .containsEntry("tern.agent.image-identity.username", "tern-agent")
          .containsEntry(
              "tern.agent.image-identity.password-file",
              data.resolve("identity/agents-password").toString());
    }
  }

  @Test
  void are_left_to_who_says_where_they_are() {
    assertThat(LocalIdentity.isFor(Map.of())).isTrue();
    assertThat(LocalIdentity.isFor(Map.of("tern.api.auth", "embedded"))).isTrue();
    assertThat(LocalIdentity.isFor(Map.of("tern.api.auth", "keystone"))).isFalse();
    assertThat(LocalIdentity.isFor(Map.of("tern.api.auth", "none"))).isFalse();
    assertThat(LocalIdentity.isFor(Map.of("tern.api.identity.users-file", "x"))).isFalse();
  }
}
