package dev.tern.contract.logging;

import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.tern.contract.RequestId;
import dev.tern.contract.tracing.TraceIds;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.json.JsonWriter;
import org.springframework.boot.logging.structured.StructuredLoggingJsonMembersCustomizer;

/** Adds {@code trace} to a line in JSON that says for which request it is. */
public final class TraceOfLine implements StructuredLoggingJsonMembersCustomizer<ILoggingEvent> {
  private static final String REQUEST = "request";

  @Override
  public void customize(JsonWriter.Members<ILoggingEvent> members) {
    members.add("trace", TraceOfLine::trace).whenNotNull();
  }

  private static @Nullable String trace(ILoggingEvent line) {
    Stream<String> own =
        Stream.ofNullable(line.getKeyValuePairs())
            .flatMap(pairs -> pairs.stream())
            .filter(pair -> pair.key.equals(REQUEST) && pair.value != null)
            .map(pair -> pair.value.toString());
    return Stream.concat(own, Stream.ofNullable(line.getMDCPropertyMap().get(REQUEST)))
        .map(TraceOfLine::parse)
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  private static @Nullable String parse(String request) {
    try {
      return TraceIds.trace(new RequestId(request));
    } catch (IllegalArgumentException _) {
      return null;
    }
  }
}
