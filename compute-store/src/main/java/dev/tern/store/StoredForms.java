package dev.tern.store;

import dev.tern.contract.MigrationStatus;
import dev.tern.contract.PowerState;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.ColdMigrationStore.ColdStatus;
import dev.tern.store.EvacuationStore.EvacuationStatus;
import jakarta.persistence.AttributeConverter;
import jakarta.persistence.Converter;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** How states stand in the database: in the words and numbers that clients see. */
final class StoredForms {
  private StoredForms() {}

  private static <E extends Enum<E>, F> E find(E[] all, Function<E, F> form, F stored) {
    return Arrays.stream(all)
        .filter(each -> form.apply(each).equals(stored))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("the database holds the state " + stored));
  }

  @Converter
  static final class OfVmState implements AttributeConverter<VmState, String> {
    @Override
    public @Nullable String convertToDatabaseColumn(@Nullable VmState state) {
      return state == null ? null : state.wire();
    }

    @Override
    public @Nullable VmState convertToEntityAttribute(@Nullable String stored) {
      return stored == null ? null : find(VmState.values(), VmState::wire, stored);
    }
  }

  @Converter
  static final class OfTaskState implements AttributeConverter<TaskState, String> {
    @Override
    public @Nullable String convertToDatabaseColumn(@Nullable TaskState state) {
      return state == null ? null : state.wire();
    }

    @Override
    public @Nullable TaskState convertToEntityAttribute(@Nullable String stored) {
      return stored == null ? null : find(TaskState.values(), TaskState::wire, stored);
    }
  }

  @Converter
  static final class OfMigrationStatus implements AttributeConverter<MigrationStatus, String> {
    @Override
    public @Nullable String convertToDatabaseColumn(@Nullable MigrationStatus status) {
      return status == null ? null : status.wire();
    }

    @Override
    public @Nullable MigrationStatus convertToEntityAttribute(@Nullable String stored) {
      return stored == null ? null : find(MigrationStatus.values(), MigrationStatus::wire, stored);
    }
  }

  @Converter
  static final class OfEvacuationStatus implements AttributeConverter<EvacuationStatus, String> {
    @Override
    public @Nullable String convertToDatabaseColumn(@Nullable EvacuationStatus status) {
      return status == null ? null : status.wire();
    }

    @Override
    public @Nullable EvacuationStatus convertToEntityAttribute(@Nullable String stored) {
      return stored == null
          ? null
          : find(EvacuationStatus.values(), EvacuationStatus::wire, stored);
    }
  }

  @Converter
  static final class OfColdStatus implements AttributeConverter<ColdStatus, String> {
    @Override
    public @Nullable String convertToDatabaseColumn(@Nullable ColdStatus status) {
      return status == null ? null : status.wire();
    }

    @Override
    public @Nullable ColdStatus convertToEntityAttribute(@Nullable String stored) {
      return stored == null ? null : find(ColdStatus.values(), ColdStatus::wire, stored);
    }
  }

  @Converter
  static final class OfPowerState implements AttributeConverter<PowerState, Integer> {
    @Override
    public @Nullable Integer convertToDatabaseColumn(@Nullable PowerState state) {
      return state == null ? null : state.number();
    }

    @Override
    public @Nullable PowerState convertToEntityAttribute(@Nullable Integer stored) {
      return stored == null ? null : find(PowerState.values(), PowerState::number, stored);
    }
  }
}
