package dev.tern.store;

import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import java.util.UUID;
import org.springframework.boot.persistence.autoconfigure.EntityScan;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.PropertySource;
import org.springframework.orm.jpa.SharedEntityManagerCreator;
import org.springframework.transaction.annotation.EnableTransactionManagement;

/**
 * The stores, for an application to import. It gives the database by {@code spring.datasource.*}
 * and has the schema migrated first; a schema that does not fit the entities stops the start.
 */
@Configuration(proxyBeanMethods = false)
@EnableTransactionManagement
@EntityScan(basePackageClasses = StoreConfiguration.class)
@PropertySource("classpath:tern-store.properties")
public class StoreConfiguration {

  private record Parts(
      EntityManager entities, Rows rows, Requests requests, Endings endings, Claims claims) {}

  private static Parts parts(EntityManagerFactory factory) {
    EntityManager entities = SharedEntityManagerCreator.createSharedEntityManager(factory);
    Rows rows = new Rows(entities);
    return new Parts(
        entities,
        rows,
        new Requests(entities, rows, UUID::randomUUID),
        new Endings(entities, rows),
        new Claims(entities));
  }

  @Bean
  ServerStore serverStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateServerStore(
        parts.entities(),
        parts.rows(),
        parts.requests(),
        parts.endings(),
        parts.claims(),
        new Quotas(parts.entities()));
  }

  @Bean
  KeyPairStore keyPairStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateKeyPairStore(parts.entities(), parts.rows());
  }

  @Bean
  QuotaStore quotaStore(EntityManagerFactory factory) {
    EntityManager entities = parts(factory).entities();
    return new HibernateQuotaStore(entities, new Quotas(entities));
  }

  @Bean
  ServerGroupStore serverGroupStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    EntityManager entities = parts.entities();
    return new HibernateServerGroupStore(
        entities, parts.rows(), new Quotas(entities), new Groups(entities));
  }

  @Bean
  AggregateStore aggregateStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateAggregateStore(parts.entities(), parts.rows());
  }

  @Bean
  UsageStore usageStore(EntityManagerFactory factory) {
    return new HibernateUsageStore(parts(factory).entities());
  }

  @Bean
  MigrationStore migrationStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateMigrationStore(
        parts.entities(), parts.rows(), parts.requests(), parts.endings(), parts.claims());
  }

  @Bean
  ChangeStore changeStore(EntityManagerFactory factory) {
    return new HibernateChangeStore(parts(factory).entities());
  }

  @Bean
  DrainStore drainStore(
      EntityManagerFactory factory, MigrationStore migrations, ColdMigrationStore coldMigrations) {
    Parts parts = parts(factory);
    return new HibernateDrainStore(
        parts.entities(), parts.rows(), migrations, coldMigrations, UUID::randomUUID);
  }

  @Bean
  SagaStore sagaStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateSagaStore(parts.entities(), parts.rows());
  }

  @Bean
  ActionStore actionStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateActionStore(parts.entities(), parts.rows());
  }

  @Bean
  ServerEditStore serverEdits(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateServerEditStore(parts.rows(), parts.requests());
  }

  @Bean
  HostStore hostStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateHostStore(parts.entities(), parts.rows());
  }

  @Bean
  ClaimStore claimStore(EntityManagerFactory factory) {
    return new HibernateClaimStore(parts(factory).claims());
  }

  @Bean
  FlavorStore flavorStore(EntityManagerFactory factory) {
    return new HibernateFlavorStore(parts(factory).entities());
  }

  @Bean
  ImageStore imageStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateImageStore(parts.entities(), parts.rows());
  }

  @Bean
  DiskCopyStore diskCopyStore(EntityManagerFactory factory, ImageStore images) {
    Parts parts = parts(factory);
    return new HibernateDiskCopyStore(
        parts.entities(), parts.rows(), parts.requests(), parts.endings(), images);
  }

  @Bean
  VolumeStore volumeStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateVolumeStore(
        parts.entities(), parts.rows(), parts.requests(), parts.endings());
  }

  @Bean
  IdempotencyStore idempotencyStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateIdempotencyStore(parts.entities(), parts.rows());
  }

  @Bean
  DeadLetterStore deadLetterStore(EntityManagerFactory factory) {
    return new HibernateDeadLetterStore(parts(factory).entities(), UUID::randomUUID);
  }

  @Bean
  ReceiptStore receiptStore(EntityManagerFactory factory) {
    return new HibernateReceiptStore(parts(factory).entities());
  }

  @Bean
  DecisionStore decisionStore(EntityManagerFactory factory) {
    return new HibernateDecisionStore(parts(factory).entities());
  }

  @Bean
  TokenStore tokenStore(EntityManagerFactory factory) {
    return new HibernateTokenStore(parts(factory).entities());
  }

  @Bean
  FenceStore fenceStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateFenceStore(parts.entities(), parts.rows(), parts.requests());
  }

  @Bean
  EvacuationStore evacuationStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateEvacuationStore(
        parts.entities(), parts.rows(), parts.requests(), parts.endings(), parts.claims());
  }

  @Bean
  ColdMigrationStore coldMigrationStore(EntityManagerFactory factory) {
    Parts parts = parts(factory);
    return new HibernateColdMigrationStore(
        parts.entities(),
        parts.rows(),
        parts.requests(),
        parts.endings(),
        parts.claims(),
        new Quotas(parts.entities()));
  }

  @Bean
  OutboxStore outboxStore(EntityManagerFactory factory) {
    return new HibernateOutboxStore(parts(factory).entities());
  }

  @Bean
  AuditTrailStore auditTrailStore(EntityManagerFactory factory) {
    return new HibernateAuditTrailStore(parts(factory).entities());
  }

  @Bean
  ClusterFiguresStore clusterFiguresStore(EntityManagerFactory factory) {
    return new HibernateClusterFiguresStore(parts(factory).entities());
  }

  @Bean
  NotificationStore notificationStore(EntityManagerFactory factory) {
    return new HibernateNotificationStore(parts(factory).entities());
  }
}
