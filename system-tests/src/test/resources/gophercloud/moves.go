package main

import (
	"fmt"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/instanceactions"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/lockunlock"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/migrate"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/pauseunpause"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/startstop"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/suspendresume"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/servers"
)

func act() {
	client := compute()
	id := guest(client)
	becomes := func(status string) { must(servers.WaitForStatus(client, id, status, patience)) }
	must(startstop.Stop(client, id).ExtractErr())
	becomes("SHUTOFF")
	must(startstop.Start(client, id).ExtractErr())
	becomes("ACTIVE")
	must(servers.Reboot(client, id, servers.RebootOpts{Type: servers.HardReboot}).ExtractErr())
	becomes("ACTIVE")
	must(pauseunpause.Pause(client, id).ExtractErr())
	becomes("PAUSED")
	must(pauseunpause.Unpause(client, id).ExtractErr())
	becomes("ACTIVE")
	must(suspendresume.Suspend(client, id).ExtractErr())
	becomes("SUSPENDED")
	must(suspendresume.Resume(client, id).ExtractErr())
	becomes("ACTIVE")
	must(lockunlock.Lock(client, id).ExtractErr())
	must(lockunlock.Unlock(client, id).ExtractErr())

	recent := at(client, "2.66")
	list := instanceactions.List(recent, id, instanceactions.ListOpts{Limit: 100})
	var done []string
	for _, action := range got(instanceactions.ExtractInstanceActions(pages(list))) {
		done = append(done, action.Action)
		if action.Action == "create" {
			shown := got(instanceactions.Get(recent, id, action.RequestID).Extract())
			for _, event := range *shown.Events {
				say("event of create", event.Event+" "+event.Result)
			}
		}
	}
	sayAll("actions", done)
}

// Until it runs, wherever it is.
func settled(client *gophercloud.ServiceClient, id string, status string) string {
	var shown extended
	await(status, func() bool {
		shown = extended{}
		must(servers.Get(client, id).ExtractInto(&shown))
		if shown.Status == "ERROR" {
			stop(fmt.Sprint(shown.Fault))
		}
		return shown.Status == status && shown.TaskState == ""
	})
	return shown.Host
}

func live(host *string) migrate.LiveMigrateOpts {
	yes, no := true, false
	return migrate.LiveMigrateOpts{Host: host, BlockMigration: &yes, DiskOverCommit: &no}
}

func move() {
	client := compute()
	id := guest(client)
	home := settled(client, id, "ACTIVE")
	must(migrate.LiveMigrate(client, id, live(nil)).ExtractErr())
	away := settled(client, id, "ACTIVE")
	say("is elsewhere", away != home)
	must(migrate.LiveMigrate(client, id, live(&home)).ExtractErr())
	say("is back", settled(client, id, "ACTIVE") == home)
	nowhere := "nowhere"
	sayRefusal("to nowhere", migrate.LiveMigrate(client, id, live(&nowhere)).ExtractErr())
	sayRefusal("to where it is", migrate.LiveMigrate(client, id, live(&home)).ExtractErr())

	must(migrate.Migrate(client, id).ExtractErr())
	say("moved cold", settled(client, id, "VERIFY_RESIZE") != home)
	must(servers.RevertResize(client, id).ExtractErr())
	say("is back again", settled(client, id, "ACTIVE") == home)
}

func resize() {
	client := compute()
	id := guest(client)
	larger := flavorNamed(client, "larger")
	must(servers.Resize(client, id, servers.ResizeOpts{FlavorRef: larger}).ExtractErr())
	settled(client, id, "VERIFY_RESIZE")
	must(servers.ConfirmResize(client, id).ExtractErr())
	settled(client, id, "ACTIVE")
	say("larger", got(servers.Get(client, id).Extract()).Flavor["id"] == larger)
	sayRefusal("confirmed again", servers.ConfirmResize(client, id).ExtractErr())
}
