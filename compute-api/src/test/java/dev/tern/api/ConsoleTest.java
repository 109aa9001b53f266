package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.ReadConsole;
import dev.tern.contract.agent.AgentResult.ConsoleOutput;
import dev.tern.contract.amqp.Asked;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The console output of a server")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("S146")
class ConsoleTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String ACTION = "/v2.1/servers/" + SERVER + "/action";

  private final List<ReadConsole> asked = new CopyOnWriteArrayList<>();
  private volatile Function<AgentRequest, Asked<AgentAnswer>> agent = this::answer;
  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
    api.agents.set((_, request, _) -> agent.apply(request));
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void server() {
    api.reset();
    asked.clear();
    agent = this::answer;
    api.conductors.boots(SERVER, "demo", "host1");
  }

  private Asked<AgentAnswer> answer(AgentRequest request) {
    asked.add((ReadConsole) request);
    return new Asked.Answered<>(new AgentAnswer.Done(new ConsoleOutput("boot\nhello \"you\"\n")));
  }

  private TestApi.Answer post(String caller, String body) {
    return api.to(ACTION).as(caller).post(body);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {}               | all
          {"length": null} | all
          {"length": -1}   | all
          {"length": 10}   | 10
          {"length": "7"}  | 7
          {"length": 0}    | 0
          """)
  void is_as_many_lines_as_asked_for(String wish, String lines) {
    TestApi.Answer answer = post("user:demo", "{\"os-getConsoleOutput\": " + wish + "}");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().get("output").stringValue()).isEqualTo("boot\nhello \"you\"\n");
    assertThat(asked)
        .extracting(ReadConsole::lines)
        .containsExactly(
            lines.equals("all") ? Optional.empty() : Optional.of(Integer.parseInt(lines)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"length\": -2}",
        "{\"length\": 1.5}",
        "{\"length\": \"many\"}",
        "{\"length\": []}",
        "{\"lines\": 1}",
        "null",
        "3"
      })
  void is_refused_to_who_asks_for_nonsense(String wish) {
    assertThat(post("user:demo", "{\"os-getConsoleOutput\": " + wish + "}").status())
        .isEqualTo(400);
    assertThat(asked).isEmpty();
  }

  @Test
  void is_for_its_own_project() {
    assertThat(post("user:other", "{\"os-getConsoleOutput\": {}}").status()).isEqualTo(404);
    assertThat(asked).isEmpty();
  }

  @Test
  void is_a_conflict_while_the_server_is_between_hosts() {
    agent =
        _ ->
            new Asked.Answered<>(
                new AgentAnswer.Refused(
                    new Failure(ErrorCode.INSTANCE_INVALID_STATE, "It is on its way.")));
    assertThat(post("user:demo", "{\"os-getConsoleOutput\": {}}").status()).isEqualTo(409);
  }
}
