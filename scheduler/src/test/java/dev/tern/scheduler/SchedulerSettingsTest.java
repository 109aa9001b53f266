package dev.tern.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.Setting;
import dev.tern.contract.settings.UnknownSettings;
import dev.tern.scheduler.filter.HostFilter;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.scheduler.weigher.HostWeigher;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

@DisplayName("The scheduler's settings")
class SchedulerSettingsTest {
  private final ApplicationContextRunner runner =
      new ApplicationContextRunner().withUserConfiguration(OnlySettings.class);

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(SchedulerSettings.class)
  @Import(UnknownSettings.class)
  static class OnlySettings {}

  @Test
  void promise_no_memory_twice_unless_told() {
    runner.run(context ->
        assertThat(context.getBean(SchedulerSettings.class).ratios())
            .isEqualTo(new Ratios(1.0, 512, 16.0, 1.0)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "memory-ratio=0",
        "memory-ratio=NaN",
        "memory-ratio=many",
        "vcpu-ratio=-1",
        "disk-ratio=1000",
        "reserved-memory-mib=-1",
        "questions-at-once=0",
        "named-hosts=0",
        "service-down-after=0s",
        "name=../x",
        "filters=RamFilter",
        "filters=",
        "weights.ram=much",
        "weights.rom=1",
        "refresh-hosts=0s",
        "memory-ration=2"
      })
  void stop_the_start_when_one_is_wrong_or_unknown(String setting) {
    runner
        .withPropertyValues("tern.scheduler." + setting)
        .run(context ->
            assertThatThrownBy(() -> context.getBean(SchedulerSettings.class).choosing())
                .isInstanceOf(RuntimeException.class));
  }

  @Test
  void each_say_what_they_are_for() {
    assertThat(Arrays.stream(SchedulerSettings.class.getRecordComponents()))
        .allMatch((RecordComponent setting) ->
            setting.getType().isRecord() || setting.isAnnotationPresent(Setting.class));
  }

  @Test
  void are_the_standard_unless_told() {
    runner.run(context ->
        assertThat(context.getBean(SchedulerSettings.class).choosing())
            .isEqualTo(Scheduler.Choosing.STANDARD));
  }

  @Test
  void leave_filters_out_and_say_their_order() {
    List<String> all = new ArrayList<>(HostFilter.all().stream().map(HostFilter::name).toList());
    all.remove("AvailabilityZoneFilter");
    Collections.reverse(all);
    assertThat(HostFilter.named(all)).extracting(HostFilter::name).isEqualTo(all);
    all.remove("ComputeFilter");
    assertThatThrownBy(() -> HostFilter.named(all)).hasMessageContaining("ComputeFilter may not");
    assertThatThrownBy(() -> HostFilter.named(List.of("NUMAFilter")))
        .hasMessageContaining("There is no filter NUMAFilter");
  }

  @Test
  void may_make_hosts_be_packed() {
    runner
        .withPropertyValues("tern.scheduler.weights.ram=-1")
        .run(context ->
            assertThat(context.getBean(SchedulerSettings.class).choosing().weighers())
                .filteredOn(weighted -> weighted.weigher().name().equals("RAMWeigher"))
                .extracting(HostWeigher.Weighted::multiplier)
                .containsExactly(-1.0));
  }
}
