package dev.tern.contract.amqp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.amqp.MalformedMessageException.Reason;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("A message from outside")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class WireTest {
  private static final String HEADER =
      "{'request':'req-0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01',"
          + "'server':'0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01','epoch':3,'migration':null}";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          NOT_JSON        | no json
          NOT_JSON        | {'version':1
          NOT_JSON        | {'version':1,'version':1,'kind':'AgentRequest','message':{}}
          NO_ENVELOPE     | []
          NO_ENVELOPE     | 7
          NO_ENVELOPE     | {}
          NO_ENVELOPE     | {'version':'1','kind':'AgentRequest','message':{}}
          NO_ENVELOPE     | {'version':1,'kind':'AgentRequest','message':[]}
          NEWER_VERSION   | {'version':2,'kind':'AgentRequest','message':{}}
          WRONG_KIND      | {'version':1,'kind':'AgentAnswer','message':{}}
          UNKNOWN_TYPE    | {'version':1,'kind':'AgentRequest','message':{}}
          UNKNOWN_TYPE    | {'version':1,'kind':'AgentRequest','message':{'type':'FormatDisk'}}
          UNKNOWN_TYPE    | {'version':1,'kind':'AgentRequest','message':{'type':'java.lang.Runtime'}}
          INVALID_CONTENT | {'version':1,'kind':'AgentRequest','message':{'type':'StartServer'}}
          INVALID_CONTENT | {'version':1,'kind':'AgentRequest','message':{'type':'StartServer','header':null}}
          INVALID_CONTENT | {'version':1,'kind':'AgentRequest','message':{'type':'StartServer','header':{'epoch':3}}}
          INVALID_CONTENT | {'version':1,'kind':'AgentRequest','message':{'type':'StopServer','header':HEADER}}
          INVALID_CONTENT | {'version':1,'kind':'AgentRequest','message':{'type':'RetireSource','header':HEADER}}
          INVALID_CONTENT | {'version':1,'kind':'AgentRequest','message':{'type':'RetireSource','header':HEADER,'keepDisks':'yes'}}
          """)
  void that_is_not_one_of_ours_is_refused_with_its_reason(Reason reason, String json) {
    MalformedMessageException refused =
        catchThrowableOfType(
            MalformedMessageException.class,
            () -> Wire.read(AgentRequest.class, bytes(json.replace("HEADER", HEADER))));
    assertThat(refused).as(json).isNotNull();
    assertThat(refused.reason()).isEqualTo(reason);
  }

  @ParameterizedTest
  @CsvSource({
    "../../etc/passwd",
    "0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01/..",
    "1-1-1-1-1",
    "0b9a1f526c1d4b739a632f3b8f3a9c01"
  })
  void that_names_a_server_by_anything_but_a_uuid_is_refused(String server) {
    String json =
        "{'version':1,'kind':'AgentRequest','message':{'type':'StartServer','header':"
            + HEADER.replaceFirst("'server':'[^']*'", "'server':'" + server + "'")
            + "}}";
    MalformedMessageException refused =
        catchThrowableOfType(
            MalformedMessageException.class, () -> Wire.read(AgentRequest.class, bytes(json)));
    assertThat(refused.reason()).isEqualTo(Reason.INVALID_CONTENT);
  }

  @Test
  void that_is_too_large_is_refused_unread() {
    MalformedMessageException refused =
        catchThrowableOfType(
            MalformedMessageException.class,
            () -> Wire.read(AgentRequest.class, new byte[Wire.MAX_BYTES + 1]));
    assertThat(refused.reason()).isEqualTo(Reason.TOO_LARGE);
  }

  @Test
  void that_is_nested_too_deeply_is_refused() {
    String deep = "{'version':1,'kind':'AgentRequest','x':" + "[".repeat(5_000);
    MalformedMessageException refused =
        catchThrowableOfType(
            MalformedMessageException.class, () -> Wire.read(AgentRequest.class, bytes(deep)));
    assertThat(refused.reason()).isEqualTo(Reason.NOT_JSON);
  }

  @Test
  @Tag("S69")
  void may_say_more_than_we_know_and_leave_optional_things_out() throws Exception {
    String json =
        "{'version':1,'kind':'AgentRequest','later':{},'message':{'type':'StartServer','new':[1],'header':"
            + HEADER.replace(",'migration':null", "")
            + "}}";
    AgentRequest read = Wire.read(AgentRequest.class, bytes(json));
    assertThat(read).isInstanceOf(AgentRequest.StartServer.class);
    assertThat(read.header().migration()).isEmpty();
    assertThat(read.header().epoch()).isEqualTo(3);
  }

  private static byte[] bytes(String json) {
    return json.replace('\'', '"').getBytes(UTF_8);
  }
}
