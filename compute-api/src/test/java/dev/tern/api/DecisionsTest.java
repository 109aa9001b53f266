package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.Decision.Count;
import dev.tern.contract.scheduler.Decision.Hint;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.contract.scheduler.Decision.Score;
import dev.tern.contract.scheduler.Decision.Verdict;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("/v1/decisions")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DecisionsTest {
  private static final RequestId REQUEST = RequestId.of(new UUID(3, 3));
  private static final ServerId SERVER = new ServerId(new UUID(4, 4));

  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
  }

  @BeforeEach
  void keepOne() {
    api.reset();
    HostName two = new HostName("host-2");
    HostName three = new HostName("host-3");
    Failure lacks = new Failure(ErrorCode.DESTINATION_LACKS_MEMORY, "too little");
    api.stores
        .decisions()
        .keep(
            REQUEST,
            new ClaimId(new UUID(5, 5)),
            new Decision(
                SERVER,
                Optional.of(two),
                Optional.empty(),
                2,
                1,
                List.of(
                    new Verdict(two, List.of(), List.of(new Score("RAMWeigher", 512, 1)), 1),
                    new Verdict(
                        three,
                        List.of(
                            new Refusal(
                                "RamFilter",
                                lacks,
                                "1024 MiB",
                                "512 MiB",
                                Optional.of("512 MiB of memory are freed"))),
                        List.of(),
                        0)),
                List.of(new Count("RamFilter", 1)),
                List.of(new Hint(three, "host-3 fits if 512 MiB of memory are freed"))),
            10,
            Duration.ofDays(1));
  }

  @AfterAll
  void stop() {
    api.close();
  }

  private static void assertWhole(JsonNode decision) {
    assertThat(decision.at("/server").stringValue()).isEqualTo(SERVER.toString());
    assertThat(decision.at("/request_id").stringValue()).isEqualTo(REQUEST.value());
    assertThat(decision.at("/host").stringValue()).isEqualTo("host-2");
    assertThat(decision.at("/looked").intValue()).isEqualTo(2);
    assertThat(decision.at("/hosts/0/scores/0/weigher").stringValue()).isEqualTo("RAMWeigher");
    assertThat(decision.at("/hosts/1/passed").booleanValue()).isFalse();
    assertThat(decision.at("/hosts/1/refusals/0/needed").stringValue()).isEqualTo("1024 MiB");
    assertThat(decision.at("/hosts/1/refusals/0/fits_if").stringValue())
        .isEqualTo("512 MiB of memory are freed");
    assertThat(decision.at("/refused_by/0/hosts").intValue()).isOne();
    assertThat(decision.at("/would_fit/0/text").stringValue()).contains("512 MiB");
  }

  @Test
  void shows_why_by_the_request_and_by_the_server() {
    assertWhole(api.to("/v1/decisions/" + REQUEST).get().json().at("/decisions/0"));
    assertWhole(
        api.to("/v1/servers/%s/decisions".formatted(SERVER)).get().json().at("/decisions/0"));
  }

  @Test
  void is_not_for_tenants_and_knows_what_is_not_there() {
    assertThat(api.to("/v1/decisions/" + REQUEST).as("u:demo").get().status()).isEqualTo(403);
    assertThat(api.to("/v1/servers/%s/decisions".formatted(SERVER)).as("u:demo").get().status())
        .isEqualTo(403);
    for (String none : List.of(RequestId.of(new UUID(9, 9)).value(), "nonsense")) {
      assertThat(api.to("/v1/decisions/" + none).get().status()).isEqualTo(404);
    }
    assertThat(api.to("/v1/servers/x/decisions").get().status()).isEqualTo(404);
  }
}
