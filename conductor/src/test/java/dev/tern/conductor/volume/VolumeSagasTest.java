package dev.tern.conductor.volume;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.VolumeCloud;
import dev.tern.conductor.fake.VolumeCloud.Fault;
import dev.tern.store.VolumeStore.VolumeRecord;
import dev.tern.store.VolumeStore.VolumeStatus;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A volume")
class VolumeSagasTest {
  private final VolumeCloud cloud = new VolumeCloud();

  @ParameterizedTest
  @EnumSource
  @Tag("S34")
  void is_attached_whatever_happens_on_the_way_or_is_nobodys(Fault fault) throws Exception {
    VolumeRecord volume = cloud.attach(fault);
    boolean attached = fault != Fault.REFUSED;
    assertThat(cloud.plugged).isEqualTo(attached);
    assertThat(volume.status()).isEqualTo(attached ? VolumeStatus.ATTACHED : VolumeStatus.FAILED);
    assertThat(volume.bytes().isPresent()).isEqualTo(attached);
    assertThat(volume.failure().isPresent()).isEqualTo(!attached);
    assertThat(cloud.server().task()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  @Tag("S35")
  void is_detached_whatever_happens_on_the_way_or_stays(Fault fault) throws Exception {
    VolumeRecord _ = cloud.attach(Fault.NONE);
    VolumeRecord volume = cloud.detach(fault);
    boolean detached = fault != Fault.REFUSED;
    assertThat(cloud.plugged).isEqualTo(!detached);
    assertThat(volume.status()).isEqualTo(detached ? VolumeStatus.DETACHED : VolumeStatus.ATTACHED);
    assertThat(volume.failure().isPresent()).isEqualTo(!detached);
    assertThat(cloud.server().task()).isEmpty();
  }
}
