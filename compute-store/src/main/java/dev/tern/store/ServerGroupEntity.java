package dev.tern.store;

import dev.tern.store.ServerGroupStore.NewGroup;
import dev.tern.store.ServerGroupStore.Policy;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "server_groups")
class ServerGroupEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  UUID id = new UUID(0, 0);

  @Column(name = "project_id")
  String project = "";

  @Column(name = "user_id")
  String user = "";

  String name = "";
  String policy = "";

  @Column(name = "max_per_host")
  @Nullable Integer mostPerHost;

  @Column(name = "created_at")
  Instant createdAt = Instant.EPOCH;

  static ServerGroupEntity of(NewGroup group, Instant now) {
    ServerGroupEntity entity = new ServerGroupEntity();
    entity.id = group.id();
    entity.project = group.project();
    entity.user = group.user();
    entity.name = group.name();
    entity.policy = group.policy().wire();
    entity.mostPerHost = group.mostPerHost().orElse(null);
    entity.createdAt = now;
    return entity;
  }

  Policy policy() {
    return Policy.parse(policy).orElseThrow();
  }

  int mostPerHost() {
    return mostPerHost == null ? 1 : mostPerHost;
  }

  NewGroup toGroup() {
    return new NewGroup(id, project, user, name, policy(), Optional.ofNullable(mostPerHost));
  }
}
