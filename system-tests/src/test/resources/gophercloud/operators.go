package main

import (
	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/common/extensions"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/aggregates"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/availabilityzones"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/evacuate"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/hypervisors"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/limits"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/lockunlock"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/migrate"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/quotasets"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/resetstate"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/servergroups"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/services"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/usage"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/servers"
	"github.com/gophercloud/gophercloud/pagination"
)

func operators() {
	client := compute()
	hosts(client)
	sides(client)
	quotas(client)
	var groups []string
	for _, group := range got(servergroups.ExtractServerGroups(pages(servergroups.List(at(client, "2.64"))))) {
		groups = append(groups, group.Name+" "+*group.Policy)
	}
	sayAll("groups", groups)
	say("extensions", len(got(extensions.ExtractExtensions(pages(extensions.List(client))))) > 0)
}

func hosts(client *gophercloud.ServiceClient) {
	var names []string
	for _, host := range got(hypervisors.ExtractHypervisors(pages(hypervisors.List(client)))) {
		names = append(names, host.HypervisorHostname+" "+host.HypervisorType+" "+host.State+" "+host.Status)
	}
	sayAll("hypervisors", names)
	// From 2.53 on its id is another.
	for _, version := range []string{"", "2.53", "2.87"} {
		versed := at(client, version)
		first := got(hypervisors.ExtractHypervisors(pages(hypervisors.List(versed))))[0]
		say("hypervisor"+version, got(hypervisors.Get(versed, first.ID).Extract()).ID == first.ID)
		say("uptime"+version, got(hypervisors.GetUptime(versed, first.ID).Extract()).HypervisorHostname == first.HypervisorHostname)
	}
	statistics := got(hypervisors.GetStatistics(client).Extract())
	say("count", statistics.Count)
	say("running", statistics.RunningVMs)

	recent := at(client, "2.53")
	filter := services.ListOpts{Binary: "nova-compute", Host: "host-1"}
	one := got(services.ExtractServices(pages(services.List(recent, filter))))[0]
	say("service", one.Binary+" "+one.Host+" "+one.State+" "+one.Status+" "+one.Zone)
	disabled := services.UpdateOpts{Status: services.ServiceDisabled, DisabledReason: "works"}
	changed := got(services.Update(recent, one.ID, disabled).Extract())
	say("disabled", changed.Status+" "+changed.DisabledReason)
	say("enabled", got(services.Update(recent, one.ID, services.UpdateOpts{Status: services.ServiceEnabled}).Extract()).Status)
	say("services", len(got(services.ExtractServices(pages(services.List(client, nil))))))
}

func sides(client *gophercloud.ServiceClient) {
	side := got(aggregates.Create(client, aggregates.CreateOpts{Name: "side"}).Extract())
	got(aggregates.AddHost(client, side.ID, aggregates.AddHostOpts{Host: "host-2"}).Extract())
	metadata := map[string]interface{}{"kind": "test"}
	got(aggregates.SetMetadata(client, side.ID, aggregates.SetMetadataOpts{Metadata: metadata}).Extract())
	got(aggregates.Update(client, side.ID, aggregates.UpdateOpts{Name: "other side"}).Extract())
	for _, listed := range got(aggregates.ExtractAggregates(pages(aggregates.List(client)))) {
		say("aggregate", []interface{}{listed.Name, listed.Hosts, listed.Metadata})
	}
	var zones []string
	for _, zone := range got(availabilityzones.ExtractAvailabilityZones(pages(availabilityzones.ListDetail(client)))) {
		zones = append(zones, zone.ZoneName)
		for host, services := range zone.Hosts {
			if service, computes := services["nova-compute"]; computes && host == "host-2" {
				say("host-2 is in "+zone.ZoneName, service.Available && service.Active)
			}
		}
	}
	sayAll("zones", zones)
	say("zones for all", len(got(availabilityzones.ExtractAvailabilityZones(pages(availabilityzones.List(client))))))
	got(aggregates.RemoveHost(client, side.ID, aggregates.RemoveHostOpts{Host: "host-2"}).Extract())
	must(aggregates.Delete(client, side.ID).ExtractErr())
}

func quotas(client *gophercloud.ServiceClient) {
	seven := 7
	say("quota", got(quotasets.Update(client, "admin", quotasets.UpdateOpts{Instances: &seven}).Extract()).Instances)
	say("quota shown", got(quotasets.Get(client, "admin").Extract()).Instances)
	detail := got(quotasets.GetDetail(client, "admin").Extract()).Instances
	say("quota in use", []int{detail.InUse, detail.Limit})
	absolute := got(limits.Get(client, limits.GetOpts{TenantID: "admin"}).Extract()).Absolute
	say("limit", []int{absolute.TotalInstancesUsed, absolute.MaxTotalInstances})
	must(quotasets.Delete(client, "admin").Err)
	say("quota forgotten", got(quotasets.Get(client, "admin").Extract()).Instances)
	// AllPages of this version joins lists alone, and this is none.
	must(usage.SingleTenant(client, "admin", nil).EachPage(func(page pagination.Page) (bool, error) {
		one, err := usage.ExtractSingleTenant(page)
		say("usage", len(one.ServerUsages))
		return true, err
	}))
	all := got(usage.ExtractAllTenants(pages(usage.AllTenants(client, usage.AllTenantsOpts{Detailed: true}))))
	say("usage of all", all[0].TenantID)
}

func refusals() {
	client := compute()
	id := guest(client)
	_, err := servers.Get(client, "99999999-9999-4999-8999-999999999999").Extract()
	_, missing := err.(gophercloud.ErrDefault404)
	say("missing server", missing)
	_, err = servers.Create(client, servers.CreateOpts{
		Name: "none", FlavorRef: "none", ImageRef: imageNamed(service("image"), "disk").ID,
	}).Extract()
	sayRefusal("unknown flavor", err)
	_, err = servers.List(at(client, "2.999"), nil).AllPages()
	say("unknown version", err)
	sayRefusal("nothing to confirm", servers.ConfirmResize(client, id).ExtractErr())
	_, err = evacuate.Evacuate(client, id, evacuate.EvacuateOpts{}).ExtractAdminPass()
	sayRefusal("a host in use", err)
	must(lockunlock.Lock(client, id).ExtractErr())
	// Nova's rule lets an administrator act on what is locked.
	must(resetstate.ResetState(client, id, resetstate.StateActive).ExtractErr())
	must(lockunlock.Unlock(client, id).ExtractErr())
	var incomplete migrate.LiveMigrateOpts
	sayRefusal("half of a live migration", migrate.LiveMigrate(client, id, incomplete).ExtractErr())
}
