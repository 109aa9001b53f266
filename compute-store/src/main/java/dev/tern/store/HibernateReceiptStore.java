package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.host.HostAnswer.Receipt;
import jakarta.persistence.EntityManager;
import java.util.List;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateReceiptStore implements ReceiptStore {
  private final EntityManager entities;

  HibernateReceiptStore(EntityManager entities) {
    this.entities = entities;
  }

  @Override
  public void keep(MigrationId migration, HostName host, Receipt receipt) {
    int _ =
        entities
            .createNativeQuery(
                "insert into receipts (migration_id, host, revision, settled, content, told_at)"
                    + " select m.uuid, :host, :revision, :settled, :content, now()"
                    + " from migrations m where m.uuid = :migration"
                    + " on conflict (migration_id, host) do update"
                    + " set revision = excluded.revision, settled = excluded.settled,"
                    + " content = excluded.content, told_at = excluded.told_at"
                    + " where receipts.revision <= excluded.revision")
            .setParameter("migration", migration.value())
            .setParameter("host", host.value())
            .setParameter("revision", receipt.revision())
            .setParameter("settled", receipt.settled())
            .setParameter("content", Json.of(receipt))
            .executeUpdate();
  }

  @Override
  @Transactional(readOnly = true)
  public List<HostReceipt> of(MigrationId migration) {
    return entities
        .createQuery(
            "from ReceiptEntity r where r.migration = :migration order by r.host",
            ReceiptEntity.class)
        .setParameter("migration", migration.value())
        .getResultList()
        .stream()
        .map(ReceiptEntity::toRecord)
        .toList();
  }
}
