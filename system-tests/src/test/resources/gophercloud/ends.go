package main

import (
	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/keypairs"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/servergroups"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/flavors"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/servers"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/images"
)

func takeAway() {
	client := compute()
	store := service("image")
	id := guest(client)
	picture := got(servers.CreateImage(client, id, servers.CreateImageOpts{Name: "picture"}).ExtractImageID())
	await("a picture", func() bool { return got(images.Get(store, picture).Extract()).Status == images.ImageStatusActive })
	settled(client, id, "ACTIVE")

	for _, server := range got(servers.ExtractServers(pages(servers.List(client, nil)))) {
		must(servers.Delete(client, server.ID).ExtractErr())
	}
	await("nothing", func() bool {
		_, err := servers.Get(client, id).Extract()
		_, gone := err.(gophercloud.ErrDefault404)
		return gone && len(names(client, servers.ListOpts{})) == 0
	})
	for _, group := range got(servergroups.ExtractServerGroups(pages(servergroups.List(client)))) {
		must(servergroups.Delete(client, group.ID).ExtractErr())
	}
	for _, key := range keyNames(client) {
		must(keypairs.Delete(client, key).ExtractErr())
	}
	for _, name := range []string{"small", "larger"} {
		must(flavors.Delete(client, flavorNamed(client, name)).ExtractErr())
	}
	for _, image := range got(images.ExtractImages(pages(images.List(store, nil)))) {
		must(images.Delete(store, image.ID).ExtractErr())
	}
	sayAll("keys", keyNames(client))
	say("images", len(got(images.ExtractImages(pages(images.List(store, nil))))))
}
