package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;

/** A guest does not move to where it is. */
record NotTheSource() implements HostFilter {
  @Override
  public Optional<Failure> refusal(HostRecord host, SelectHost request) {
    return request
        .source()
        .filter(host.report().host()::equals)
        .map(source ->
            new Failure(
                ErrorCode.UNABLE_TO_MIGRATE_TO_SELF,
                "Unable to migrate instance (%s) to current host (%s)."
                    .formatted(request.server(), source)));
  }
}
