package dev.tern.client.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.client.Endpoint;
import dev.tern.client.Login;
import dev.tern.client.Pace;
import dev.tern.client.TernClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("./tern, where one has to log in,")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LoginTest {
  @TempDir Path folder;
  private FakeTern tern;
  private FakeIdentity identity;

  @BeforeEach
  void start() throws Exception {
    tern = new FakeTern();
    tern.server("web");
    identity = new FakeIdentity(tern);
  }

  @AfterEach
  void stop() {
    identity.close();
    tern.close();
  }

  private Map<String, String> variables(String password) {
    Map<String, String> variables = new HashMap<>();
    variables.put("OS_AUTH_URL", identity.url() + "/v3/");
    variables.put("OS_USERNAME", "gull");
    variables.put("OS_PASSWORD", password);
    variables.put("OS_PROJECT_NAME", "sea");
    variables.put("OS_REGION_NAME", "one");
    return variables;
  }

  private Path clouds() throws Exception {
    return Files.writeString(
        folder.resolve("clouds.yaml"),
        """
        clouds:
          tern:
            auth_type: password
            auth:
              auth_url: %1$s
              username: gull
              password: hushhush
              project_name: sea
              user_domain_name: Default
              project_domain_name: Default
            region_name: one
          other:
            auth: {auth_url: "%1$s", username: hawk, password: hushhush, project_name: sea}
        """
            .formatted(identity.url()));
  }

  private static void lists(Map<String, String> environment) {
    Typed typed = Typed.type(environment, "list");
    assertThat(typed.status()).as("%s", typed).isZero();
    assertThat(typed.out()).contains("web");
  }

  private static String wrongly(Map<String, String> environment) {
    Typed typed = Typed.type(environment, "list");
    assertThat(typed.status()).as("%s", typed).isEqualTo(2);
    assertThat(typed.err()).doesNotContain("hushhush");
    return typed.err();
  }

  @Test
  void is_refused_without_a_login() {
    Typed typed = Typed.type(tern, "list");
    assertThat(typed.status()).isEqualTo(1);
  }

  @Test
  void logs_in_by_variables_and_finds_the_compute_service_of_the_region() {
    lists(variables("hushhush"));
  }

  @Test
  void logs_in_by_an_application_credential() {
    lists(
        Map.of(
            "OS_AUTH_URL", identity.url(),
            "OS_APPLICATION_CREDENTIAL_ID", "c0ffee",
            "OS_APPLICATION_CREDENTIAL_SECRET", "hushhush",
            "OS_REGION_NAME", "one"));
  }

  @Test
  void logs_in_at_a_cloud_of_a_file() throws Exception {
    lists(Map.of("OS_CLIENT_CONFIG_FILE", clouds().toString(), "OS_CLOUD", "tern"));
  }

  @Test
  void finds_the_file_at_home_and_takes_its_only_cloud() throws Exception {
    Path config = Files.createDirectories(folder.resolve(".config/openstack"));
    String all = Files.readString(clouds());
    Files.writeString(config.resolve("clouds.yaml"), all.substring(0, all.indexOf("  other:")));
    lists(Map.of("HOME", folder.toString(), "OS_CLOUD", "tern"));
    lists(Map.of("OS_CLIENT_CONFIG_FILE", config.resolve("clouds.yaml").toString()));
  }

  @Test
  void says_which_clouds_there_are() throws Exception {
    String file = clouds().toString();
    assertThat(wrongly(Map.of("OS_CLIENT_CONFIG_FILE", file))).contains("OS_CLOUD", "tern, other");
    assertThat(wrongly(Map.of("OS_CLIENT_CONFIG_FILE", file, "OS_CLOUD", "sky")))
        .contains("no cloud 'sky'");
    assertThat(wrongly(Map.of("OS_CLIENT_CONFIG_FILE", folder.resolve("none").toString())))
        .contains("no file");
    Files.writeString(clouds(), "clouds: [hushhush");
    assertThat(wrongly(Map.of("OS_CLIENT_CONFIG_FILE", file))).contains("no YAML");
  }

  @Test
  void asks_where_it_is_told_whatever_the_catalog_says() {
    Map<String, String> variables = variables("hushhush");
    variables.put("OS_REGION_NAME", "two");
    variables.put("TERN_ENDPOINT", tern.endpoint());
    lists(variables);
  }

  @Test
  void says_that_nobody_told_it_where_to_ask() {
    identity.hasNoCatalog();
    Typed typed = Typed.type(variables("hushhush"), "list");
    assertThat(typed.status()).isEqualTo(1);
    assertThat(typed.err()).contains("TERN_ENDPOINT");
  }

  @Test
  void says_who_was_refused_where_and_not_the_password() {
    Typed typed = Typed.type(variables("wrong-word"), "list");
    assertThat(typed.status()).isEqualTo(1);
    assertThat(typed.err())
        .contains("gull", identity.url(), "requires authentication")
        .doesNotContain("wrong-word");
  }

  @Test
  void exits_3_when_nobody_answers_there() {
    identity.close();
    Typed typed = Typed.type(variables("hushhush"), "list");
    assertThat(typed.status()).isEqualTo(3);
    assertThat(typed.err()).contains("auth_url");
  }

  private Map<String, String> secured(TlsFront there, TlsFront here) {
    Map<String, String> variables = variables("hushhush");
    variables.put("OS_AUTH_URL", there.url() + "/identity");
    variables.put("TERN_ENDPOINT", here.url() + "/v2.1");
    return variables;
  }

  @Test
  void believes_the_authorities_it_is_told_and_no_others() throws Exception {
    TlsFront.Certificate own = TlsFront.certificate(folder, "own", "san=ip:127.0.0.1");
    TlsFront.Certificate other = TlsFront.certificate(folder, "other", "san=ip:127.0.0.1");
    try (TlsFront there = new TlsFront(own, identity.url());
        TlsFront here = new TlsFront(own, tern.endpoint())) {
      Map<String, String> variables = secured(there, here);
      Typed typed = Typed.type(variables, "list");
      assertThat(typed.status()).as("%s", typed).isEqualTo(3);
      assertThat(typed.err()).contains("not trusted", "cacert");
      variables.put("OS_CACERT", other.pem().toString());
      assertThat(Typed.type(variables, "list").status()).isEqualTo(3);
      variables.put("OS_CACERT", own.pem().toString());
      lists(variables);
      tern.token = "given";
      variables.put("OS_TOKEN", "given");
      lists(variables);
      variables.remove("OS_CACERT");
      assertThat(Typed.type(variables, "list").status()).isEqualTo(3);
    }
  }

  @Test
  void reads_whom_to_believe_from_the_clouds_file() throws Exception {
    TlsFront.Certificate strange = TlsFront.certificate(folder, "strange", "san=dns:elsewhere");
    TlsFront.Certificate own = TlsFront.certificate(folder, "own", "san=ip:127.0.0.1");
    try (TlsFront there = new TlsFront(own, identity.url());
        TlsFront here = new TlsFront(own, tern.endpoint());
        TlsFront wrong = new TlsFront(strange, identity.url())) {
      Map<String, String> file = new HashMap<>();
      file.put("TERN_ENDPOINT", here.url() + "/v2.1");
      file.put("OS_CLIENT_CONFIG_FILE", believing(there, "cacert: " + own.pem()));
      lists(file);
      file.put("OS_CLIENT_CONFIG_FILE", believing(wrong, "cacert: " + strange.pem()));
      assertThat(Typed.type(file, "list").status()).as("another's name").isEqualTo(3);
      file.put("OS_CLIENT_CONFIG_FILE", believing(wrong, "verify: false"));
      lists(file);
      file.put("OS_CLIENT_CONFIG_FILE", believing(there, "cacert: " + folder.resolve("none")));
      assertThat(wrongly(file)).contains("cacert", "none");
    }
  }

  private String believing(TlsFront there, String line) throws Exception {
    String text = Files.readString(clouds());
    String only = text.substring(0, text.indexOf("  other:"));
    return Files.writeString(
            folder.resolve("believing.yaml"),
            only.replace(identity.url(), there.url() + "/identity") + "    " + line + "\n")
        .toString();
  }

  @Test
  void says_what_a_login_lacks() {
    Map<String, String> variables = variables("hushhush");
    variables.remove("OS_PASSWORD");
    assertThat(wrongly(variables)).contains("password");
    variables = variables("hushhush");
    variables.put("OS_AUTH_URL", "keystone:5000");
    assertThat(wrongly(variables)).contains("auth_url");
  }

  @Test
  void takes_a_token_that_is_given_instead() {
    tern.token = "given";
    Map<String, String> variables = variables("hushhush");
    variables.put("OS_TOKEN", "given");
    variables.put("TERN_ENDPOINT", tern.endpoint());
    lists(variables);
    assertThat(identity.logins).hasValue(0);
  }

  @Test
  void logs_in_again_when_the_token_ends_meanwhile() throws Exception {
    Login login = Login.of(variables("hushhush")).orElseThrow();
    Login.Session session = login.logIn();
    TernClient client =
        new TernClient(
            Endpoint.of(tern.endpoint(), Optional.of(session.token())),
            Optional.of(login),
            Pace.REAL);
    client.server("web");
    tern.token = "another";
    assertThat(client.server("web")).isNotNull();
    assertThat(identity.logins).hasValue(2);
    assertThat(session.toString()).doesNotContain(session.token());
  }
}
