package dev.tern.contract.conductor;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.UUID;

/** What is put into the conductors' work queue. */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface ConductorMessage {
  /** A saga is there to be run: new, or with news (an abort). The database says what it is. */
  record WakeSaga(UUID saga) implements ConductorMessage {}
}
