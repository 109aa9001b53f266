package main

import (
	"fmt"
	"strings"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/attachinterfaces"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/availabilityzones"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/extendedserverattributes"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/extendedstatus"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/keypairs"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/schedulerhints"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/secgroups"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/servergroups"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/serverusage"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/tags"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/volumeattach"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/servers"
)

const patience = 120

// As Terraform makes an instance with a key, a group and a start script, and two without.
func boot() {
	client := compute()
	group := got(servergroups.Create(client, servergroups.CreateOpts{
		Name: "apart", Policies: []string{"anti-affinity"},
	}).Extract())
	got(servergroups.Create(at(client, "2.64"), servergroups.CreateOpts{
		Name: "two", Policy: "anti-affinity", Rules: &servergroups.Rules{MaxServerPerHost: 2},
	}).Extract())

	wanted := servers.CreateOpts{
		Name:      "guest",
		ImageRef:  imageNamed(service("image"), "disk").ID,
		FlavorRef: flavorNamed(client, "small"),
		Networks:  "none",
		Metadata:  map[string]string{"role": "test"},
		UserData:  []byte("#!/bin/sh\n"),
	}
	made := got(servers.Create(at(client, "2.37"), schedulerhints.CreateOptsExt{
		CreateOptsBuilder: keypairs.CreateOptsExt{CreateOptsBuilder: wanted, KeyName: "imported"},
		SchedulerHints:    schedulerhints.SchedulerHints{Group: group.ID},
	}).Extract())
	say("password of chance", made.AdminPass != "")
	must(servers.WaitForStatus(client, made.ID, "ACTIVE", patience))

	// Before 2.37 nothing need be said of networks.
	wanted.Name, wanted.Networks, wanted.UserData, wanted.Min, wanted.Max = "pair", nil, nil, 2, 2
	got(servers.Create(client, wanted).Extract())
	await("a pair", func() bool {
		active := servers.ListOpts{Name: "pair", Status: "ACTIVE"}
		return len(got(servers.ExtractServers(pages(servers.List(client, active))))) == 2
	})
	say("members", len(got(servergroups.Get(client, group.ID).Extract()).Members))
}

type extended struct {
	servers.Server
	availabilityzones.ServerAvailabilityZoneExt
	extendedstatus.ServerExtendedStatusExt
	extendedserverattributes.ServerAttributesExt
	serverusage.UsageExt
}

func guest(client *gophercloud.ServiceClient) string {
	found := got(servers.ExtractServers(pages(servers.List(client, servers.ListOpts{Name: "^guest$"}))))
	if len(found) != 1 {
		stop(fmt.Sprintf("servers of name guest: %v", found))
	}
	return found[0].ID
}

func hostOf(client *gophercloud.ServiceClient, id string) string {
	var shown extended
	must(servers.Get(client, id).ExtractInto(&shown))
	return shown.Host
}

func look() {
	client := compute()
	id := guest(client)
	var shown extended
	must(servers.Get(client, id).ExtractInto(&shown))
	say("shown", fmt.Sprint(shown.Name, " ", shown.Status, " ", shown.VmState, " ", shown.PowerState, " ",
		shown.AvailabilityZone, " ", shown.KeyName, " ", shown.Metadata))
	say("host", shown.Host)
	say("hypervisor is the host", shown.Host == shown.HypervisorHostname)
	say("flavor is the one", shown.Flavor["id"] == flavorNamed(client, "small"))
	say("image is the one", shown.Image["id"] == imageNamed(service("image"), "disk").ID)
	say("times", !shown.Created.IsZero() && !shown.Updated.Before(shown.Created))
	say("launched", !shown.LaunchedAt.IsZero() && shown.TerminatedAt.IsZero())
	var newest extended
	must(servers.Get(at(client, "2.96"), id).ExtractInto(&newest))
	say("flavor of the newest version", newest.Flavor["original_name"])

	sayAll("by pages of one", names(client, servers.ListOpts{Limit: 1, AllTenants: true}))
	sayAll("by name", names(client, servers.ListOpts{Name: "pair"}))
	sayAll("by flavor", names(client, servers.ListOpts{Flavor: flavorNamed(client, "larger")}))
	sayAll("by status", names(client, servers.ListOpts{Status: "SHUTOFF"}))
	say("on its host", strings.Contains(
		strings.Join(names(client, servers.ListOpts{Host: shown.Host, AllTenants: true}), " "), "guest"))
	sayAll("changed since", names(client, servers.ListOpts{ChangesSince: "2100-01-01T00:00:00Z"}))

	say("interfaces", len(got(attachinterfaces.ExtractInterfaces(pages(attachinterfaces.List(client, id))))))
	say("volumes", len(got(volumeattach.ExtractVolumeAttachments(pages(volumeattach.List(client, id))))))
	say("addresses", len(got(servers.ExtractAddresses(pages(servers.ListAddresses(client, id))))))
	say("security groups", len(got(secgroups.ExtractSecurityGroups(pages(secgroups.ListByServer(client, id))))))
	say("console", got(servers.ShowConsoleOutput(client, id, servers.ShowConsoleOutputOpts{Length: 5}).Extract()))
}

func names(client *gophercloud.ServiceClient, filter servers.ListOpts) []string {
	names := []string{}
	for _, server := range got(servers.ExtractServers(pages(servers.List(client, filter)))) {
		names = append(names, server.Name)
	}
	return names
}

func change() {
	client := compute()
	id := guest(client)
	say("renamed", got(servers.Update(client, id, servers.UpdateOpts{Name: "renamed", AccessIPv4: "192.0.2.1"}).Extract()).Name)
	say("address", got(servers.Get(client, id).Extract()).AccessIPv4)
	got(servers.Update(client, id, servers.UpdateOpts{Name: "guest"}).Extract())

	say("replaced", got(servers.ResetMetadata(client, id, servers.MetadataOpts{"a": "1"}).Extract()))
	say("added to", got(servers.UpdateMetadata(client, id, servers.MetadataOpts{"b": "2"}).Extract()))
	say("one more", got(servers.CreateMetadatum(client, id, servers.MetadatumOpts{"c": "3"}).Extract()))
	say("one of them", got(servers.Metadatum(client, id, "b").Extract()))
	must(servers.DeleteMetadatum(client, id, "a").ExtractErr())
	say("left", got(servers.Metadata(client, id).Extract()))

	tagged := at(client, "2.26")
	say("tags", got(tags.ReplaceAll(tagged, id, tags.ReplaceAllOpts{Tags: []string{"one", "two"}}).Extract()))
	must(tags.Add(tagged, id, "three").ExtractErr())
	must(tags.Delete(tagged, id, "two").ExtractErr())
	say("has tag three", got(tags.Check(tagged, id, "three").Extract()))
	say("has tag two", got(tags.Check(tagged, id, "two").Extract()))
	sayAll("left tags", got(tags.List(tagged, id).Extract()))
	sayAll("by tags", names(tagged, servers.ListOpts{Tags: "one,three"}))
	sayAll("without tag", names(tagged, servers.ListOpts{NotTags: "one"}))
	must(tags.DeleteAll(tagged, id).ExtractErr())
}
